//! Rights: one table says who may do what; one function decides by it, and says why not.

use crate::actors::Actor;
use crate::ids::CompanyId;
use crate::roles::{Role, TeamRole};
use serde::{Deserialize, Serialize};

mod words;

/// Something that one may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See an app, its environments, packages and operations.
    ViewApp,
    /// Create an app.
    CreateApp,
    /// Delete an app.
    DeleteApp,
    /// Upload a package.
    UploadPackage,
    /// Delete a package.
    DeletePackage,
    /// Deploy a package.
    Deploy,
    /// Start an environment.
    Start,
    /// Stop an environment.
    Stop,
    /// Restart an environment.
    Restart,
    /// Change instances and memory of an environment.
    Scale,
    /// See the debugger's password.
    RevealDebuggerPassword,
    /// Choose the instance that the debugger leads to.
    ChooseDebuggerInstance,
    /// Cancel an operation, or have its undo tried again.
    ControlOperation,
    /// See operations that concern the whole company.
    ViewCompanyOperations,
    /// Cancel such an operation, or have its undo tried again.
    ControlCompanyOperation,
    /// See how the installation itself is doing.
    ViewInstallation,
    /// Add regions and change how they are served.
    ManageRegions,
}

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

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The right.
    pub right: Right,
    /// Its code: a storage format, the action in the audit trail.
    pub code: &'static str,
    /// What is done, after “may”: `delete the app`.
    pub action: &'static str,
    /// Who may.
    pub holders: Holders,
}

const fn rule(right: Right, code: &'static str, action: &'static str, holders: Holders) -> Rule {
    Rule {
        right,
        code,
        action,
        holders,
    }
}

const TEAM: Holders = Holders::Team(&TeamRole::ALL);
const OPERATORS: Holders = Holders::Team(&[TeamRole::TechnicalContact, TeamRole::Developer]);
const CONTACT: Holders = Holders::Team(&[TeamRole::TechnicalContact]);

/// The table, in the order in which people read it. The platform itself may do everything.
pub const RULES: [Rule; 17] = [
    rule(Right::ViewApp, "app.view", "see the app", TEAM),
    rule(
        Right::CreateApp,
        "app.create",
        "create an app",
        Holders::Company(&[Role::Customer, Role::Admin]),
    ),
    rule(Right::DeleteApp, "app.delete", "delete the app", CONTACT),
    rule(
        Right::UploadPackage,
        "package.upload",
        "upload packages",
        OPERATORS,
    ),
    rule(
        Right::DeletePackage,
        "package.delete",
        "delete packages",
        OPERATORS,
    ),
    rule(
        Right::Deploy,
        "environment.deploy",
        "deploy a package",
        OPERATORS,
    ),
    rule(
        Right::Start,
        "environment.start",
        "start an environment",
        OPERATORS,
    ),
    rule(
        Right::Stop,
        "environment.stop",
        "stop an environment",
        OPERATORS,
    ),
    rule(
        Right::Restart,
        "environment.restart",
        "restart an environment",
        OPERATORS,
    ),
    rule(
        Right::Scale,
        "environment.scale",
        "scale an environment",
        OPERATORS,
    ),
    rule(
        Right::RevealDebuggerPassword,
        "environment.reveal_debugger_password",
        "see the debugger’s password",
        OPERATORS,
    ),
    rule(
        Right::ChooseDebuggerInstance,
        "environment.choose_debugger_instance",
        "choose the debugged instance",
        OPERATORS,
    ),
    rule(
        Right::ControlOperation,
        "operation.control",
        "cancel operations or have them taken back",
        OPERATORS,
    ),
    rule(
        Right::ViewCompanyOperations,
        "company.view_operations",
        "see operations of the whole company",
        Holders::Company(&[Role::Admin]),
    ),
    rule(
        Right::ControlCompanyOperation,
        "company.control_operation",
        "cancel operations of the whole company or have them taken back",
        Holders::Company(&[Role::Admin]),
    ),
    rule(
        Right::ViewInstallation,
        "installation.view",
        "see how the installation is doing",
        Holders::Portal(&[Role::Admin]),
    ),
    rule(
        Right::ManageRegions,
        "region.manage",
        "manage regions",
        Holders::Portal(&[Role::Admin]),
    ),
];

impl Right {
    /// Its row.
    pub fn rule(self) -> &'static Rule {
        RULES
            .iter()
            .find(|rule| rule.right == self)
            .expect("every right has a row, as a test shows")
    }

    /// Its code: the action in the audit trail.
    pub fn code(self) -> &'static str {
        self.rule().code
    }
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
        // A right without a row would not be found.
        for rule in &RULES {
            assert_eq!(rule.right.rule(), rule);
        }
        let last = Right::ManageRegions;
        assert_eq!(RULES.len(), last as usize + 1, "a row for every right");
    }

    #[test]
    fn another_company_never_learns_that_the_app_exists() {
        for role in Role::ALL {
            for rule in &RULES {
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
        assert_eq!(allowed(TeamRole::TechnicalContact).len(), 12);
        assert_eq!(allowed(TeamRole::Developer).len(), 11);
        assert!(!allowed(TeamRole::Developer).contains(&"app.delete"));
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
        for rule in &RULES {
            assert!(may(&system, rule.right, &app(None)).is_allowed());
        }
    }
}
