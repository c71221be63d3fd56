//! The header that proves knowledge of the admin password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Name of the header.
pub const HEADER: &str = "x-m2ee-authentication";

/// The header's value for `password`; marked sensitive, so that it is not printed.
pub fn header_value(password: &SecretString) -> HeaderValue {
    let encoded = STANDARD.encode(password.expose_secret());
    let mut value =
        HeaderValue::try_from(encoded).expect("base64 has only characters a header may have");
    value.set_sensitive(true);
    value
}

/// Whether `presented` proves knowledge of `password`; takes as long for a wrong one.
pub fn accepts(password: &SecretString, presented: Option<&HeaderValue>) -> bool {
    presented.is_some_and(|presented| {
        bool::from(
            header_value(password)
                .as_bytes()
                .ct_eq(presented.as_bytes()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{accepts, header_value};
    use http::HeaderValue;
    use secrecy::SecretString;

    #[test]
    fn only_the_same_password_is_accepted() {
        let password = SecretString::from("correct horse");
        assert!(accepts(&password, Some(&header_value(&password))));
        assert!(!accepts(
            &password,
            Some(&header_value(&SecretString::from("correct hors")))
        ));
        assert!(!accepts(
            &password,
            Some(&HeaderValue::from_static("correct horse"))
        ));
        assert!(!accepts(&password, None));
    }

    #[test]
    fn the_header_does_not_print_the_password() {
        let value = header_value(&SecretString::from("correct horse"));
        assert_eq!(value.to_str().expect("text"), "Y29ycmVjdCBob3JzZQ==");
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
