//! What PostgreSQL keeps of a password, made here: so no statement holds the password itself, and no
//! log of a server that writes statements down can.

use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret, SecretString};

/// The text that stands for the password in `create role … password '…'`. No quote is in it.
pub fn verifier(password: &SecretString) -> String {
    scram_sha_256(password.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::verifier;

    #[test]
    fn a_verifier_is_of_the_form_that_postgresql_takes_unread() {
        let verifier = verifier(&"it's a pencil".into());
        let rest = verifier.strip_prefix("SCRAM-SHA-256$4096:");
        let (salt, keys) = rest.and_then(|it| it.split_once('$')).expect("a salt");
        let (stored, server) = keys.split_once(':').expect("two keys");
        assert_eq!((salt.len(), stored.len(), server.len()), (24, 44, 44));
        assert!(!verifier.contains('\''));
    }

    #[test]
    fn no_two_verifiers_are_alike() {
        assert_ne!(verifier(&"pencil".into()), verifier(&"pencil".into()));
    }
}
