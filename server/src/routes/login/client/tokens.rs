//! The token request: a code for tokens.

use crate::routes::login::attempt::Attempt;
use crate::routes::login::client::SignInError;
use crate::routes::login::client::fields::Fields;
use crate::routes::login::client::http::{self, Http, HttpError};
use crate::routes::login::client::issuer::Metadata;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

const WHAT: &str = "place of its tokens";
/// The longest token that is taken.
const LONGEST: usize = 64 << 10;

/// As whom the portal speaks to the issuer.
pub struct Credentials {
    /// The client id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// What a code was exchanged for.
pub struct Tokens {
    /// The id token, not yet verified.
    pub id_token: String,
    /// What opens the rest that is said of the person.
    pub access_token: Option<SecretString>,
}

impl Credentials {
    /// Exchanges a code.
    pub async fn exchange(
        &self,
        http: &Http,
        metadata: &Metadata,
        code: &str,
        attempt: &Attempt,
        redirect: &str,
    ) -> Result<Tokens, SignInError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", &attempt.verifier),
        ];
        let secret = self.secret.expose_secret();
        let request = http.post(&metadata.token);
        let request = if metadata.secret_in_form {
            form.extend([("client_id", self.id.as_str()), ("client_secret", secret)]);
            request
        } else {
            // Both are form-encoded inside the header (RFC 6749, 2.3.1).
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            request.basic_auth(encoded(&self.id), Some(encoded(secret)))
        };
        let answer = http::send(request.form(&form)).await?;
        let fields = Fields::parse(&answer.body);
        match answer.status {
            StatusCode::OK => tokens(&fields.ok_or(HttpError::NotJson(WHAT))?),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(refusal(answer.status, fields.as_ref()))
            }
            status => Err(HttpError::Status { what: WHAT, status }.into()),
        }
    }
}

fn tokens(fields: &Fields) -> Result<Tokens, SignInError> {
    let token = |name| fields.long_text(name, LONGEST);
    Ok(Tokens {
        id_token: token("id_token")
            .ok_or(SignInError::Unproven {
                claim: "id_token",
                why: "is missing",
            })?
            .to_owned(),
        access_token: token("access_token").map(SecretString::from),
    })
}

fn refusal(status: StatusCode, fields: Option<&Fields>) -> SignInError {
    let error = fields.and_then(|fields| fields.text("error"));
    match error {
        Some("invalid_grant") => SignInError::CodeRefused,
        Some("invalid_client" | "unauthorized_client") => {
            SignInError::Misfit("it does not take MXID_CLIENT_ID and MXID_CLIENT_SECRET".to_owned())
        }
        // The standard's names are words; anything else is not for the log.
        Some(error) if error.len() <= 40 && error.bytes().all(is_of_a_name) => {
            SignInError::Misfit(format!("it refuses to exchange a code: {error}"))
        }
        _ => HttpError::Status { what: WHAT, status }.into(),
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}
