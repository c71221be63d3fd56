//! The three people a fresh installation starts with: each with a random password made now.

use crate::{accounts, private_file};
use anyhow::{Context, Result};
use control::people::{self, SeedPerson};
use control::secrets::Secrets;
use control::state::State;
use domain::roles::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::path::Path;
use url::Url;

/// One of them, as the file keeps it.
#[derive(Serialize, Deserialize)]
pub struct DemoPerson {
    /// The role's code.
    pub role: String,
    /// The address to sign in with.
    pub email: String,
    password: String,
}

impl DemoPerson {
    /// The password, to be printed once.
    pub fn password(&self) -> &str {
        &self.password
    }
}

const PEOPLE: [(Role, &str, &str, &str); 3] = [
    (
        Role::Customer,
        "ada@northwind.example",
        "Ada Lindqvist",
        "Northwind",
    ),
    (
        Role::CustomerSuccess,
        "cleo@cloud.example",
        "Cleo Marchetti",
        "Cloud Operations",
    ),
    (
        Role::Admin,
        "abel@cloud.example",
        "Abel Okafor",
        "Cloud Operations",
    ),
];

/// What a start says of them.
pub enum Demo {
    /// They have been made now; nothing says their passwords again but the file.
    Made(Vec<DemoPerson>),
    /// They were there.
    Kept,
    /// The portal is no trial on this machine, so none are made.
    None {
        /// Whether there are some of when it was one.
        of_before: bool,
    },
}

/// Sees to it that the three exist and that `file` says how they sign in: where the portal is reached at localhost
/// alone, since one of them may do everything.
pub async fn ensure(state: &State, file: &Path) -> Result<Demo> {
    let host = Url::parse(&state.config.portal_url).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") && !host.ends_with(".localhost") {
        return Ok(Demo::None {
            of_before: file.exists(),
        });
    }
    let seeds: Vec<SeedPerson> = PEOPLE
        .iter()
        .map(|(role, email, name, company)| SeedPerson {
            email: (*email).to_owned(),
            name: (*name).to_owned(),
            role: *role,
            company: (*company).to_owned(),
        })
        .collect();
    people::seed(state, &seeds)
        .await
        .context("adding the demo people")?;
    match private_file::read(file)? {
        Some(text) => {
            let kept: Vec<DemoPerson> =
                serde_json::from_str(text.expose_secret()).with_context(|| {
                    format!("reading {}; delete it to get new passwords", file.display())
                })?;
            for person in &kept {
                give_account(state, person, false).await?;
            }
            Ok(Demo::Kept)
        }
        None => make(state, file).await.map(Demo::Made),
    }
}

async fn make(state: &State, file: &Path) -> Result<Vec<DemoPerson>> {
    let made: Vec<DemoPerson> = PEOPLE
        .iter()
        .map(|(role, email, ..)| DemoPerson {
            role: role.as_str().to_owned(),
            email: (*email).to_owned(),
            password: Secrets::generate().expose_secret().to_owned(),
        })
        .collect();
    for person in &made {
        give_account(state, person, true).await?;
    }
    private_file::write(file, &serde_json::to_string_pretty(&made)?)?;
    Ok(made)
}

async fn give_account(state: &State, person: &DemoPerson, renew: bool) -> Result<()> {
    let password = SecretString::from(person.password.clone());
    let name = PEOPLE
        .iter()
        .find(|(_, email, ..)| *email == person.email)
        .map_or("", |(_, _, name, _)| *name);
    if accounts::give(state, &person.email, name, &password, renew).await?
        && let Some(known) = people::by_email(state, &person.email).await?
    {
        people::password_set(state, &known).await?;
    }
    Ok(())
}
