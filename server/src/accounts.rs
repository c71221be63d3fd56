//! Accounts at the built-in provider, for people of the portal.

use anyhow::{Context, Result};
use control::state::State;
use mxid::accounts::{self, Created};
use secrecy::SecretString;

/// Makes the account; one that is there gets the password only with `renew`. Whether one that was there got it.
pub async fn give(
    state: &State,
    email: &str,
    name: &str,
    password: &SecretString,
    renew: bool,
) -> Result<bool> {
    let doing = || format!("making the MxID account of {email}");
    let created = accounts::create(&state.pool, email, name, password, state.now())
        .await
        .with_context(doing)?;
    let renews = renew && matches!(created, Created::Existing);
    if renews {
        accounts::set_password(&state.pool, email, password, state.now())
            .await
            .with_context(doing)?;
    }
    Ok(renews)
}
