//! Copies a database from one cluster to another with PostgreSQL's own programs.

use super::cluster::{Cluster, SUPERUSER};
use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::process::{Child, Command};

/// `pg_dump` of a database into `pg_restore` of an empty one; all of it or nothing.
pub async fn copy(bin: &Path, from: (&Cluster, &str), to: (&Cluster, &str)) -> Result<()> {
    let mut dump = program(bin, "pg_dump", from)?;
    // Rights of roles that only the older cluster knows stay there.
    dump.args(["--format=custom", "--compress=0", "--no-privileges"]);
    let mut dump = start("pg_dump", dump.stdin(Stdio::null()))?;
    let dumped = dump.stdout.take().context("reading from pg_dump")?;
    let dumped: Stdio = dumped.try_into().context("reading from pg_dump")?;
    let restore = {
        // It holds the reading end of the pipe, at which pg_dump would wait for ever once pg_restore has failed.
        let mut restore = program(bin, "pg_restore", to)?;
        restore.args(["--format=custom", "--exit-on-error", "--single-transaction"]);
        start("pg_restore", restore.stdin(dumped))?
    };
    let (dumped, restored) = tokio::join!(dump.wait_with_output(), restore.wait_with_output());
    // When one fails the other does too: what it says comes second.
    let results = [("pg_restore", restored), ("pg_dump", dumped)];
    for (name, output) in results {
        check(
            name,
            &output.with_context(|| format!("waiting for {name}"))?,
        )?;
    }
    Ok(())
}

/// An error where one of the programs is missing.
pub fn check_there(bin: &Path) -> Result<()> {
    for name in ["pg_dump", "pg_restore"] {
        if !bin.join(name).is_file() {
            bail!(
                "the portal's database is to be copied into a cluster of its own, and PostgreSQL's program `{name}` is missing in {}; install it (Debian: apt-get install postgresql-client), then start again",
                bin.display()
            );
        }
    }
    Ok(())
}

fn program(bin: &Path, name: &str, (cluster, database): (&Cluster, &str)) -> Result<Command> {
    let mut command = Command::new(bin.join(name));
    cluster.owner.run(&mut command);
    let password = cluster.superuser_password()?;
    command
        .env("PGHOST", &cluster.socket_dir)
        .env("PGPORT", cluster.port().to_string())
        .env("PGUSER", SUPERUSER)
        .env("PGPASSWORD", password.expose_secret())
        .args(["--no-password", "--dbname", database]);
    Ok(command)
}

fn start(name: &str, command: &mut Command) -> Result<Child> {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {name}"))
}

fn check(name: &str, output: &Output) -> Result<()> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, said.trim());
    }
    Ok(())
}
