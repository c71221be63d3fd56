//! One line per event on the standard output, with a level for each part of the server.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::SystemTime;
use time::OffsetDateTime;
use time::macros::format_description;

/// Levels, most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing at all; no event has it.
    None,
    /// The app cannot go on.
    Critical,
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// What goes on.
    Info,
    /// For those who look for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// The level with this name in the protocol.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "NONE" => Self::None,
            "CRITICAL" => Self::Critical,
            "ERROR" => Self::Error,
            "WARNING" => Self::Warning,
            "INFO" => Self::Info,
            "DEBUG" => Self::Debug,
            "TRACE" => Self::Trace,
            _ => return None,
        })
    }

    /// The level's name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Critical => "CRITICAL",
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}

/// The parts of this server that log.
const NODES: [&str; 5] = [
    "Core",
    "ConnectionBus",
    "FileDocumentSource",
    "M2EE",
    "WebServer",
];

/// Writes events.
pub struct Journal {
    levels: Mutex<BTreeMap<&'static str, Level>>,
}

impl Journal {
    /// A journal at level INFO.
    pub fn new() -> Self {
        Self {
            levels: Mutex::new(NODES.map(|node| (node, Level::Info)).into()),
        }
    }

    /// The levels in force.
    pub fn levels(&self) -> BTreeMap<&'static str, Level> {
        self.levels.lock().expect("no writer panics").clone()
    }

    /// Sets the level of `node`, or of all with `*`; tells whether there is such a part.
    pub fn set_level(&self, node: &str, level: Level) -> bool {
        let mut levels = self.levels.lock().expect("no writer panics");
        let mut found = false;
        for (known, current) in levels.iter_mut() {
            if node == "*" || node == *known {
                *current = level;
                found = true;
            }
        }
        found
    }

    /// Something failed.
    pub fn error(&self, node: &'static str, message: &str) {
        self.write(Level::Error, node, message);
    }

    /// What goes on.
    pub fn info(&self, node: &'static str, message: &str) {
        self.write(Level::Info, node, message);
    }

    /// For those who look for a fault.
    pub fn debug(&self, node: &'static str, message: &str) {
        self.write(Level::Debug, node, message);
    }

    fn write(&self, level: Level, node: &'static str, message: &str) {
        if self.levels().get(node).is_some_and(|most| level > *most) {
            return;
        }
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        let at = OffsetDateTime::from(SystemTime::now())
            .format(format)
            .unwrap_or_default();
        let message = message.replace(['\n', '\r'], " ⏎ ");
        // Nobody may be listening any more; that is no reason to stop serving.
        let _ = writeln!(
            std::io::stdout().lock(),
            "{at} {} {node}: {message}",
            level.name()
        );
    }
}
