//! How people are told what an environment takes of disks.

use crate::db::events::OwnEvent;
use crate::model::usage::Why;
use domain::disk::{Level, words};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Files,
    Database,
}

impl Of {
    const fn subject(self) -> &'static str {
        match self {
            Self::Files => "Its files",
            Self::Database => "Its database",
        }
    }

    const fn takes(self) -> &'static str {
        match self {
            Self::Files => "take",
            Self::Database => "takes",
        }
    }

    const fn pronoun_takes(self) -> &'static str {
        match self {
            Self::Files => "they take",
            Self::Database => "it takes",
        }
    }

    const fn is(self) -> &'static str {
        match self {
            Self::Files => "are",
            Self::Database => "is",
        }
    }

    /// What happens beyond the margin.
    const fn consequence(self) -> &'static str {
        match self {
            Self::Files => "they may grow no further",
            Self::Database => "it takes no connections",
        }
    }

    /// What is so once it is held, and the way out.
    const fn held(self) -> &'static str {
        match self {
            Self::Files => {
                "and may grow no further; deleting works. Delete files, or ask for a larger plan."
            }
            Self::Database => {
                "and takes no connections any more. Start or restart the environment to have it open for an hour, and delete data; or ask for a larger plan."
            }
        }
    }
}

/// What is told when the level becomes another one; nothing where the alarm only ends in a warning.
pub(super) fn crossing(
    of: Of,
    before: Level,
    now: Level,
    used: u64,
    allowed: u64,
    plan: &str,
) -> Option<OwnEvent> {
    if before == now {
        return None;
    }
    let (subject, takes) = (of.subject(), of.takes());
    let sum = format!(
        "{subject} {takes} {} of the {} that plan {plan} allows",
        words(used),
        words(allowed)
    );
    let event = |kind, message| Some(OwnEvent { kind, message });
    match now {
        Level::Fine => event(
            "disk_fine",
            format!(
                "{subject} {} well within the plan again: {} {} of the {} that plan {plan} allows.",
                of.is(),
                of.pronoun_takes(),
                words(used),
                words(allowed)
            ),
        ),
        Level::Near if before == Level::Fine => event("disk_near", format!("{sum}.")),
        Level::Near => event(
            "disk_fine",
            format!("{subject} {} within the plan again.", of.is()),
        ),
        Level::Over if before < Level::Over => event(
            "disk_over",
            format!(
                "{sum}. Above {} {}: delete some, or ask for a larger plan.",
                words(allowed.saturating_add(allowed / 10)),
                of.consequence()
            ),
        ),
        Level::Over => None,
        Level::Held => event("disk_held", format!("{sum}, {}", of.held())),
    }
}

/// What is told when the reserve of the disk ends somebody's growth.
pub(super) fn reserve_held(of: Of) -> OwnEvent {
    OwnEvent {
        kind: "disk_held",
        message: format!(
            "The region's disk is nearly full, and {} grew most: {} until an operator has made room.",
            of.subject().to_lowercase(),
            of.consequence()
        ),
    }
}

/// What is told when a database is closed.
pub(super) fn closed(why: Why) -> OwnEvent {
    OwnEvent {
        kind: "disk_held",
        message: held(Of::Database, why),
    }
}

/// What is told when a database takes connections again.
pub(super) fn opened(why: Why, for_an_hour: bool) -> OwnEvent {
    let message = match (for_an_hour, why) {
        (true, _) => {
            "Its database takes connections for an hour, to delete in it. Space that is deleted is free after PostgreSQL has cleaned up (VACUUM FULL gives it back at once)."
        }
        (false, Why::Plan) => "Its database takes connections again: it is within the plan.",
        (false, Why::Reserve) => "Its database takes connections again: the disk has room.",
    };
    OwnEvent {
        kind: if for_an_hour {
            "disk_near"
        } else {
            "disk_fine"
        },
        message: message.to_owned(),
    }
}

/// What a page says while something is held.
pub(super) fn held(of: Of, why: Why) -> String {
    match why {
        Why::Plan => format!("{} {} beyond the plan {}", of.subject(), of.is(), of.held()),
        Why::Reserve => reserve_held(of).message,
    }
}

#[cfg(test)]
mod tests {
    use super::{Of, crossing};
    use domain::disk::{Level, gib};

    #[test]
    fn each_level_is_told_once_with_its_remedy() {
        let told = |before, now, used| {
            crossing(Of::Files, before, now, gib(used), gib(10), "M20")
                .map(|event| (event.kind, event.message))
        };
        assert_eq!(told(Level::Near, Level::Near, 9), None);
        let (kind, text) = told(Level::Fine, Level::Near, 9).expect("is told");
        assert_eq!(
            (kind, text.as_str()),
            (
                "disk_near",
                "Its files take 9 GB of the 10 GB that plan M20 allows."
            )
        );
        let (kind, text) = told(Level::Near, Level::Over, 10).expect("is told");
        assert_eq!(kind, "disk_over");
        assert!(
            text.contains("Above 11 GB they may grow no further"),
            "{text}"
        );
        let (kind, text) = told(Level::Over, Level::Held, 12).expect("is told");
        assert_eq!(kind, "disk_held");
        assert!(text.contains("deleting works"), "{text}");
        assert_eq!(told(Level::Held, Level::Over, 10), None);
        let (kind, text) = told(Level::Held, Level::Fine, 1).expect("is told");
        assert_eq!(
            (kind, text.as_str()),
            (
                "disk_fine",
                "Its files are well within the plan again: they take 1 GB of the 10 GB that plan M20 allows."
            )
        );
    }
}
