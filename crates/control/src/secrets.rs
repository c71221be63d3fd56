//! Secrets at rest: sealed with XChaCha20-Poly1305 under one key of the installation.

use crate::error::{Error, Result};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::distr::{Alphanumeric, SampleString};
use secrecy::{ExposeSecret, SecretString};

/// Seals and opens secrets.
pub struct Secrets(XChaCha20Poly1305);

impl Secrets {
    /// Works with a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// A new random password: 32 letters and digits, about 190 bits.
    pub fn generate() -> SecretString {
        SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), 32))
    }

    /// Seals a secret; it opens again only for the same `owner` text.
    pub fn seal(&self, secret: &SecretString, owner: &str) -> Result<Vec<u8>> {
        let mut sealed = vec![0; 24];
        rand::rng().fill_bytes(&mut sealed);
        let nonce = XNonce::clone_from_slice(&sealed);
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: owner.as_bytes(),
        };
        let cipher = self
            .0
            .encrypt(&nonce, payload)
            .map_err(|_| Error::internal("sealing a secret", "encryption failed"))?;
        sealed.extend(cipher);
        Ok(sealed)
    }

    /// Opens what was sealed for `owner`.
    pub fn open(&self, sealed: &[u8], owner: &str) -> Result<SecretString> {
        let wrong = || {
            Error::internal(
                "opening a secret",
                "the installation's key does not open it",
            )
        };
        let (nonce, cipher) = sealed.split_at_checked(24).ok_or_else(wrong)?;
        let payload = Payload {
            msg: cipher,
            aad: owner.as_bytes(),
        };
        let clear = self
            .0
            .decrypt(XNonce::from_slice(nonce), payload)
            .map_err(|_| wrong())?;
        Ok(SecretString::from(
            String::from_utf8(clear).map_err(|_| wrong())?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_for_its_owner_only() {
        let secrets = Secrets::new(&[7; 32]);
        let password = Secrets::generate();
        let sealed = secrets.seal(&password, "environment 1").expect("seals");
        let opened = secrets.open(&sealed, "environment 1").expect("opens");
        assert_eq!(opened.expose_secret(), password.expose_secret());
        assert!(secrets.open(&sealed, "environment 2").is_err());
        assert!(secrets.open(&sealed[..10], "environment 1").is_err());
        assert!(
            Secrets::new(&[8; 32])
                .open(&sealed, "environment 1")
                .is_err()
        );
    }
}
