//! `portal people`: what an operator does about people at the command line.
//!
//! With the built-in provider a person gets an account there too; another issuer has its own.

use crate::accounts;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use control::error::Error;
use control::people::{self, Person, SeedPerson};
use control::secrets::Secrets;
use control::state::State;
use domain::roles::Role;
use mxid::accounts::AccountError;
use secrecy::ExposeSecret;
use std::fmt::Write;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Lists everyone.
    List,
    /// Adds a person, and the company where it is new.
    Add(New),
    /// Ends a person's access at once.
    Deactivate {
        /// The person's e-mail address.
        email: String,
    },
    /// Gives a deactivated person access again.
    Activate {
        /// The person's e-mail address.
        email: String,
    },
    /// Makes a new password at the built-in provider and ends the person's sessions, there and here.
    SetPassword {
        /// The person's e-mail address.
        email: String,
    },
    /// Ends all sessions of a person, who may sign in again.
    EndSessions {
        /// The person's e-mail address.
        email: String,
    },
}

/// A person to be added.
#[derive(Debug, Args)]
pub struct New {
    /// The address to sign in with.
    pub email: String,
    /// The person's name.
    #[arg(long)]
    pub name: String,
    /// The name of the person's company.
    #[arg(long)]
    pub company: String,
    /// The role: `customer`, `customer_success` or `admin`.
    #[arg(long, default_value = "customer", value_parser = role)]
    pub role: Role,
}

/// Does it; the text for the terminal. `built_in` says whether the built-in provider signs people in.
pub async fn run(state: &State, built_in: bool, command: PeopleCommand) -> Result<String> {
    match command {
        PeopleCommand::List => list(state).await,
        PeopleCommand::Add(new) => add(state, built_in, new).await,
        PeopleCommand::Deactivate { email } => {
            let person = find(state, &email).await?;
            people::deactivate(state, person.id).await?;
            if built_in {
                let done = mxid::accounts::deactivate(&state.pool, &person.email, state.now());
                without_account_is_fine(done.await)?;
            }
            Ok(format!("{} is out.\n", person.email))
        }
        PeopleCommand::Activate { email } => {
            let person = find(state, &email).await?;
            people::activate(state, person.id).await?;
            if built_in {
                let done = mxid::accounts::activate(&state.pool, &person.email, state.now());
                without_account_is_fine(done.await)?;
            }
            Ok(format!("{} may sign in again.\n", person.email))
        }
        PeopleCommand::SetPassword { email } => {
            if !built_in {
                bail!(
                    "MXID_ISSUER: another issuer signs people in; passwords are changed there, not here"
                );
            }
            let person = find(state, &email).await?;
            // Before as well as after: were this broken off in between, no session of the old password would go on.
            people::end_sessions(state, &person).await?;
            let password = new_password(state, &person.email, &person.name).await?;
            if let Err(error) = people::password_set(state, &person).await {
                // Nothing says it again.
                print!("{password}");
                return Err(error).context(
                    "the password is set, but a session begun just before may go on; run `portal people end-sessions`",
                );
            }
            Ok(password)
        }
        PeopleCommand::EndSessions { email } => {
            let person = find(state, &email).await?;
            // The provider first: a session there would begin one here without a question.
            if built_in {
                let done = mxid::accounts::end_sessions(&state.pool, &person.email);
                without_account_is_fine(done.await)?;
            }
            people::end_sessions(state, &person).await?;
            let elsewhere = if built_in {
                ""
            } else {
                " The issuer's own go on; end them there."
            };
            Ok(format!("{} is signed out.{elsewhere}\n", person.email))
        }
    }
}

async fn list(state: &State) -> Result<String> {
    let mut text = String::new();
    for person in people::list(state).await? {
        let access = if person.active { "" } else { "  deactivated" };
        writeln!(
            text,
            "{:<32} {:<24} {:<17} {}{access}",
            person.email,
            person.name,
            person.role.label(),
            person.company_name
        )?;
    }
    if text.is_empty() {
        text.push_str("There is nobody yet; `portal people add` adds people.\n");
    }
    Ok(text)
}

async fn add(state: &State, built_in: bool, new: New) -> Result<String> {
    let person = SeedPerson {
        email: new.email.trim().to_owned(),
        name: new.name,
        role: new.role,
        company: new.company,
    };
    match people::add(state, &person).await {
        Ok(true) => {}
        Ok(false) => bail!(
            "{} is in the portal already; `portal people list` shows how",
            person.email
        ),
        Err(Error::Invalid(fields)) => {
            let texts: Vec<String> = fields.into_iter().map(|field| field.message).collect();
            bail!("{}", texts.join(" "));
        }
        Err(error) => return Err(error.into()),
    }
    let mut text = format!(
        "{} is added: {}, {}.\n",
        person.email,
        person.role.label(),
        person.company
    );
    if built_in {
        text += &new_password(state, &person.email, &person.name).await?;
    }
    Ok(text)
}

async fn find(state: &State, email: &str) -> Result<Person> {
    let found = people::by_email(state, email).await?;
    found.with_context(|| {
        format!("{email} is nobody of this portal; `portal people list` names everyone")
    })
}

/// Gives a new password, and an account to one who has none; says it, which nothing else ever will.
async fn new_password(state: &State, email: &str, name: &str) -> Result<String> {
    let password = Secrets::generate();
    accounts::give(state, email, name, &password, true).await?;
    Ok(format!(
        "The password, which is kept nowhere: {}\n",
        password.expose_secret()
    ))
}

/// People who came while another issuer was set have none.
fn without_account_is_fine(done: Result<(), AccountError>) -> Result<(), AccountError> {
    match done {
        Err(AccountError::NotFound) => Ok(()),
        done => done,
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text)
        .ok_or_else(|| "no such role; give customer, customer_success or admin".to_owned())
}
