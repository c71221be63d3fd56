//! Browsers that have signed in to an account before, known by a cookie (OWASP's device cookie).
//!
//! The cookie holds a random id and a proof that this provider gave it out after a sign-in to one
//! account. It opens nothing: attempts from such a browser are only counted apart, so that guesses
//! made elsewhere do not stop it. Nothing is kept here; every replica can check the proof.

use axum_extra::extract::cookie::Cookie;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use openidconnect::PrivateSigningKey;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm};
use subtle::ConstantTimeEq;
use time::Duration;

use crate::cookie;
use crate::secret_token::{self, SecretToken};

/// The cookie's name.
pub(crate) const COOKIE: &str = "__Host-mxid-device";

const LIFE: Duration = Duration::days(365);
/// Stands for every account; no address is like this.
const ANY_ACCOUNT: &str = "\n";

/// Makes and checks the cookies.
pub(crate) struct Devices {
    key: CoreHmacKey,
}

impl Devices {
    /// The key comes from a secret that all replicas share and that outlives a restart.
    pub(crate) fn new(secret: &str) -> Self {
        let key = secret_token::hash(&format!("device cookies\n{secret}"));
        Self {
            key: CoreHmacKey::new(key),
        }
    }

    /// The header value that makes a browser known for the account from now on.
    pub(crate) fn cookie(&self, account: &str) -> HeaderValue {
        let id = SecretToken::new().text;
        let value = format!(
            "{id}.{}.{}",
            self.proof(&id, account),
            self.proof(&id, ANY_ACCOUNT)
        );
        let mut cookie = Cookie::new(COOKIE, value);
        cookie.set_max_age(LIFE);
        cookie::header(cookie)
    }

    /// The id of a browser that has signed in to the account before.
    pub(crate) fn known<'a>(&self, account: &str, cookie: Option<&'a str>) -> Option<&'a str> {
        self.check(cookie?, 1, account)
    }

    /// The id of a browser that has signed in to some account before.
    pub(crate) fn known_to_any<'a>(&self, cookie: Option<&'a str>) -> Option<&'a str> {
        self.check(cookie?, 2, ANY_ACCOUNT)
    }

    fn check<'a>(&self, cookie: &'a str, place: usize, account: &str) -> Option<&'a str> {
        let (id, _) = cookie.split_once('.')?;
        let proof = cookie.split('.').nth(place)?;
        let expected = self.proof(id, account);
        bool::from(proof.as_bytes().ct_eq(expected.as_bytes())).then_some(id)
    }

    fn proof(&self, id: &str, account: &str) -> String {
        let message = format!("{id}\n{account}");
        let proof = self
            .key
            .sign(&CoreJwsSigningAlgorithm::HmacSha256, message.as_bytes())
            .expect("a key of bytes makes an HMAC");
        URL_SAFE_NO_PAD.encode(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::{COOKIE, Devices};

    #[test]
    fn a_browser_is_known_for_one_account_under_one_key() {
        let devices = Devices::new("secret");
        let set = devices.cookie("ada@example.com");
        let set = set.to_str().expect("text");
        let value = set
            .strip_prefix(&format!("{COOKIE}="))
            .and_then(|it| it.split(';').next());
        let (id, proof) = value.and_then(|it| it.split_once('.')).expect("a proof");
        assert_eq!(devices.known_to_any(value), Some(id));
        let only = format!("{id}.{}", devices.proof(id, "ada@example.com"));
        assert_eq!(devices.known_to_any(Some(&only)), None);
        assert_eq!(devices.known("ada@example.com", value), Some(id));
        assert_eq!(devices.known("eve@example.com", value), None);
        assert_eq!(Devices::new("other").known("ada@example.com", value), None);
        let forged = format!("x{id}.{proof}");
        assert_eq!(devices.known("ada@example.com", Some(&forged)), None);
        for none in [None, Some(""), Some("."), Some(id)] {
            assert_eq!(devices.known("ada@example.com", none), None, "{none:?}");
        }
    }
}
