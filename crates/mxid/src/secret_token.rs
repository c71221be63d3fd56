//! Random secrets that only their holder keeps: codes, tokens, session ids, request ids.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

/// 256 random bits, as text for the holder and as SHA-256 for the table.
///
/// A plain hash is enough here: nobody guesses 256 random bits.
pub(crate) struct SecretToken {
    pub(crate) text: String,
    pub(crate) hash: [u8; 32],
}

impl SecretToken {
    pub(crate) fn new() -> Self {
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&text);
        Self { text, hash }
    }
}

/// The hash under which a token's row is found.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
