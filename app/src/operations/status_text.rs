//! How an operation stands, in words; and when silence is worth a word.

use crate::format::duration::in_words;
use domain::states::OperationState;
use views::operations::OperationSummary;

/// A worker that is not heard of for longer than this is said to be silent, seconds.
pub const SILENT_AFTER_SECONDS: i64 = 30;

/// Seconds from being asked for until its end, or until `now`.
pub fn elapsed(operation: &OperationSummary, now: Option<i64>) -> i64 {
    let until = operation.finished_at.or(now).unwrap_or(operation.read_at);
    (until - operation.created_at).max(0)
}

/// What to say when the worker has not been heard of for too long.
pub fn silence(operation: &OperationSummary, now: Option<i64>) -> Option<String> {
    if operation.state.is_final() {
        return None;
    }
    let since_read = now.map_or(0, |now| (now - operation.read_at).max(0));
    let silent = operation.silent_seconds? + since_read;
    (silent > SILENT_AFTER_SECONDS).then(|| {
        format!(
            "No news from the worker for {}. Another one takes over as soon as it is sure.",
            in_words(silent)
        )
    })
}

/// What is to be known of it now, in one line: that somebody must look, that nothing is heard, or
/// what is being done.
pub fn news(operation: &OperationSummary, now: Option<i64>) -> String {
    if operation.state == OperationState::Stuck {
        return sentence(operation).to_owned();
    }
    silence(operation, now).unwrap_or_else(|| doing(operation))
}

/// What is under way, in one line.
pub fn doing(operation: &OperationSummary) -> String {
    match (operation.phase.as_str(), operation.detail.as_str()) {
        ("", "") => operation.state.label().to_owned(),
        (phase, "") => phase.to_owned(),
        ("", detail) => detail.to_owned(),
        (phase, detail) => format!("{phase} · {detail}"),
    }
}

/// What a person needs to know of how it stands.
pub fn sentence(operation: &OperationSummary) -> &'static str {
    use domain::states::OperationState::{
        Cancelled, Cancelling, Failed, Queued, Running, Stuck, Succeeded, Unwinding, Waiting,
    };
    match operation.state {
        Queued => "Waits for a worker. You can leave this page.",
        Running => "Goes on by itself, also when you leave this page.",
        Waiting => "Waits, and goes on by itself. Meanwhile it takes up nothing.",
        Cancelling => "Asked to stop. The step under way is finished or given up first.",
        Unwinding => "What was made is being taken back.",
        Succeeded => "Everything is done.",
        Failed => "It failed, and what it had made was taken back.",
        Cancelled => "It was cancelled, and what it had made was taken back.",
        Stuck => {
            "It failed, and not everything could be taken back. Nothing else starts here until that is done: try again."
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn running() -> OperationSummary {
        OperationSummary {
            id: "00000000-0000-0000-0000-00000000000c"
                .parse()
                .expect("an id"),
            title: "Create Shop".to_owned(),
            state: OperationState::Running,
            phase: "Databases and roles".to_owned(),
            percent: 40,
            detail: String::new(),
            error: None,
            started_by: "Ada".to_owned(),
            created_at: 1_000,
            finished_at: None,
            read_at: 1_010,
            silent_seconds: Some(2),
        }
    }

    #[test]
    fn elapsed_ends_with_the_operation() {
        assert_eq!(elapsed(&running(), None), 10);
        assert_eq!(elapsed(&running(), Some(1_015)), 15);
        let done = OperationSummary {
            finished_at: Some(1_004),
            ..running()
        };
        assert_eq!(elapsed(&done, Some(9_999)), 4);
    }

    #[test]
    fn silence_is_told_after_half_a_minute_and_never_of_what_has_ended() {
        assert_eq!(silence(&running(), None), None);
        assert_eq!(silence(&running(), Some(1_038)), None);
        assert!(silence(&running(), Some(1_039)).is_some_and(|words| words.contains("31 s")));
        let done = OperationSummary {
            state: OperationState::Succeeded,
            ..running()
        };
        assert_eq!(silence(&done, Some(9_999)), None);
        let never_begun = OperationSummary {
            silent_seconds: None,
            ..running()
        };
        assert_eq!(silence(&never_begun, Some(9_999)), None);
    }

    #[test]
    fn one_line_says_what_is_being_done() {
        assert_eq!(doing(&running()), "Databases and roles");
        let detailed = OperationSummary {
            detail: "2 of 3".to_owned(),
            ..running()
        };
        assert_eq!(doing(&detailed), "Databases and roles · 2 of 3");
        let bare = OperationSummary {
            phase: String::new(),
            ..running()
        };
        assert_eq!(doing(&bare), "Running");
    }

    #[test]
    fn a_stuck_operation_is_not_said_to_go_on() {
        let stuck = OperationSummary {
            state: OperationState::Stuck,
            ..running()
        };
        assert!(news(&stuck, Some(9_999)).contains("try again"));
        assert_eq!(news(&running(), None), doing(&running()));
    }
}
