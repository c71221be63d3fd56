//! What is said of a person besides who it is: address and name.

use crate::routes::login::client::fields::Fields;
use crate::routes::login::client::http::{self, Http};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 200;

/// Asks the issuer for more of a person. Whom the portal knows already needs none of it, so a failure is
/// noted and no more.
pub async fn read(http: &Http, url: &Url, token: &SecretString, subject: &str) -> Option<Fields> {
    let request = http.get(url).bearer_auth(token.expose_secret());
    match http::object(request, "place of its profiles").await {
        Ok(profile) if profile.text("sub") == Some(subject) => Some(profile),
        Ok(_) => {
            tracing::warn!("the issuer's profile is that of another sub; it is passed over");
            None
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the issuer's profile of a person cannot be read");
            None
        }
    }
}

/// An address, if it can be one.
pub fn email(fields: &Fields) -> Option<String> {
    let email = fields.text("email")?.trim();
    let sound = email.len() <= LONGEST_EMAIL
        && email.contains('@')
        && !email.contains(|char: char| char.is_control() || char.is_whitespace());
    sound.then(|| email.to_owned())
}

/// A name, as much of it as is kept.
pub fn name(fields: &Fields) -> Option<String> {
    let name = fields.text("name")?;
    let kept = name.chars().filter(|char| !char.is_control());
    let name: String = kept.take(LONGEST_NAME).collect();
    (!name.trim().is_empty()).then_some(name)
}
