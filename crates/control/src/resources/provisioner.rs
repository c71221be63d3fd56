//! The role `provisioner`, which makes databases and roles of environments on a server and may do little else.
//!
//! It is no superuser and may make databases only. What it has to do to roles it does through functions that look at
//! what they are given: a role that may make roles could make itself a member of `pg_execute_server_program` on
//! PostgreSQL 15 and before.

use crate::scram;
use secrecy::SecretString;
use sqlx::{PgConnection, raw_sql};

/// Its name.
pub const NAME: &str = "provisioner";

const ROLE_AND_FUNCTIONS: &str = include_str!("provisioner.sql");

/// Makes the role and its functions, or brings them to what they should be; what was made for environments before is
/// in its hands afterwards. For a superuser, in the database that the role is to connect to. All of it is done or
/// nothing.
pub async fn set_up(db: &mut PgConnection, password: &SecretString) -> sqlx::Result<()> {
    let verifier = scram::verifier(password);
    // A parameter cannot stand here; a verifier holds no quote.
    let statements = format!("{ROLE_AND_FUNCTIONS}\nalter role {NAME} password '{verifier}';\n");
    raw_sql(&statements).execute(db).await.map(drop)
}
