//! Client authentication: `client_secret_basic` or `client_secret_post`, never both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use crate::parameters::{Parameters, is_form};
use crate::provider::Provider;
use crate::secret_token;
use crate::token::error::TokenError;

/// The form of a token request.
pub(crate) fn form(headers: &HeaderMap, body: &str) -> Result<Parameters, TokenError> {
    if is_form(headers) {
        Ok(Parameters::parse(body))
    } else {
        Err(TokenError::InvalidRequest(
            "Send a form: application/x-www-form-urlencoded.",
        ))
    }
}

/// The id of the client that proved itself.
pub(crate) fn check<'a>(
    provider: &'a Provider,
    headers: &HeaderMap,
    form: &Parameters,
) -> Result<&'a str, TokenError> {
    let (id, secret) = match headers.get(AUTHORIZATION) {
        Some(value) => {
            if form.once("client_secret")?.is_some() {
                return Err(TokenError::InvalidRequest(
                    "Authenticate the client in one way only.",
                ));
            }
            let (id, secret) = value
                .to_str()
                .ok()
                .and_then(basic)
                .ok_or(TokenError::InvalidClient)?;
            if form.once("client_id")?.is_some_and(|named| named != id) {
                return Err(TokenError::InvalidRequest(
                    "client_id names another client.",
                ));
            }
            (id, secret)
        }
        None => match (form.once("client_id")?, form.once("client_secret")?) {
            (Some(id), Some(secret)) => (id.to_owned(), secret.into()),
            _ => return Err(TokenError::InvalidClient),
        },
    };
    let client = provider.clients.get(&id).ok_or(TokenError::InvalidClient)?;
    if are_equal(&secret, &client.secret) {
        Ok(&client.id)
    } else {
        Err(TokenError::InvalidClient)
    }
}

/// Id and secret of a Basic header; both are form-encoded inside it.
fn basic(header: &str) -> Option<(String, SecretString)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?.into()))
}

fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    Some(
        pairs
            .next()
            .map(|(name, _)| name.into_owned())
            .unwrap_or_default(),
    )
}

/// Compares hashes, so that neither content nor length shows in the time taken.
fn are_equal(given: &SecretString, kept: &SecretString) -> bool {
    let given = secret_token::hash(given.expose_secret());
    let kept = secret_token::hash(kept.expose_secret());
    given.ct_eq(&kept).into()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::basic;

    #[test]
    fn id_and_secret_are_form_decoded() {
        // "por%3Atal:a%2Bb+c"
        let (id, secret) = basic("Basic cG9yJTNBdGFsOmElMkJiK2M=").expect("a pair");
        assert_eq!(id, "por:tal");
        assert_eq!(secret.expose_secret(), "a+b c");
    }

    #[test]
    fn other_schemes_are_refused() {
        assert!(basic("Bearer cG9yJTNBdGFsOmElMkJiK2M=").is_none());
        assert!(basic("Basic !").is_none());
        assert!(basic("Basic").is_none());
    }
}
