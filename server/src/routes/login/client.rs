//! The portal as a client of its issuer: authorization code with PKCE.
//!
//! Issuers differ in what they write beside what is needed. So of each answer only the fields that are
//! needed are looked at, and those exactly.

mod fields;
mod http;
mod id_token;
mod issuer;
mod profile;
mod tokens;

use crate::routes::login::attempt::Attempt;
use control::error::BoxedError;
use fields::Fields;
use http::Http;
use id_token::{Expected, Refused};
use issuer::{Issuer, Metadata};
use openidconnect::core::{CoreAuthPrompt, CoreClient, CoreJsonWebKeySet, CoreResponseType};
use openidconnect::{
    AuthUrl, AuthenticationFlow, ClientId, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use time::OffsetDateTime;
use tokens::Credentials;
use url::Url;

/// The path that the issuer sends the browser back to.
pub const CALLBACK: &str = "/login/callback";

/// Why someone could not sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The issuer does not answer, or not as one.
    #[error("the issuer does not answer")]
    Unreachable(#[source] BoxedError),
    /// The issuer answers, but it and the portal are not set up for each other.
    #[error("the issuer and the portal are not set up for each other: {0}")]
    Misfit(String),
    /// The session store does not answer.
    #[error("the session cannot be read or written")]
    Session(#[from] tower_sessions::session::Error),
    /// The control plane failed.
    #[error("the person cannot be looked up")]
    Control(#[source] control::error::Error),
    /// The answer belongs to no sign-in of this browser.
    #[error("the answer belongs to no sign-in of this browser")]
    NotBegunHere,
    /// The browser keeps no cookie.
    #[error("the browser sent back no cookie of the sign-in")]
    NoCookies,
    /// The issuer does not take the code: it was used, or came too late.
    #[error("the issuer does not take the code")]
    CodeRefused,
    /// The issuer, or the person there, said no.
    #[error("the issuer gave no code")]
    Declined,
    /// A check of the answer failed. Both texts are the portal's own, and neither holds a value.
    #[error("the issuer's answer is not proven: {claim} {why}")]
    Unproven {
        /// The claim, or the part of the answer.
        claim: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Proven, but nobody the portal knows or lets in.
    #[error("the person may not enter")]
    Refused(String),
}

/// Whom the issuer has signed in.
#[derive(Debug)]
pub struct Identity {
    /// The issuer, as it names itself.
    pub issuer: String,
    /// The issuer's id for the person.
    pub subject: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Whether the issuer vouches for the address.
    pub email_verified: bool,
    /// The person's name.
    pub name: String,
    /// The token, to end the issuer's session with.
    pub id_token: String,
}

/// The client; its issuer is asked for its addresses and keys when they are first needed.
pub struct Client {
    issuer: Issuer,
    origin: String,
    credentials: Credentials,
    redirect: RedirectUrl,
    after_sign_out: String,
    http: Http,
}

impl Client {
    /// A client that is registered at `issuer` with the portal's callback address.
    pub fn new(
        issuer: &Url,
        id: String,
        secret: &SecretString,
        portal_url: &str,
    ) -> anyhow::Result<Self> {
        let http = Http::new()?;
        Ok(Self {
            issuer: Issuer::new(issuer, http.clone()),
            origin: issuer.origin().ascii_serialization(),
            credentials: Credentials {
                id,
                secret: secret.clone(),
            },
            redirect: RedirectUrl::new(format!("{portal_url}{CALLBACK}"))?,
            after_sign_out: format!("{portal_url}/"),
            http,
        })
    }

    /// The address to send the browser to, with the sealed attempt as its state.
    pub async fn address(
        &self,
        attempt: &Attempt,
        state: String,
        ask_again: bool,
    ) -> Result<Url, SignInError> {
        let metadata = self.issuer.metadata().await?;
        let misfit = |error: url::ParseError| SignInError::Misfit(error.to_string());
        let client = CoreClient::new(
            ClientId::new(self.credentials.id.clone()),
            IssuerUrl::new(metadata.issuer.clone()).map_err(misfit)?,
            CoreJsonWebKeySet::default(),
        )
        .set_auth_uri(AuthUrl::from_url(metadata.authorization.clone()))
        .set_redirect_uri(self.redirect.clone());
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let nonce = attempt.nonce.clone();
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if ask_again {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (url, ..) = request.url();
        Ok(url)
    }

    /// The issuer's scheme, host and port.
    pub fn issuer_origin(&self) -> String {
        self.origin.clone()
    }

    /// Refuses an answer that names another issuer.
    pub async fn check_issuer(&self, iss: Option<&str>) -> Result<(), SignInError> {
        match iss {
            Some(iss) if iss != self.issuer.metadata().await?.issuer => {
                Err(SignInError::Unproven {
                    claim: "iss",
                    why: "names another issuer",
                })
            }
            _ => Ok(()),
        }
    }

    /// Exchanges the code, and checks the id token: signature, issuer, audience, time and nonce.
    pub async fn redeem(
        &self,
        code: &str,
        attempt: &Attempt,
        now: OffsetDateTime,
    ) -> Result<Identity, SignInError> {
        let metadata = self.issuer.metadata().await?;
        let tokens = self
            .credentials
            .exchange(&self.http, &metadata, code, attempt, self.redirect.as_str())
            .await?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.credentials.id,
            nonce: &attempt.nonce,
            now,
        };
        let claims = self
            .verified(&tokens.id_token, &expected, &metadata)
            .await?;
        let subject = claims.text("sub").unwrap_or_default().to_owned();
        let profile = match (&metadata.userinfo, &tokens.access_token) {
            (Some(url), Some(token)) if !says_a_verified_address(&claims) => {
                profile::read(&self.http, url, token, &subject).await
            }
            _ => None,
        };
        let parts = [Some(&claims), profile.as_ref()];
        let said = || parts.into_iter().flatten();
        // Who vouches for an address is who says it.
        let (email, email_verified) = said()
            .filter(|it| says_a_verified_address(it))
            .chain(said())
            .find_map(|it| Some((profile::email(it)?, it.flag("email_verified"))))
            .unwrap_or_default();
        Ok(Identity {
            issuer: metadata.issuer.clone(),
            subject,
            email_verified: email_verified.unwrap_or(false),
            name: said()
                .find_map(profile::name)
                .unwrap_or_else(|| email.clone()),
            email,
            id_token: tokens.id_token,
        })
    }

    /// The claims of an id token. A signature that fits no known key may be of a new one, so the keys are
    /// read once more.
    async fn verified(
        &self,
        token: &str,
        expected: &Expected<'_>,
        metadata: &Arc<Metadata>,
    ) -> Result<Fields, SignInError> {
        let unsigned = || SignInError::Unproven {
            claim: "signature",
            why: "fits none of the issuer's keys",
        };
        match id_token::verify(token, expected, &metadata.keys) {
            Ok(claims) => return Ok(claims),
            Err(Refused::Claim { claim, why }) => return Err(SignInError::Unproven { claim, why }),
            Err(Refused::Signature) => {}
        }
        let newer = self.issuer.metadata_after(metadata).await?;
        let newer = newer.ok_or_else(unsigned)?;
        id_token::verify(token, expected, &newer.keys).map_err(|refused| match refused {
            Refused::Claim { claim, why } => SignInError::Unproven { claim, why },
            Refused::Signature => unsigned(),
        })
    }

    /// Where the browser ends the issuer's session; none when the issuer offers no such place.
    pub async fn sign_out_url(&self, id_token: Option<SecretString>) -> Option<Url> {
        let mut url = self.issuer.metadata().await.ok()?.end_session.clone()?;
        let mut query = url.query_pairs_mut();
        if let Some(token) = id_token {
            query.append_pair("id_token_hint", token.expose_secret());
        }
        query
            .append_pair("client_id", &self.credentials.id)
            .append_pair("post_logout_redirect_uri", &self.after_sign_out);
        drop(query);
        Some(url)
    }
}

fn says_a_verified_address(claims: &Fields) -> bool {
    profile::email(claims).is_some() && claims.flag("email_verified").is_some()
}
