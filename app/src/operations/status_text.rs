//! How an operation stands, in words; and when silence is worth a word.

use super::api::OperationSummary;
use crate::format::duration::in_words;
use domain::states::OperationState;

/// A worker that is not heard of for longer than this is said to be silent, seconds.
pub const SILENT_AFTER_SECONDS: i64 = 30;

impl OperationSummary {
    /// Seconds from being asked for until its end, or until `now`.
    pub fn elapsed(&self, now: Option<i64>) -> i64 {
        let until = self.finished_at.or(now).unwrap_or(self.read_at);
        (until - self.created_at).max(0)
    }

    /// What to say when the worker has not been heard of for too long.
    pub fn silence(&self, now: Option<i64>) -> Option<String> {
        if self.state.is_final() {
            return None;
        }
        let since_read = now.map_or(0, |now| (now - self.read_at).max(0));
        let silent = self.silent_seconds? + since_read;
        (silent > SILENT_AFTER_SECONDS).then(|| {
            format!(
                "No news from the worker for {}. Another one takes over as soon as it is sure.",
                in_words(silent)
            )
        })
    }

    /// What is to be known of it now, in one line: that somebody must look, that nothing is heard, or
    /// what is being done.
    pub fn news(&self, now: Option<i64>) -> String {
        if self.state == OperationState::Stuck {
            return self.sentence().to_owned();
        }
        self.silence(now).unwrap_or_else(|| self.doing())
    }

    /// What is under way, in one line.
    pub fn doing(&self) -> String {
        match (self.phase.as_str(), self.detail.as_str()) {
            ("", "") => self.state.label().to_owned(),
            (phase, "") => phase.to_owned(),
            ("", detail) => detail.to_owned(),
            (phase, detail) => format!("{phase} · {detail}"),
        }
    }

    /// What a person needs to know of how it stands.
    pub fn sentence(&self) -> &'static str {
        use domain::states::OperationState::{
            Cancelled, Cancelling, Failed, Queued, Running, Stuck, Succeeded, Unwinding,
        };
        match self.state {
            Queued => "Waits for a worker. You can leave this page.",
            Running => "Goes on by itself, also when you leave this page.",
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
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn running() -> OperationSummary {
        OperationSummary {
            id: "0c".to_owned(),
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
        assert_eq!(running().elapsed(None), 10);
        assert_eq!(running().elapsed(Some(1_015)), 15);
        let done = OperationSummary {
            finished_at: Some(1_004),
            ..running()
        };
        assert_eq!(done.elapsed(Some(9_999)), 4);
    }

    #[test]
    fn silence_is_told_after_half_a_minute_and_never_of_what_has_ended() {
        assert_eq!(running().silence(None), None);
        assert_eq!(running().silence(Some(1_038)), None);
        assert!(
            running()
                .silence(Some(1_039))
                .is_some_and(|words| words.contains("31 s"))
        );
        let done = OperationSummary {
            state: OperationState::Succeeded,
            ..running()
        };
        assert_eq!(done.silence(Some(9_999)), None);
        let never_begun = OperationSummary {
            silent_seconds: None,
            ..running()
        };
        assert_eq!(never_begun.silence(Some(9_999)), None);
    }

    #[test]
    fn one_line_says_what_is_being_done() {
        assert_eq!(running().doing(), "Databases and roles");
        let detailed = OperationSummary {
            detail: "2 of 3".to_owned(),
            ..running()
        };
        assert_eq!(detailed.doing(), "Databases and roles · 2 of 3");
        let bare = OperationSummary {
            phase: String::new(),
            ..running()
        };
        assert_eq!(bare.doing(), "Running");
    }

    #[test]
    fn a_stuck_operation_is_not_said_to_go_on() {
        let stuck = OperationSummary {
            state: OperationState::Stuck,
            ..running()
        };
        assert!(stuck.news(Some(9_999)).contains("try again"));
        assert_eq!(running().news(None), running().doing());
    }
}
