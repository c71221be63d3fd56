//! People.

use domain::rights::Access;
use domain::roles::Role;
use serde::{Deserialize, Serialize};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub name: String,
    pub email: String,
    /// The company's name.
    pub company: String,
    /// The role in the portal; the platform itself has none.
    pub role: Option<Role>,
    pub create_app: Access,
    /// The operator's page.
    pub view_installation: Access,
}
