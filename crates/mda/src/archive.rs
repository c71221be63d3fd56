//! An archive whose directory and headers have been found sound.

use crate::directory::{self, Entry};
use crate::end_record;
use crate::limits::Limits;
use crate::local_headers;
use crate::names;
use crate::refusal::{Refusal, Rule};
use std::fs::File;
use std::path::Path;

pub(crate) struct Archive {
    pub(crate) file: File,
    pub(crate) bytes: u64,
    pub(crate) entries: Vec<Entry>,
    /// Files and folders, also folders without an entry.
    pub(crate) places: u64,
}

impl Archive {
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(Refusal::reading)?;
        let bytes = file.metadata().map_err(Refusal::reading)?.len();
        if bytes > limits.package_bytes {
            return Err(Refusal::new(
                Rule::PackageSize,
                format!(
                    "The package has {bytes} bytes; at most {} are allowed. Make it smaller, or \
                     ask an administrator for a higher limit.",
                    limits.package_bytes
                ),
            ));
        }
        let end = end_record::find(&file, bytes)?;
        let entries = directory::read(&file, &end, limits)?;
        let places = names::check_unique(&entries, limits)?;
        local_headers::check(&file, &entries, end.directory_start)?;
        Ok(Self {
            file,
            bytes,
            entries,
            places,
        })
    }
}
