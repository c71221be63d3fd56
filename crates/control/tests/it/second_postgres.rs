//! A PostgreSQL server beside the one of `DATABASE_URL`: a cluster of its own, gone with the test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running server. It ends when its standard input does, with the test at the latest.
pub struct SecondPostgres {
    child: Child,
    /// Its address, for its superuser.
    pub url: String,
}

impl SecondPostgres {
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .find_map(|folder| {
                let script = folder.join("scripts/with-postgres");
                script.is_file().then_some(script)
            });
        let mut child = Command::new(script.expect("the script"))
            .args(["bash", "-c", "echo \"$DATABASE_URL\"; read -r _ || true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("is read");
        let mut lines = BufReader::new(stdout).lines();
        let url = lines.find_map(|line| line.ok().filter(|line| line.starts_with("postgres://")));
        Self {
            child,
            url: url.expect("it runs"),
        }
    }
}

impl Drop for SecondPostgres {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
