//! Whom a client expects: the person of an id token of ours.

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IssuerUrl, Nonce};
use uuid::Uuid;

use crate::Client;
use crate::provider::Provider;

/// Whose session a client expects.
pub(crate) enum Expected {
    /// It says nothing.
    Anyone,
    /// Its hint is no token that was made for it: whom it means is not known, so no session will do.
    Nobody,
    /// This account's.
    Account(Uuid),
}

/// The account that an id token of ours was made for, if it was made for this client; it may have expired.
pub(crate) fn account(provider: &Provider, client: &Client, token: &str) -> Option<Uuid> {
    let token: CoreIdToken = token.parse().ok()?;
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(client.id.clone()),
        IssuerUrl::new(provider.issuer.clone()).ok()?,
        provider.keys.public(provider.now()),
    )
    .set_allowed_algs([
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        // Keys of earlier installations, as long as they are published.
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    ])
    .set_time_fn(Default::default);
    let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(())).ok()?;
    claims.subject().parse().ok()
}
