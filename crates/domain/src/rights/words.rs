//! The table of rights in words.

use super::Holders;
use crate::roles::{Role, TeamRole};

impl Holders {
    /// Who they are, as a person reads it: `Developers of the app's team`.
    pub fn label(self) -> String {
        match self {
            Self::Portal(roles) => format!("{} of the portal", portal(roles)),
            Self::Company(roles) => format!("{}, for their own company", portal(roles)),
            Self::Team(roles) if roles.len() == TeamRole::ALL.len() => {
                "Everybody in the app's team".to_owned()
            }
            Self::Team(roles) => {
                let names = roles.iter().map(|role| role.label());
                format!("{} in the app's team", joined(names))
            }
        }
    }
}

fn portal(roles: &[Role]) -> String {
    joined(roles.iter().map(|role| role.label()))
}

/// `Technical Contact or Developer`.
fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use crate::rights::{Holders, Right};
    use crate::roles::Role;

    #[test]
    fn who_has_a_right_is_said_in_words() {
        let who = |right: Right| right.rule().holders.label();
        assert_eq!(who(Right::ViewApp), "Everybody in the app's team");
        assert_eq!(
            who(Right::Deploy),
            "Technical Contact or Developer in the app's team"
        );
        assert_eq!(who(Right::DeleteApp), "Technical Contact in the app's team");
        assert_eq!(
            who(Right::CreateApp),
            "Customer or Admin, for their own company"
        );
        let portal = Holders::Portal(&[Role::Admin]);
        assert_eq!(portal.label(), "Admin of the portal");
    }
}
