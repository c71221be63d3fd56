//! What PostgreSQL keeps of a password (RFC 5803), made here: so no statement holds the password
//! itself, and no log of a server that writes statements down can.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What PostgreSQL itself does.
const ITERATIONS: u32 = 4096;

/// The text that stands for the password in `create role … password '…'`. The password is ASCII.
pub fn verifier(password: &SecretString) -> String {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    with_salt(password, &salt)
}

fn with_salt(password: &SecretString, salt: &[u8]) -> String {
    let salted = stretch(password.expose_secret().as_bytes(), salt);
    let stored = Sha256::digest(hmac(&salted, &[b"Client Key"]));
    let server = hmac(&salted, &[b"Server Key"]);
    let [salt, stored, server] = [salt, &stored, &server].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{server}")
}

/// PBKDF2 with HMAC-SHA-256, of which one block is asked for.
fn stretch(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let mut last = hmac(password, &[salt, &1_u32.to_be_bytes()]);
    let mut stretched = last;
    for _ in 1..ITERATIONS {
        last = hmac(password, &[&last]);
        for (sum, byte) in stretched.iter_mut().zip(last) {
            *sum ^= byte;
        }
    }
    stretched
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::{verifier, with_salt};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// The password and salt of RFC 7677's example.
    #[test]
    fn a_verifier_is_what_postgresql_makes() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("a salt");
        assert_eq!(
            with_salt(&"pencil".into(), &salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn no_two_verifiers_are_alike() {
        assert_ne!(verifier(&"pencil".into()), verifier(&"pencil".into()));
    }
}
