//! Secrets on their way to an engine, whose channel and files are for the engine alone.

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

/// Writes a secret as it is; an engine must get it.
pub fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
