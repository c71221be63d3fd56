//! Engines by address: each is made once and used again, so that a row which appears later needs no restart.

use engine::Engine;
use engine::cell::CellEngine;
use engine::usage::Room;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The name of the installation's own engine, under which its events have always been counted.
const DEFAULT: &str = "cell";

/// How long it is believed what an engine has told of its room: a disk fills quickly.
const ROOM_HOLDS: Duration = Duration::from_secs(30);

/// Makes the engine of an address.
pub type Connect = Box<dyn Fn(&str) -> Arc<dyn Engine> + Send + Sync>;

/// An engine and what it is called.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    pub(crate) engine: Arc<dyn Engine>,
}

impl Named {
    /// The name of a task that works with it: the installation's own engine needs no other word.
    pub(crate) fn task(&self, task: &str) -> String {
        if &*self.name == DEFAULT {
            task.to_owned()
        } else {
            format!("{task} {}", self.name)
        }
    }
}

/// The engines of the installation.
pub struct Engines {
    default: Named,
    default_address: Option<String>,
    connect: Connect,
    made: Mutex<BTreeMap<String, Named>>,
    rooms: Mutex<BTreeMap<Arc<str>, (Room, Instant)>>,
}

impl Engines {
    /// The cell at this socket, and other cells by the paths of theirs.
    pub fn cells(socket: &Path) -> Self {
        let connect = Box::new(|path: &str| -> Arc<dyn Engine> { Arc::new(CellEngine::new(path)) });
        let mut engines = Self::new(Arc::new(CellEngine::new(socket)), connect);
        engines.default_address = socket.to_str().map(str::to_owned);
        engines
    }

    /// This engine for regions that name none; `connect` makes the others.
    pub fn new(default: Arc<dyn Engine>, connect: Connect) -> Self {
        Self {
            default: Named {
                name: DEFAULT.into(),
                engine: default,
            },
            default_address: None,
            connect,
            made: Mutex::default(),
            rooms: Mutex::default(),
        }
    }

    /// The engine of an address, the installation's own without one; or what is wrong with the address.
    pub(crate) fn get(&self, address: Option<&str>) -> Result<Named, String> {
        let Some(address) = address else {
            return Ok(self.default.clone());
        };
        let path = socket_path(address)?;
        if self.default_address.as_deref() == Some(path) {
            return Ok(self.default.clone());
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = made.entry(path.to_owned()).or_insert_with(|| Named {
            name: path.into(),
            engine: (self.connect)(path),
        });
        Ok(engine.clone())
    }

    /// Takes in the room that an engine has told of at this time.
    pub(crate) fn hear_room(&self, name: &Arc<str>, room: Room, at: Instant) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.insert(Arc::clone(name), (room, at));
    }

    /// The room that an engine has told of last; none once that is old.
    pub(crate) fn room(&self, name: &str) -> Option<Room> {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let (room, at) = rooms.get(name)?;
        (at.elapsed() <= ROOM_HOLDS).then_some(*room)
    }
}

/// Whether no more is free on the disk than is kept for the platform.
pub(crate) const fn is_full(room: &Room) -> bool {
    room.disk_bytes > 0 && room.disk_free_bytes == 0
}

/// The path of the unix socket that an address names: the path itself, or a URL such as `unix:///run/cell.sock`.
fn socket_path(address: &str) -> Result<&str, String> {
    let path = address
        .strip_prefix("unix://")
        .or_else(|| address.strip_prefix("unix:"))
        .unwrap_or(address);
    // The longest path that a unix socket can have.
    if path.starts_with('/') && path.len() <= 107 && !path.contains(char::is_control) {
        return Ok(path);
    }
    Err(format!(
        "“{}” is no address of an engine; give the absolute path of its unix socket, at most 107 bytes long, such as /run/cell/cell.sock.",
        address.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::{Engines, ROOM_HOLDS};
    use engine::usage::Room;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    #[test]
    fn an_engine_is_made_once_for_each_address() {
        let engines = Engines::cells(Path::new("/run/cell.sock"));
        let get = |address| engines.get(address).expect("an address");
        assert_eq!(&*get(None).name, "cell");
        assert_eq!(
            &*get(Some("unix:///run/cell.sock")).name,
            "cell",
            "one engine has one name"
        );
        let second = get(Some("/run/second.sock"));
        assert_eq!(&*second.name, "/run/second.sock");
        let again = get(Some("unix:/run/second.sock"));
        assert!(Arc::ptr_eq(&second.engine, &again.engine));
    }

    #[test]
    fn what_is_told_of_room_is_believed_for_a_while() {
        let engines = Engines::cells(Path::new("/run/cell.sock"));
        let name = engines.get(None).expect("an engine").name;
        let room = Room {
            memory_mib: 1,
            memory_free_mib: 1,
            disk_bytes: 10,
            disk_free_bytes: 0,
        };
        assert_eq!(engines.room(&name), None);
        let now = Instant::now();
        engines.hear_room(&name, room, now);
        assert_eq!(engines.room(&name), Some(room));
        let old = now.checked_sub(ROOM_HOLDS + Duration::from_secs(1));
        engines.hear_room(&name, room, old.expect("a time"));
        assert_eq!(engines.room(&name), None);
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_the_remedy() {
        let engines = Engines::cells(Path::new("/run/cell.sock"));
        for bad in ["", "cell.sock", "http://cell:80", "/run/\n"] {
            let refused = engines.get(Some(bad)).map(|_| ());
            assert!(
                refused.is_err_and(|why| why.contains("absolute path")),
                "{bad}"
            );
        }
    }
}
