//! Rights: one table says who may do what; one function decides by it, and says why not.

use crate::actors::Actor;
use crate::ids::CompanyId;
use crate::roles::{Role, TeamRole};
use serde::{Deserialize, Serialize};

mod table;
mod words;

pub use table::{RULES, Right, Rule};

/// What a right is about, with what decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The portal as a whole.
    Installation,
    /// A company.
    Company(CompanyId),
    /// An app of a company, in whose team the actor has this role, if any.
    App {
        /// The company that owns it.
        owner: CompanyId,
        /// The actor's role in its team.
        team_role: Option<TeamRole>,
    },
    /// An environment of such an app.
    Environment {
        /// The company that owns it.
        owner: CompanyId,
        /// The actor's role in the team of its app.
        team_role: Option<TeamRole>,
    },
}

/// Who has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holders {
    /// People with one of these roles in the portal.
    Portal(&'static [Role]),
    /// People with one of these roles, for their own company.
    Company(&'static [Role]),
    /// Members of the app's team with one of these roles.
    Team(&'static [TeamRole]),
}

/// The answer to "may I?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Yes.
    Allowed,
    /// No, and this sentence says what is missing and who can grant it.
    Denied(String),
    /// No, and the person must not learn that the thing exists.
    Hidden,
}

impl Access {
    /// No, for this reason.
    pub fn denied(reason: impl Into<String>) -> Self {
        Self::Denied(reason.into())
    }

    /// Whether the answer is yes.
    pub fn is_allowed(&self) -> bool {
        *self == Self::Allowed
    }

    /// This answer if it is no, else the other one.
    #[must_use]
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        if self.is_allowed() { other() } else { self }
    }

    /// The reason for a disabled control; none when allowed.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Allowed => None,
            Self::Denied(reason) => Some(reason.clone()),
            Self::Hidden => Some("Not available.".to_owned()),
        }
    }
}

/// Decides whether `actor` may use `right` on `target`.
///
/// A right is never given on a target of another kind than its row speaks of.
pub fn may(actor: &Actor, right: Right, target: &Target) -> Access {
    let rule = right.rule();
    let Some((held, company)) = actor.membership() else {
        return Access::Allowed;
    };
    match (rule.holders, *target) {
        (
            Holders::Team(roles),
            Target::App { owner, team_role } | Target::Environment { owner, team_role },
        ) => match team_role.filter(|_| owner == company) {
            None => Access::Hidden,
            Some(team_role) if roles.contains(&team_role) => Access::Allowed,
            Some(team_role) => Access::Denied(refused_in_team(rule, roles, team_role)),
        },
        (Holders::Company(roles), Target::Company(owner)) if owner == company => {
            by_role(rule, roles, held)
        }
        (Holders::Portal(roles), Target::Installation) => by_role(rule, roles, held),
        _ => Access::Hidden,
    }
}

fn refused_in_team(rule: &Rule, roles: &[TeamRole], team_role: TeamRole) -> String {
    let who = match roles {
        [only] => format!("Only the {} may", only.label()),
        _ => format!(
            "Your role in this team is {}, which may not",
            team_role.label()
        ),
    };
    format!(
        "{who} {}. The app's Technical Contact can change your role.",
        rule.action
    )
}

fn by_role(rule: &Rule, roles: &[Role], held: Role) -> Access {
    if roles.contains(&held) {
        return Access::Allowed;
    }
    if rule.right == Right::CreateApp {
        return Access::denied(
            "Customer Success managers handle requests and own no apps. Someone of the customer's company creates the app.",
        );
    }
    Access::Denied(format!(
        "Your role is {}, which may not {}. An admin can change your role.",
        held.label(),
        rule.action
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ApiKeyId, PersonId};
    use uuid::Uuid;

    fn company(number: u128) -> CompanyId {
        CompanyId::new(Uuid::from_u128(number))
    }

    fn person(of: u128, role: Role) -> Actor {
        Actor::Person {
            id: PersonId::new(Uuid::from_u128(9)),
            company: company(of),
            role,
        }
    }

    fn app(team_role: Option<TeamRole>) -> Target {
        Target::App {
            owner: company(1),
            team_role,
        }
    }

    #[test]
    fn every_right_has_one_row_and_a_code_of_its_own() {
        let mut codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RULES.len());
        for rule in RULES {
            assert_eq!(rule.right.rule(), rule);
        }
    }

    #[test]
    fn another_company_never_learns_that_the_app_exists() {
        for role in Role::ALL {
            for rule in RULES {
                for team_role in [None, Some(TeamRole::TechnicalContact)] {
                    let target = app(team_role);
                    assert_eq!(may(&person(2, role), rule.right, &target), Access::Hidden);
                }
                let outsider = may(&person(1, role), rule.right, &app(None));
                assert_eq!(outsider, Access::Hidden);
                let elsewhere = may(&person(2, role), rule.right, &Target::Company(company(1)));
                assert_eq!(elsewhere, Access::Hidden);
            }
        }
    }

    #[test]
    fn team_roles() {
        let allowed = |team_role| -> Vec<&str> {
            RULES
                .iter()
                .filter(|rule| matches!(rule.holders, Holders::Team(_)))
                .filter(|rule| {
                    may(
                        &person(1, Role::Customer),
                        rule.right,
                        &app(Some(team_role)),
                    )
                    .is_allowed()
                })
                .map(|rule| rule.code)
                .collect()
        };
        let all = allowed(TeamRole::TechnicalContact);
        assert!(all.contains(&"app.delete"));
        let without = |code: &str| -> Vec<&str> {
            let others = all.iter().filter(|it| **it != code);
            others.copied().collect()
        };
        assert_eq!(allowed(TeamRole::Developer), without("app.delete"));
        assert_eq!(allowed(TeamRole::Viewer), ["app.view"]);
    }

    #[test]
    fn a_refusal_says_what_is_missing_and_who_grants_it() {
        let viewer = may(
            &person(1, Role::Customer),
            Right::Scale,
            &app(Some(TeamRole::Viewer)),
        );
        assert_eq!(
            viewer.reason().as_deref(),
            Some(
                "Your role in this team is Viewer, which may not scale an environment. The app's Technical Contact can change your role."
            )
        );
        let developer = may(
            &person(1, Role::Customer),
            Right::DeleteApp,
            &app(Some(TeamRole::Developer)),
        );
        assert!(
            developer
                .reason()
                .is_some_and(|why| why.starts_with("Only the Technical Contact may delete"))
        );
        let customer = may(
            &person(1, Role::Customer),
            Right::ViewCompanyOperations,
            &Target::Company(company(1)),
        );
        assert!(customer.reason().is_some_and(|why| why.contains("admin")));
    }

    #[test]
    fn the_installation_is_the_portal_s_admins_to_see_whatever_their_company() {
        for role in Role::ALL {
            let seen = may(
                &person(2, role),
                Right::ViewInstallation,
                &Target::Installation,
            );
            assert_eq!(seen.is_allowed(), role == Role::Admin, "{seen:?}");
            let company = Target::Company(company(2));
            let elsewhere = may(&person(2, role), Right::ViewInstallation, &company);
            assert_eq!(elsewhere, Access::Hidden);
        }
    }

    #[test]
    fn a_key_may_what_its_owner_may_and_the_system_may_all() {
        let key = Actor::ApiKey {
            id: ApiKeyId::new(Uuid::from_u128(3)),
            owner: PersonId::new(Uuid::from_u128(9)),
            company: company(1),
            role: Role::Customer,
        };
        assert!(may(&key, Right::Deploy, &app(Some(TeamRole::Developer))).is_allowed());
        assert_eq!(may(&key, Right::Deploy, &app(None)), Access::Hidden);
        let system = Actor::System("Nightly backup");
        for rule in RULES {
            assert!(may(&system, rule.right, &app(None)).is_allowed());
        }
    }
}
