//! An `OpenID` Connect provider as an axum router.
//!
//! It knows accounts (an address, a name, a password) and clients (from the configuration), signs
//! people in on plain HTML pages and hands out codes and id tokens: authorization code with PKCE
//! S256, nothing else. It has its own tables and shares none with its clients.
//!
//! What it trusts: its own rows. Nothing that a form or an address carries back is believed; the
//! authorization request is kept here and found again by a random id.

use std::collections::HashSet;

use axum::Router;
use secrecy::SecretString;
use sqlx::PgPool;
use url::Url;

use crate::clock::Clock;
use crate::provider::Provider;

pub mod accounts;
mod authorization;
mod caller;
mod claims;
pub mod clock;
mod cookie;
mod db;
mod device;
mod discovery;
mod email;
mod end_session;
mod error;
mod es256;
mod headers;
mod keys;
mod limits;
mod pages;
mod parameters;
mod password;
mod pkce;
mod provider;
pub mod routes;
mod secret_token;
mod session;
mod sign_in;
mod token;
mod userinfo;

/// What the provider is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// The issuer; the router is to be nested under its path.
    pub issuer: Url,
    /// The applications that may ask for a sign-in.
    pub clients: Vec<Client>,
}

/// An application that may ask for a sign-in.
#[derive(Debug, Clone)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// The client secret.
    pub secret: SecretString,
    /// Where a code may be sent; compared exactly.
    pub redirect_uris: Vec<Url>,
    /// Where a browser may go after sign-out; compared exactly.
    pub post_logout_redirect_uris: Vec<Url>,
}

/// Why the provider cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The configuration breaks a rule.
    #[error("{0}")]
    Config(String),
    /// The signing key cannot be made or read.
    #[error("the key that signs id tokens cannot be used: {0}")]
    Key(String),
    /// The password hashing does not work.
    #[error("passwords cannot be hashed: {0}")]
    Hashing(String),
    /// The database did not answer as expected.
    #[error("the tables of the sign-in cannot be read")]
    Database(#[from] sqlx::Error),
}

/// The provider with the machine's clock. The migrations are expected to be applied.
pub async fn router(pool: PgPool, config: Config) -> Result<Router, SetUpError> {
    router_with_clock(pool, config, clock::system()).await
}

/// The provider with a given clock.
pub async fn router_with_clock(
    pool: PgPool,
    config: Config,
    clock: Clock,
) -> Result<Router, SetUpError> {
    check(&config)?;
    let provider = Provider::new(pool, config, clock).await?;
    Ok(routes::assemble(provider))
}

fn check(config: &Config) -> Result<(), SetUpError> {
    let refuse = |message: String| Err(SetUpError::Config(message));
    if !is_plain_web_address(&config.issuer) || config.issuer.query().is_some() {
        return refuse(format!(
            "issuer {}: it must be an http or https address without query and fragment",
            config.issuer
        ));
    }
    let mut ids = HashSet::new();
    for client in &config.clients {
        if client.id.is_empty() || !client.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse(format!(
                "client {:?}: an id is made of visible ASCII characters",
                client.id
            ));
        }
        if !ids.insert(client.id.as_str()) {
            return refuse(format!("client {}: there are two of that id", client.id));
        }
        let uris = client
            .redirect_uris
            .iter()
            .chain(&client.post_logout_redirect_uris);
        if let Some(uri) = uris.into_iter().find(|uri| !is_plain_web_address(uri)) {
            return refuse(format!(
                "client {}: {uri} must be an http or https address without fragment",
                client.id
            ));
        }
    }
    Ok(())
}

fn is_plain_web_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}
