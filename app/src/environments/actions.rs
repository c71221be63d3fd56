//! What may be done with an environment now, and why not the rest.

use domain::permissions::Access;
use domain::states::Wanted;
use serde::{Deserialize, Serialize};

/// The answer for each action on an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// Deploy a package.
    pub deploy: Access,
    /// Start.
    pub start: Access,
    /// Stop.
    pub stop: Access,
    /// Restart.
    pub restart: Access,
    /// Change instances and memory.
    pub scale: Access,
}

/// What the answers depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What the person may do at all.
    pub operate: Access,
    /// What the environment should do.
    pub wanted: Wanted,
    /// Whether a package is deployed.
    pub deployed: bool,
    /// The title of the operation under way.
    pub under_way: Option<String>,
    /// Whether that operation waits for a person.
    pub stuck: bool,
}

impl Situation {
    /// The answers.
    pub fn actions(&self) -> Actions {
        let unless = |hindrance: Option<&str>| -> Access {
            if !self.operate.is_allowed() {
                return self.operate.clone();
            }
            if let Some(title) = self.under_way.as_ref().filter(|_| self.stuck) {
                return Access::Denied(format!(
                    "“{title}” is stuck: open it under Operations and press “Try again to take back”."
                ));
            }
            if let Some(title) = &self.under_way {
                return Access::Denied(format!(
                    "“{title}” is under way; wait until it is done, or cancel it."
                ));
            }
            hindrance.map_or(Access::Allowed, |reason| Access::Denied(reason.to_owned()))
        };
        let empty = (!self.deployed).then_some("Nothing is deployed yet; deploy a package first.");
        let (runs, stopped) = match self.wanted {
            Wanted::Running => (Some("It is started already."), None),
            Wanted::Stopped => (None, Some("It is stopped already.")),
        };
        Actions {
            deploy: unless(None),
            start: unless(empty.or(runs)),
            stop: unless(empty.or(stopped)),
            restart: unless(empty.or(stopped.map(|_| "It is stopped; start it instead."))),
            scale: unless(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation() -> Situation {
        Situation {
            operate: Access::Allowed,
            wanted: Wanted::Running,
            deployed: true,
            under_way: None,
            stuck: false,
        }
    }

    fn allowed(situation: &Situation) -> [bool; 5] {
        let actions = situation.actions();
        [
            actions.deploy,
            actions.start,
            actions.stop,
            actions.restart,
            actions.scale,
        ]
        .map(|access| access.is_allowed())
    }

    #[test]
    fn what_fits_the_state_is_allowed() {
        assert_eq!(allowed(&situation()), [true, false, true, true, true]);
        let stopped = Situation {
            wanted: Wanted::Stopped,
            ..situation()
        };
        assert_eq!(allowed(&stopped), [true, true, false, false, true]);
        let empty = Situation {
            deployed: false,
            ..situation()
        };
        assert_eq!(allowed(&empty), [true, false, false, false, true]);
    }

    #[test]
    fn the_weightiest_reason_is_given() {
        let viewer = Situation {
            operate: Access::Denied("You are a Viewer.".to_owned()),
            under_way: Some("Deploy Shop 2".to_owned()),
            ..situation()
        };
        assert_eq!(
            viewer.actions().stop.reason().as_deref(),
            Some("You are a Viewer.")
        );
        let busy = Situation {
            under_way: Some("Deploy Shop 2".to_owned()),
            ..situation()
        };
        assert_eq!(allowed(&busy), [false; 5]);
        assert!(
            busy.actions()
                .scale
                .reason()
                .is_some_and(|reason| reason.contains("“Deploy Shop 2”"))
        );
        let stuck = Situation {
            stuck: true,
            ..busy
        };
        assert!(
            stuck
                .actions()
                .deploy
                .reason()
                .is_some_and(|reason| reason.contains("Try again to take back"))
        );
    }
}
