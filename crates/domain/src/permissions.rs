//! Who may do what: one function decides, and says why not.

use crate::ids::{CompanyId, PersonId};
use serde::{Deserialize, Serialize};

/// A person's role in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on apps of the own company.
    Customer,
    /// Handles region and plan requests; never opens a customer's data.
    CustomerSuccess,
    /// Manages people, companies, regions and plans.
    Admin,
}

impl Role {
    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::CustomerSuccess => "customer_success",
            Self::Admin => "admin",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Customer, Self::CustomerSuccess, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::CustomerSuccess => "Customer Success",
            Self::Admin => "Admin",
        }
    }
}

/// A person's role in one app's team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Answers for the app; may delete it.
    TechnicalContact,
    /// Deploys and operates it.
    Developer,
    /// Looks, touches nothing.
    Viewer,
}

impl TeamRole {
    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TechnicalContact => "technical_contact",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// Reads a code.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::TechnicalContact, Self::Developer, Self::Viewer]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The person's company.
    pub company: CompanyId,
    /// The person's role.
    pub role: Role,
}

/// Something one may be allowed to do with an app or its environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the app, its environments, packages and operations.
    ViewApp,
    /// Upload and delete packages.
    ManagePackages,
    /// Deploy, start, stop, restart and scale an environment; cancel its operations.
    OperateEnvironment,
    /// See the debugger credentials and choose the debugged instance.
    UseDebugger,
    /// Delete the app and everything in it.
    DeleteApp,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] = [
        Self::ViewApp,
        Self::ManagePackages,
        Self::OperateEnvironment,
        Self::UseDebugger,
        Self::DeleteApp,
    ];

    const fn deed(self) -> &'static str {
        match self {
            Self::ViewApp => "see this app",
            Self::ManagePackages => "upload or delete packages",
            Self::OperateEnvironment => "deploy, start, stop or scale",
            Self::UseDebugger => "see the debugger credentials",
            Self::DeleteApp => "delete the app",
        }
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
    /// Whether the answer is yes.
    pub fn is_allowed(&self) -> bool {
        *self == Self::Allowed
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

/// Decides what `actor` may do with an app of `owner`, in whose team the actor has `team_role`.
pub fn app_access(
    actor: &Actor,
    owner: CompanyId,
    team_role: Option<TeamRole>,
    permission: Permission,
) -> Access {
    let Some(team_role) = team_role.filter(|_| actor.company == owner) else {
        return Access::Hidden;
    };
    let allowed = match permission {
        Permission::ViewApp => true,
        Permission::ManagePackages | Permission::OperateEnvironment | Permission::UseDebugger => {
            team_role != TeamRole::Viewer
        }
        Permission::DeleteApp => team_role == TeamRole::TechnicalContact,
    };
    if allowed {
        return Access::Allowed;
    }
    let who = if permission == Permission::DeleteApp {
        "Only the Technical Contact may"
    } else {
        "Your role in this team is Viewer, which may not"
    };
    Access::Denied(format!(
        "{who} {}. The app's Technical Contact can change your role.",
        permission.deed()
    ))
}

/// Decides whether `actor` may create an app for the own company.
pub fn create_app_access(actor: &Actor) -> Access {
    match actor.role {
        Role::Customer | Role::Admin => Access::Allowed,
        Role::CustomerSuccess => Access::Denied("Customer Success managers handle requests and own no apps. Someone of the customer's company creates the app.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn actor(company: u128, role: Role) -> Actor {
        Actor {
            person: PersonId::new(Uuid::from_u128(9)),
            company: CompanyId::new(Uuid::from_u128(company)),
            role,
        }
    }

    #[test]
    fn another_company_never_learns_that_the_app_exists() {
        let owner = CompanyId::new(Uuid::from_u128(1));
        for role in [Role::Customer, Role::CustomerSuccess, Role::Admin] {
            for permission in Permission::ALL {
                for team_role in [None, Some(TeamRole::TechnicalContact)] {
                    assert_eq!(
                        app_access(&actor(2, role), owner, team_role, permission),
                        Access::Hidden
                    );
                }
                assert_eq!(
                    app_access(&actor(1, role), owner, None, permission),
                    Access::Hidden
                );
            }
        }
    }

    #[test]
    fn team_roles() {
        let owner = CompanyId::new(Uuid::from_u128(1));
        let allowed = |team_role| {
            Permission::ALL.map(|p| {
                app_access(&actor(1, Role::Customer), owner, Some(team_role), p).is_allowed()
            })
        };
        assert_eq!(allowed(TeamRole::TechnicalContact), [true; 5]);
        assert_eq!(
            allowed(TeamRole::Developer),
            [true, true, true, true, false]
        );
        assert_eq!(
            allowed(TeamRole::Viewer),
            [true, false, false, false, false]
        );
    }
}
