//! The package's fingerprint.

use crate::refusal::Refusal;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

pub(crate) fn sha256(file: &Path) -> Result<String, Refusal> {
    let mut file = File::open(file).map_err(Refusal::reading)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(Refusal::reading)? {
            0 => return Ok(hex::encode(digest.finalize())),
            read => digest.update(&piece[..read]),
        }
    }
}
