//! `portal quota`: what an operator does about quotas at the command line.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use control::error::Error;
use control::quotas::{self, CompanyQuota};
use control::state::State;
use domain::quotas::QuotaKind;
use std::fmt::Write;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum QuotaCommand {
    /// Lists every company: what it uses of each resource, and what it may.
    List,
    /// Sets what a company may use of a resource.
    Set {
        /// The company's name.
        company: String,
        /// The resource: `apps`, `environments`, `memory_mib`, `packages` or `package_bytes`.
        #[arg(value_parser = resource)]
        resource: QuotaKind,
        /// How much; `default` is what the settings say.
        allowed: String,
    },
}

/// Does it; the text for the terminal.
pub async fn run(state: &State, command: QuotaCommand) -> Result<String> {
    let mut text = String::new();
    match command {
        QuotaCommand::List => {
            for company in quotas::list(state).await? {
                write(&mut text, &company)?;
            }
        }
        QuotaCommand::Set {
            company,
            resource,
            allowed,
        } => {
            let allowed = match allowed.as_str() {
                "default" => None,
                number => Some(
                    number
                        .parse()
                        .with_context(|| format!("{number}: give a whole number, or `default`"))?,
                ),
            };
            match quotas::set(state, &company, resource, allowed).await {
                Ok(company) => write(&mut text, &company)?,
                Err(Error::NotFound) => {
                    bail!("there is no company “{company}”; `portal quota list` names all")
                }
                Err(Error::Invalid(fields)) => {
                    let texts: Vec<String> = fields.into_iter().map(|it| it.message).collect();
                    bail!("{}", texts.join(" "));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(text)
}

fn write(text: &mut String, company: &CompanyQuota) -> std::fmt::Result {
    writeln!(text, "{}", company.name)?;
    for resource in QuotaKind::ALL {
        let (used, allowed) = (
            company.quota.used.of(resource),
            company.quota.allowed.of(resource),
        );
        writeln!(
            text,
            "  {:<14} {used:>14} of {allowed:>14}",
            resource.code()
        )?;
    }
    Ok(())
}

fn resource(text: &str) -> Result<QuotaKind, String> {
    QuotaKind::parse(text)
        .ok_or_else(|| format!("one of {}", QuotaKind::ALL.map(QuotaKind::code).join(", ")))
}
