//! Where the database's programs are.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use tokio::process::Command;

/// The folder that holds `initdb` and `postgres`.
pub async fn find() -> Result<PathBuf> {
    let mut candidates: Vec<PathBuf> = from_pg_config().await.into_iter().collect();
    candidates.extend(debian_folders());
    candidates.extend(
        [
            "/usr/local/pgsql/bin",
            "/usr/local/bin",
            "/opt/homebrew/bin",
            "/usr/bin",
        ]
        .map(PathBuf::from),
    );
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    match candidates.into_iter().find(complete) {
        Some(folder) => Ok(folder),
        None => bail!(
            "PostgreSQL is not installed: `initdb` and `postgres` are nowhere to be found; install it (Debian: apt-get install postgresql), or set DATABASE_URL"
        ),
    }
}

async fn from_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config")
        .arg("--bindir")
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).context("pg_config").ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

/// The versions that Debian keeps side by side, newest first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}
