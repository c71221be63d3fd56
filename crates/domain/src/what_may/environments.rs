//! What may be done with an environment now.

use super::operations::UnderWay;
use crate::actors::Actor;
use crate::rights::{Access, Right, Target, may};
use crate::states::{AppState, Desired};
use serde::{Deserialize, Serialize};

/// A change that one may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Deploy a package; starts a stopped environment.
    Deploy,
    /// Serve.
    Start,
    /// Serve no longer.
    Stop,
    /// Replace every instance.
    Restart,
    /// Other instances or memory.
    Scale,
}

impl Action {
    /// The right that it takes.
    pub const fn right(self) -> Right {
        match self {
            Self::Deploy => Right::Deploy,
            Self::Start => Right::Start,
            Self::Stop => Right::Stop,
            Self::Restart => Right::Restart,
            Self::Scale => Right::Scale,
        }
    }
}

/// What the answers depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Where its app is in its life.
    pub app: AppState,
    /// Whether its database and bucket exist.
    pub provisioned: bool,
    /// What it should do.
    pub desired: Desired,
    /// Whether a package is deployed.
    pub deployed: bool,
    /// The operation that works on it, or on its app.
    pub under_way: Option<UnderWay>,
}

/// The answer for each action.
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

impl Facts {
    /// What `actor` may do with it now, the weightiest reason first.
    pub fn actions(&self, actor: &Actor, target: &Target) -> Actions {
        let access = |action| self.access(action, actor, target);
        Actions {
            deploy: access(Action::Deploy),
            start: access(Action::Start),
            stop: access(Action::Stop),
            restart: access(Action::Restart),
            scale: access(Action::Scale),
        }
    }

    /// Whether `actor` may do one thing with it now.
    pub fn access(&self, action: Action, actor: &Actor, target: &Target) -> Access {
        let hindrance = || self.hindrance(action);
        may(actor, action.right(), target)
            .and(|| hindrance().map_or(Access::Allowed, Access::Denied))
    }

    /// Why the action cannot be had now, whoever asks.
    pub fn hindrance(&self, action: Action) -> Option<String> {
        let text = match (self.app, &self.under_way) {
            (AppState::Deleting, _) => {
                Some("This app is being deleted; nothing of it can be changed any more.")
            }
            (AppState::Creating, _) => {
                Some("This app is still being created. Wait until that operation has ended.")
            }
            (AppState::Ready, _) if !self.provisioned => {
                Some("This environment is still being made. Wait until that operation has ended.")
            }
            (AppState::Ready, Some(operation)) => return Some(operation.reason()),
            (AppState::Ready, None) => self.state_hindrance(action),
        };
        text.map(str::to_owned)
    }

    const fn state_hindrance(&self, action: Action) -> Option<&'static str> {
        match (action, self.desired) {
            (Action::Deploy | Action::Scale, _) => None,
            _ if !self.deployed => Some("Nothing is deployed here yet. Deploy a package first."),
            (Action::Start, Desired::Running) => Some("It is running already."),
            (Action::Stop, Desired::Stopped) => Some("It is stopped already."),
            (Action::Restart, Desired::Stopped) => Some("It is stopped; start it instead."),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CompanyId, PersonId};
    use crate::roles::{Role, TeamRole};
    use uuid::Uuid;

    fn facts() -> Facts {
        Facts {
            app: AppState::Ready,
            provisioned: true,
            desired: Desired::Running,
            deployed: true,
            under_way: None,
        }
    }

    fn busy(stuck: bool) -> Facts {
        Facts {
            under_way: Some(UnderWay {
                title: "Deploy Shop 2".to_owned(),
                stuck,
            }),
            ..facts()
        }
    }

    fn actions(facts: &Facts, team_role: TeamRole) -> Actions {
        let owner = CompanyId::new(Uuid::from_u128(1));
        let actor = Actor::Person {
            id: PersonId::new(Uuid::from_u128(2)),
            company: owner,
            role: Role::Customer,
        };
        let team_role = Some(team_role);
        facts.actions(&actor, &Target::Environment { owner, team_role })
    }

    fn allowed(facts: &Facts) -> [bool; 5] {
        let all = actions(facts, TeamRole::Developer);
        [all.deploy, all.start, all.stop, all.restart, all.scale].map(|access| access.is_allowed())
    }

    #[test]
    fn what_fits_the_state_is_allowed() {
        assert_eq!(allowed(&facts()), [true, false, true, true, true]);
        let stopped = Facts {
            desired: Desired::Stopped,
            ..facts()
        };
        assert_eq!(allowed(&stopped), [true, true, false, false, true]);
        let empty = Facts {
            deployed: false,
            ..facts()
        };
        assert_eq!(allowed(&empty), [true, false, false, false, true]);
        for app in [AppState::Creating, AppState::Deleting] {
            assert_eq!(allowed(&Facts { app, ..facts() }), [false; 5]);
        }
    }

    #[test]
    fn the_weightiest_reason_is_given() {
        let viewer = actions(&busy(false), TeamRole::Viewer);
        assert!(
            viewer
                .stop
                .reason()
                .is_some_and(|why| why.contains("Viewer"))
        );
        assert_eq!(allowed(&busy(false)), [false; 5]);
        let scale = actions(&busy(false), TeamRole::Developer).scale.reason();
        assert!(scale.is_some_and(|why| why.contains("“Deploy Shop 2”")));
        let stuck = actions(&busy(true), TeamRole::Developer).deploy.reason();
        assert!(stuck.is_some_and(|why| why.contains("Try again to take back")));
    }
}
