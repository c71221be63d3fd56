//! What tenants' programs say, made plain and given an end where it comes in: it is kept, logged and shown in many
//! places, and answered to a portal that waits for what all workloads say.

use crate::record::{Crashes, Failure, WorkloadRecord};
use engine::observation::{Observation, Rollout};
use engine::text::plain_within;

/// The longest reason, detail or message, in characters.
const LONGEST_REASON: usize = 1_000;
/// The longest line of a log, in characters.
const LONGEST_LINE: usize = 2_000;
/// The most of a log that goes with a failure, bytes.
const LARGEST_LOG: usize = 16 << 10;
/// A reason that gave way to others', in characters.
const SHORT: usize = 120;

/// Why something is as it is, for a sentence.
pub fn reason(text: &str) -> String {
    plain_within(text, LONGEST_REASON)
}

/// One line of a log.
pub fn line(text: &str) -> String {
    plain_within(text, LONGEST_LINE)
}

/// The end of a line that has none, where it is longer than a line may be: what was said last.
pub fn end_of_line(text: &str) -> String {
    let surplus = text.chars().count().saturating_sub(LONGEST_LINE - 1);
    match text.char_indices().nth(surplus) {
        Some((at, _)) if surplus > 0 => line(&format!("…{}", &text[at..])),
        _ => line(text),
    }
}

/// The last lines of a log, as many as go with a failure.
pub fn log(lines: Vec<String>) -> Vec<String> {
    newest_within(lines, LARGEST_LOG)
}

/// The last of `lines` that are not longer than `bytes` together.
pub fn newest_within(mut lines: Vec<String>, bytes: usize) -> Vec<String> {
    let mut room = bytes;
    let fits = |line: &&String| {
        let left = room.checked_sub(line.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept = lines.iter().rev().take_while(fits).count();
    lines.split_off(lines.len() - kept)
}

/// A record's texts as this cell would have written them; an older one took them as they came.
pub fn cut_record(record: &mut WorkloadRecord) {
    if let Some(Failure { reason: why, log }) = &mut record.failed {
        *why = reason(why);
        *log = self::log(log.iter().map(|text| line(text)).collect());
    }
    let crashes = record.crashes.values_mut();
    for Crashes { last, .. } in crashes {
        if let Some(last) = last {
            last.reason = reason(&last.reason);
        }
    }
}

/// What is seen of all workloads, with `bytes` of text at most: each has the same share, and what is longer loses
/// its log lines first, then the ends of its sentences.
pub fn share_out(observations: &mut [Observation], bytes: usize) {
    let share = bytes / observations.len().max(1);
    for observation in observations {
        if texts(observation) > share
            && let Rollout::Failed { log, .. } = &mut observation.rollout
        {
            log.clear();
        }
        if texts(observation) > share {
            shorten(observation);
        }
    }
}

fn texts(observation: &Observation) -> usize {
    let rollout = match &observation.rollout {
        Rollout::Failed { reason, log } => {
            reason.len() + log.iter().map(String::len).sum::<usize>()
        }
        Rollout::Rolling { doing, .. } => doing.len(),
        Rollout::Converged => 0,
    };
    let instances = observation.instances.iter().map(|instance| {
        let crash = instance.last_crash.as_ref();
        instance.detail.len() + crash.map_or(0, |crash| crash.reason.len())
    });
    rollout + instances.sum::<usize>()
}

fn shorten(observation: &mut Observation) {
    if let Rollout::Failed { reason, .. } = &mut observation.rollout {
        *reason = plain_within(reason, SHORT);
    }
    for instance in &mut observation.instances {
        instance.detail = plain_within(&instance.detail, SHORT);
        if let Some(crash) = &mut instance.last_crash {
            crash.reason = plain_within(&crash.reason, SHORT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{log, newest_within, reason, share_out};
    use domain::ids::EnvironmentId;
    use engine::observation::{Observation, Rollout};
    use time::OffsetDateTime;
    use uuid::Uuid;

    #[test]
    fn a_text_without_end_has_one_and_a_log_keeps_its_newest_lines() {
        assert_eq!(
            reason(&"é\0".repeat(1 << 20)).chars().count(),
            super::LONGEST_REASON
        );
        let lines: Vec<String> = (0..30)
            .map(|n| format!("{n}{}", "x".repeat(1_998)))
            .collect();
        let kept = log(lines.clone());
        assert_eq!(kept, lines[22..]);
        assert!(newest_within(lines, 7).is_empty());
    }

    #[test]
    fn one_workload_with_much_to_say_leaves_the_others_their_share() {
        let observation = |text: &str| Observation {
            id: EnvironmentId::new(Uuid::nil()),
            revision: 1,
            instances: Vec::new(),
            rollout: Rollout::Failed {
                reason: text.to_owned(),
                log: vec![text.to_owned()],
            },
            observed_at: OffsetDateTime::UNIX_EPOCH,
        };
        let long = "x".repeat(1_000);
        let mut all = [
            observation("short"),
            observation(&long),
            observation("short"),
        ];
        share_out(&mut all, 900);
        assert_eq!(all[0], observation("short"));
        let Rollout::Failed { reason, log } = &all[1].rollout else {
            panic!("failed")
        };
        assert_eq!((reason.len(), log.len()), (super::SHORT, 0));
    }
}
