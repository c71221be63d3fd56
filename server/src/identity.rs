//! Who signs people in: the built-in provider at `/mxid`, or another issuer; and the portal as its client.

use crate::config::Config;
use crate::private_file;
use crate::routes::login::client::{CALLBACK, Client};
use anyhow::{Context, Result};
use control::state::State;
use secrecy::SecretString;
use std::sync::Arc;
use url::Url;

/// The client, and the built-in provider unless another issuer is set.
pub async fn open(config: &Config, control: &State) -> Result<(Client, Option<axum::Router>)> {
    if let Some(other) = &config.issuer {
        let client = Client::new(
            &other.issuer,
            other.client_id.clone(),
            &other.client_secret,
            &config.portal_url,
        );
        return Ok((client.context("MXID_ISSUER: cannot be used")?, None));
    }
    let secret = private_file::read_or_generate(&config.data.join("secrets").join("mxid-client"))?;
    built_in(control, secret).await
}

/// The built-in provider at `/mxid`, and the portal as its client.
pub async fn built_in(
    control: &State,
    secret: SecretString,
) -> Result<(Client, Option<axum::Router>)> {
    const CLIENT: &str = "portal";
    let portal_url = &control.config.portal_url;
    let issuer = Url::parse(&format!("{portal_url}/mxid"))?;
    let client = Client::new(&issuer, CLIENT.to_owned(), &secret, portal_url)?;
    let provider = mxid::Config {
        issuer,
        clients: vec![mxid::Client {
            id: CLIENT.to_owned(),
            secret,
            redirect_uris: vec![Url::parse(&format!("{portal_url}{CALLBACK}"))?],
            post_logout_redirect_uris: vec![Url::parse(&format!("{portal_url}/"))?],
        }],
    };
    let clock = Arc::clone(&control.clock);
    let router = mxid::router_with_clock(
        control.pool.clone(),
        provider,
        Arc::new(move || clock.now()),
    )
    .await;
    let router = router.context("starting MxID")?;
    Ok((client, Some(router)))
}
