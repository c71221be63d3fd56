//! Passwords: what is accepted, and argon2id.
//!
//! 19 MiB, two passes, one lane. Hashing runs on blocking threads, a few at once, so that a flood
//! of sign-ins takes neither all memory nor all processors.

use std::collections::HashSet;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const SHORTEST: usize = 12;
/// The most characters that a password has.
pub(crate) const LONGEST: usize = 128;
/// What is said of a longer one.
pub(crate) const TOO_LONG: &str = "The password is too long: use at most 128 characters.";
const FEWEST_DIFFERENT: usize = 5;

static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// Long enough, and still among the first that anyone tries.
const COMMON: [&str; 32] = [
    "123456789012",
    "1234567890123",
    "12345678901234",
    "1234567890123456",
    "administrator",
    "administrator1",
    "changemechangeme",
    "changemenow123",
    "correcthorsebatterystaple",
    "iloveyou1234",
    "iloveyouforever",
    "letmeinletmein",
    "letmeinplease",
    "passw0rd1234",
    "passw0rdpassw0rd",
    "password1234",
    "password12345",
    "password123456",
    "password123!",
    "password1234!",
    "passwordpassword",
    "p@ssw0rd1234",
    "q1w2e3r4t5y6",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "1q2w3e4r5t6y",
    "thisismypassword",
    "welcome12345",
    "welcomewelcome",
];

/// Hashing failed: the text says how.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub(crate) struct HashError(String);

/// Refuses a password that is too short, too long or easily guessed; says the rule and the remedy.
pub(crate) fn check(password: &SecretString, email: &str) -> Result<(), &'static str> {
    let text = password.expose_secret();
    let length = text.chars().count();
    if length < SHORTEST {
        return Err("The password is too short: use at least 12 characters.");
    }
    if length > LONGEST {
        return Err(TOO_LONG);
    }
    let lower = text.to_lowercase();
    let different = lower.chars().collect::<HashSet<_>>().len();
    if different < FEWEST_DIFFERENT || COMMON.contains(&lower.as_str()) {
        return Err("The password is among the first that anyone tries: choose another one.");
    }
    if lower == email {
        return Err("The password is the email address: choose another one.");
    }
    Ok(())
}

/// The hash to keep.
pub(crate) async fn hash(password: SecretString) -> Result<String, HashError> {
    in_turn(move || {
        let mut salt = [0_u8; 16];
        rand::rng().fill_bytes(&mut salt);
        let salt = SaltString::encode_b64(&salt).map_err(|error| HashError(error.to_string()))?;
        let hash = argon2id()?
            .hash_password(password.expose_secret().as_bytes(), &salt)
            .map_err(|error| HashError(error.to_string()))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one behind the hash.
pub(crate) async fn verify(password: SecretString, hash: String) -> Result<bool, HashError> {
    in_turn(move || {
        let hash = PasswordHash::new(&hash).map_err(|error| HashError(error.to_string()))?;
        Ok(argon2id()?
            .verify_password(password.expose_secret().as_bytes(), &hash)
            .is_ok())
    })
    .await
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let permit = AT_ONCE
        .acquire()
        .await
        .map_err(|error| HashError(error.to_string()))?;
    tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    })
    .await
    .map_err(|error| HashError(error.to_string()))?
}

fn argon2id() -> Result<Argon2<'static>, HashError> {
    let params =
        Params::new(MEMORY_KIB, 2, 1, None).map_err(|error| HashError(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::{check, hash, verify};

    #[test]
    fn the_length_is_counted_in_characters() {
        let email = "ada@example.com";
        assert!(check(&"elf zeichen".into(), email).is_err());
        assert!(check(&"zwölf zeiche".into(), email).is_ok());
        assert!(check(&"abcdefgh".repeat(16).into(), email).is_ok());
        assert!(check(&format!("{}x", "abcdefgh".repeat(16)).into(), email).is_err());
    }

    #[test]
    fn what_anyone_tries_first_is_refused() {
        for text in [
            "Password1234",
            "aaaaaaaaaaaaaaaa",
            "121212121212",
            "Ada@Example.com",
        ] {
            assert!(check(&text.into(), "ada@example.com").is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_hash_names_its_parameters_and_fits_its_password_only() {
        let kept = hash("a quiet walk at noon".into()).await.expect("a hash");
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(
            verify("a quiet walk at noon".into(), kept.clone())
                .await
                .expect("an answer")
        );
        assert!(
            !verify("a quiet walk at dusk".into(), kept)
                .await
                .expect("an answer")
        );
    }
}
