//! A unix socket through which a sealed-in workload reaches a database server on TCP.

use crate::accept::accepted;
use crate::disk;
use crate::init::bridge::join;
use crate::keep_alive::keep_alive;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The name that PostgreSQL clients look for.
pub const NAME: &str = ".s.PGSQL.5432";

/// The most connections of one workload; more wait. It is little above what the largest plan allows a role, for the
/// server counts a role's connections only after it has signed in: until then they take the places of all.
const MOST: usize = 220;

/// The socket of one workload; it goes when this is dropped.
#[derive(Debug)]
pub struct DatabaseSocket {
    host: String,
    port: u16,
    task: JoinHandle<()>,
}

impl DatabaseSocket {
    /// Makes the socket in `folder`. The folder, not the socket, is shown to instances, so that a
    /// socket made anew after a restart is seen by those that are running.
    pub fn open(folder: &Path, host: &str, port: u16) -> io::Result<Self> {
        disk::private_dir(folder)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
        let path = folder.join(NAME);
        disk::remove_file(&path)?;
        let listener = bind(folder, &path)?;
        // Who may use it is decided by who is shown the folder.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
        let address = (host.to_owned(), port);
        let room = Arc::new(Semaphore::new(MOST));
        let task = tokio::spawn(async move {
            while let Ok(place) = Arc::clone(&room).acquire_owned().await {
                let (near, _) = accepted(|| listener.accept()).await;
                let address = address.clone();
                tokio::spawn(async move {
                    match TcpStream::connect(&address).await {
                        Ok(far) => {
                            drop(far.set_nodelay(true));
                            drop(keep_alive(&far));
                            join(near, far).await;
                        }
                        Err(error) => {
                            tracing::warn!(%error, host = address.0, "the database server cannot be reached");
                        }
                    }
                    drop(place);
                });
            }
        });
        Ok(Self {
            host: host.to_owned(),
            port,
            task,
        })
    }

    /// Whether it leads to this server.
    pub fn leads_to(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port == port
    }
}

impl Drop for DatabaseSocket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A socket's path is limited to about a hundred bytes; by its folder's descriptor it is short.
fn bind(folder: &Path, path: &Path) -> io::Result<UnixListener> {
    use std::os::fd::AsRawFd;
    let folder = std::fs::File::open(folder)?;
    let name = path.file_name().unwrap_or_default();
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    UnixListener::bind(short)
}
