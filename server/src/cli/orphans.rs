//! `portal orphans`: what an operator does about what no row of the portal knows.

use anyhow::{Context, Result};
use clap::Subcommand;
use control::orphans::{self, Orphan, OrphanKind};
use control::state::State;
use domain::ids::EnvironmentId;
use std::fmt::Write;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum OrphansCommand {
    /// Lists workloads, databases and buckets that no row knows. Another portal on the same servers has its own
    /// among them.
    List,
    /// Removes one of them, for good.
    Remove {
        /// What it is: `workload`, `database` or `bucket`.
        #[arg(value_parser = kind)]
        kind: OrphanKind,
        /// The id that the list gives it.
        id: String,
    },
}

/// Does it; the text for the terminal.
pub async fn run(state: &State, command: OrphansCommand) -> Result<String> {
    let mut text = String::new();
    match command {
        OrphansCommand::List => {
            let found = orphans::list(state).await?;
            for (orphan, places) in &found.orphans {
                let (kind, places) = (orphan.kind.code(), places.join(", "));
                writeln!(text, "{kind:<10} {} in {places}", orphan.environment)?;
            }
            for unseen in &found.unseen {
                writeln!(text, "not looked at: {unseen}")?;
            }
            if text.is_empty() {
                text.push_str("There is nothing that no row knows.\n");
            }
        }
        OrphansCommand::Remove { kind, id } => {
            let environment: EnvironmentId = id
                .parse()
                .ok()
                .with_context(|| format!("{id}: give an id as `portal orphans list` does"))?;
            orphans::remove(state, Orphan { kind, environment }, None).await?;
            writeln!(text, "The {} of {environment} is gone.", kind.code())?;
        }
    }
    Ok(text)
}

fn kind(text: &str) -> Result<OrphanKind, String> {
    OrphanKind::parse(text).ok_or_else(|| {
        format!(
            "one of {}",
            OrphanKind::ALL.map(OrphanKind::code).join(", ")
        )
    })
}
