//! Why a package is not accepted.

use std::io;

/// The rule that a package breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// It is a zip archive.
    Zip,
    /// It is whole.
    Whole,
    /// It has content.
    NotEmpty,
    /// It is no larger than allowed.
    PackageSize,
    /// It unpacks to no more than allowed.
    UnpackedSize,
    /// It has no more entries than allowed.
    Entries,
    /// It is not packed beyond reason.
    Ratio,
    /// Its entries carry little beside their names and data.
    Extras,
    /// Its names stay within the package.
    Names,
    /// Each name is there once, whatever its case.
    Unique,
    /// It has files and folders only.
    FilesOnly,
    /// Its directory, headers and data agree, and nothing overlaps.
    Consistent,
    /// It is not encrypted and compressed in a known way.
    Readable,
    /// It has `model/metadata.json`.
    Metadata,
    /// It is made for a runtime that is supported.
    RuntimeVersion,
    /// It has a version of its own.
    ModelVersion,
    /// The machine could read the file. Not the package's fault.
    MachineReads,
    /// The machine could write what comes out. Not the package's fault.
    MachineWrites,
}

impl Rule {
    /// Whether the machine failed, rather than the package.
    pub fn is_about_the_machine(self) -> bool {
        matches!(self, Self::MachineReads | Self::MachineWrites)
    }
}

/// Why a package is not accepted: a sentence with the rule and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The broken rule.
    pub rule: Rule,
    /// What a person reads.
    pub message: String,
    #[source]
    source: Option<io::Error>,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn reading(source: io::Error) -> Self {
        Self {
            rule: Rule::MachineReads,
            message: "The package could not be read from disk. Try again.".into(),
            source: Some(source),
        }
    }

    pub(crate) fn writing(what: &str, source: io::Error) -> Self {
        let remedy = match source.kind() {
            io::ErrorKind::StorageFull => "the disk is full: free some space, then try again",
            _ => "try again",
        };
        Self {
            rule: Rule::MachineWrites,
            message: format!("“{what}” could not be written; {remedy}."),
            source: Some(source),
        }
    }

    /// Something in the archive contradicts something else in it.
    pub(crate) fn inconsistent(what: impl std::fmt::Display) -> Self {
        Self::new(
            Rule::Consistent,
            format!("The package is damaged or made to deceive: {what}. Create it again."),
        )
    }
}
