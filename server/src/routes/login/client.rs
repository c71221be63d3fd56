//! The portal as a client of its issuer: discovery, authorization code with PKCE, id token checks.

use crate::routes::login::attempt::Attempt;
use control::error::BoxedError;
use futures::future::BoxFuture;
use openidconnect::core::{
    CoreAuthPrompt, CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm, CoreResponseType, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use url::Url;

/// The path that the issuer sends the browser back to.
pub const CALLBACK: &str = "/login/callback";

/// What id tokens may be signed with: ES256, as the built-in provider does, and RS256, which every other one can.
const SIGNED_WITH: [CoreJwsSigningAlgorithm; 2] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
];

const ANSWER_AT_MOST: usize = 1 << 20;
const ISSUER_MAY_TAKE: Duration = Duration::from_secs(10);
const METADATA_IS_GOOD_FOR: Duration = Duration::from_mins(10);

type Configured = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why someone could not sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The issuer does not answer, or not as one.
    #[error("the issuer cannot be asked")]
    Unreachable(#[source] BoxedError),
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
    /// A check of the answer failed.
    #[error("the issuer's answer is not proven")]
    Unproven(#[source] BoxedError),
    /// Proven, but nobody the portal knows or lets in.
    #[error("the person may not enter")]
    Refused(String),
}

/// Whom the issuer has signed in.
#[derive(Debug)]
pub struct Identity {
    /// The issuer.
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
    issuer: IssuerUrl,
    id: ClientId,
    secret: ClientSecret,
    redirect: RedirectUrl,
    after_sign_out: PostLogoutRedirectUrl,
    http: Http,
    metadata: Mutex<Option<(Instant, Arc<ProviderMetadataWithLogout>)>>,
}

impl Client {
    /// A client that is registered at `issuer` with the portal's callback address.
    pub fn new(
        issuer: &Url,
        id: String,
        secret: &SecretString,
        portal_url: &str,
    ) -> anyhow::Result<Self> {
        let exact = issuer.as_str();
        // A URL without a path is printed with a slash, while issuers name themselves without it.
        let issuer = if issuer.path() == "/" {
            exact.trim_end_matches('/')
        } else {
            exact
        };
        Ok(Self {
            issuer: IssuerUrl::new(issuer.to_owned())?,
            id: ClientId::new(id),
            secret: ClientSecret::new(secret.expose_secret().to_owned()),
            redirect: RedirectUrl::new(format!("{portal_url}{CALLBACK}"))?,
            after_sign_out: PostLogoutRedirectUrl::new(format!("{portal_url}/"))?,
            http: Http(
                reqwest::Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .timeout(ISSUER_MAY_TAKE)
                    .no_proxy()
                    .build()?,
            ),
            metadata: Mutex::new(None),
        })
    }

    /// The address to send the browser to, with the sealed attempt as its state.
    pub async fn address(
        &self,
        attempt: &Attempt,
        state: String,
        ask_again: bool,
    ) -> Result<Url, SignInError> {
        let client = self.configured(&*self.metadata().await?);
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
        self.issuer.url().origin().ascii_serialization()
    }

    /// Refuses an answer that names another issuer.
    pub fn check_issuer(&self, iss: Option<&str>) -> Result<(), SignInError> {
        match iss {
            Some(iss) if iss != self.issuer.as_str() => Err(SignInError::Unproven(
                "the answer names another issuer".into(),
            )),
            _ => Ok(()),
        }
    }

    /// Exchanges the code, and checks the id token: signature, issuer, audience, expiry and nonce.
    pub async fn redeem(&self, code: String, attempt: &Attempt) -> Result<Identity, SignInError> {
        let client = self.configured(&*self.metadata().await?);
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| SignInError::Unreachable(e.into()))?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                openidconnect::RequestTokenError::Request(cause) => {
                    SignInError::Unreachable(cause.into())
                }
                openidconnect::RequestTokenError::ServerResponse(refusal)
                    if *refusal.error() == CoreErrorResponseType::InvalidGrant =>
                {
                    SignInError::CodeRefused
                }
                other => SignInError::Unproven(other.to_string().into()),
            })?;
        let token = answer
            .id_token()
            .ok_or_else(|| SignInError::Unproven("there is no id token".into()))?;
        let claims = match verify(&client, token, &attempt.nonce) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // The issuer may have a new key since it was last asked.
                self.forget_metadata().await;
                verify(
                    &self.configured(&*self.metadata().await?),
                    token,
                    &attempt.nonce,
                )
            }
            verified => verified,
        };
        let claims = claims.map_err(|error| SignInError::Unproven(error.into()))?;
        let profile = match claims.email() {
            Some(_) => None,
            None => {
                self.profile(&client, answer.access_token().clone(), &claims)
                    .await?
            }
        };
        Ok(identity(&claims, profile.as_ref(), token))
    }

    /// Where the browser ends the issuer's session; none when the issuer offers no such place.
    pub async fn sign_out_url(&self, id_token: Option<SecretString>) -> Option<Url> {
        let metadata = self.metadata().await.ok()?;
        let endpoint = metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let mut request = LogoutRequest::from(endpoint)
            .set_client_id(self.id.clone())
            .set_post_logout_redirect_uri(self.after_sign_out.clone());
        if let Some(token) =
            id_token.and_then(|token| token.expose_secret().parse::<CoreIdToken>().ok())
        {
            request = request.set_id_token_hint(&token);
        }
        Some(request.http_get_url())
    }

    async fn profile(
        &self,
        client: &Configured,
        token: AccessToken,
        claims: &CoreIdTokenClaims,
    ) -> Result<Option<CoreUserInfoClaims>, SignInError> {
        let Ok(request) = client.user_info(token, Some(claims.subject().clone())) else {
            return Ok(None);
        };
        let profile = request.request_async(&self.http).await;
        profile
            .map(Some)
            .map_err(|error| SignInError::Unproven(error.to_string().into()))
    }

    fn configured(&self, metadata: &ProviderMetadataWithLogout) -> Configured {
        CoreClient::from_provider_metadata(
            metadata.clone(),
            self.id.clone(),
            Some(self.secret.clone()),
        )
        .set_redirect_uri(self.redirect.clone())
    }

    async fn metadata(&self) -> Result<Arc<ProviderMetadataWithLogout>, SignInError> {
        let mut cached = self.metadata.lock().await;
        if let Some((since, metadata)) = &*cached
            && since.elapsed() < METADATA_IS_GOOD_FOR
        {
            return Ok(Arc::clone(metadata));
        }
        let discovered =
            ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await;
        let metadata =
            Arc::new(discovered.map_err(|error| SignInError::Unreachable(error.into()))?);
        *cached = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }

    async fn forget_metadata(&self) {
        *self.metadata.lock().await = None;
    }
}

/// The HTTP client of the openidconnect crate: follows no redirect, waits and reads only so much.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = BoxFuture<'static, Result<HttpResponse, HttpError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(self.0.clone(), request))
    }
}

async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let mut response = http.execute(reqwest::Request::try_from(request)?).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_AT_MOST {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
}

/// Why the issuer gave no usable answer.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer is longer than 1 MiB")]
    TooLong,
}

fn verify(
    client: &Configured,
    token: &CoreIdToken,
    nonce: &str,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_WITH);
    token
        .claims(&verifier, &Nonce::new(nonce.to_owned()))
        .cloned()
}

fn identity(
    claims: &CoreIdTokenClaims,
    profile: Option<&CoreUserInfoClaims>,
    token: &CoreIdToken,
) -> Identity {
    let email = claims.email().or_else(|| profile?.email());
    let verified = claims
        .email_verified()
        .or_else(|| profile?.email_verified());
    let name = claims
        .name()
        .or_else(|| profile?.name())
        .and_then(|name| name.get(None));
    let email = email.map(|email| email.to_string()).unwrap_or_default();
    Identity {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        name: name.map_or_else(|| email.clone(), |name| name.to_string()),
        email,
        email_verified: verified.unwrap_or(false),
        id_token: token.to_string(),
    }
}
