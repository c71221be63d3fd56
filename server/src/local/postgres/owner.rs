//! Whom the cluster's processes and files belong to: the database refuses to run as root.

use anyhow::{Context, Result, bail};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use tokio::process::Command;

/// A user of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user to become; none when the program's own will do.
    other: Option<(u32, u32)>,
}

impl Owner {
    /// The program's own user, or, for root, the one of that name.
    pub fn choose(name: &str) -> Result<Self> {
        if !rustix::process::getuid().is_root() {
            return Ok(Self { other: None });
        }
        let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let Some((uid, gid)) = find(&users, name) else {
            bail!(
                "POSTGRES_USER: this machine has no user `{name}`; PostgreSQL does not run as root, so install it with its user, or name another unprivileged user"
            );
        };
        if uid == 0 {
            bail!(
                "POSTGRES_USER: `{name}` is root, as whom PostgreSQL refuses to run; name an unprivileged user"
            );
        }
        Ok(Self {
            other: Some((uid, gid)),
        })
    }

    /// Whether it is another user than the program's own.
    pub fn is_other(&self) -> bool {
        self.other.is_some()
    }

    /// Hands a file or folder over.
    pub fn give(&self, path: &Path) -> Result<()> {
        let Some((uid, gid)) = self.other else {
            return Ok(());
        };
        chown(path, Some(uid), Some(gid))
            .with_context(|| format!("handing {} to the database's user", path.display()))
    }

    /// Makes a command run as that user, in a process group of its own and with a bare environment.
    pub fn run(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .current_dir("/")
            .process_group(0);
        if let Some((uid, gid)) = self.other {
            command.uid(uid).gid(gid);
        }
    }

    /// Whether the user may pass through every folder down to `path`.
    pub fn reaches(&self, path: &Path) -> Result<bool> {
        let Some((uid, gid)) = self.other else {
            return Ok(true);
        };
        for folder in path.ancestors() {
            let meta = folder
                .metadata()
                .with_context(|| format!("looking at {}", folder.display()))?;
            let bit = if meta.uid() == uid {
                0o100
            } else if meta.gid() == gid {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn find(users: &str, name: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [user, _, uid, gid, ..] = fields[..] else {
            return None;
        };
        if user != name {
            return None;
        }
        Some((uid.parse().ok()?, gid.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:8::/:\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find(users, "postgres"), Some((101, 104)));
        assert_eq!(find(users, "post"), None);
    }
}
