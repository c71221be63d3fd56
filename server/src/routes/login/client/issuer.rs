//! What the issuer says of itself: its addresses and keys.
//!
//! They are asked for once by all who need them at one time, and read to the end whoever stays; nobody waits
//! behind a lock.

use crate::routes::login::client::SignInError;
use crate::routes::login::client::fields::Fields;
use crate::routes::login::client::http::{self, Http, HttpError};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use openidconnect::core::CoreJsonWebKeySet;
use reqwest::StatusCode;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

const GOOD_FOR: Duration = Duration::from_mins(10);
/// Signatures that fit no key may have everything read again this often, and a few times more at once.
const AGAIN_EVERY: Duration = Duration::from_secs(10);
const AGAIN_AT_ONCE: NonZeroU32 = NonZeroU32::new(3).expect("3 is not zero");

/// What is needed of the metadata, and the keys.
#[derive(Debug)]
pub struct Metadata {
    /// The issuer, exactly as it names itself.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization: Url,
    /// Where codes are exchanged.
    pub token: Url,
    /// Where more is said of a person.
    pub userinfo: Option<Url>,
    /// Where a browser signs out.
    pub end_session: Option<Url>,
    /// Whether the client's secret goes into the form, since nothing else is taken.
    pub secret_in_form: bool,
    /// The keys.
    pub keys: CoreJsonWebKeySet,
}

type Reading = Shared<BoxFuture<'static, Result<Arc<Metadata>, Arc<MetadataError>>>>;

#[derive(Debug, thiserror::Error)]
enum MetadataError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{0}")]
    Misfit(String),
}

#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    reading: Option<Reading>,
}

/// The issuer.
pub struct Issuer {
    /// As the operator names it, without a slash at its end.
    address: String,
    http: Http,
    known: Arc<Mutex<Known>>,
    again: DefaultDirectRateLimiter,
}

impl Issuer {
    /// The issuer at an address, which nothing is asked of yet.
    pub fn new(address: &Url, http: Http) -> Self {
        let quota = Quota::with_period(AGAIN_EVERY).expect("ten seconds are longer than nothing");
        Self {
            address: address.as_str().trim_end_matches('/').to_owned(),
            http,
            known: Arc::default(),
            again: RateLimiter::direct(quota.allow_burst(AGAIN_AT_ONCE)),
        }
    }

    /// The metadata, ten minutes old at most.
    pub async fn metadata(&self) -> Result<Arc<Metadata>, SignInError> {
        let known = self.known().metadata.clone();
        match known {
            Some((since, metadata)) if since.elapsed() < GOOD_FOR => Ok(metadata),
            _ => self.read().await,
        }
    }

    /// Metadata that is newer than the one whose keys did not fit; nothing when it was read again too
    /// often.
    pub async fn metadata_after(
        &self,
        before: &Arc<Metadata>,
    ) -> Result<Option<Arc<Metadata>>, SignInError> {
        let known = self.known().metadata.clone();
        match known {
            Some((_, metadata)) if !Arc::ptr_eq(&metadata, before) => Ok(Some(metadata)),
            _ if self.again.check().is_err() => Ok(None),
            _ => self.read().await.map(Some),
        }
    }

    async fn read(&self) -> Result<Arc<Metadata>, SignInError> {
        let reading = self
            .known()
            .reading
            .get_or_insert_with(|| {
                let reading = read(self.address.clone(), self.http.clone())
                    .map(|read| read.map(Arc::new).map_err(Arc::new))
                    .boxed()
                    .shared();
                tokio::spawn(keep(Arc::clone(&self.known), reading.clone()));
                reading
            })
            .clone();
        reading.await.map_err(|error| match &*error {
            MetadataError::Misfit(text) => SignInError::Misfit(text.clone()),
            MetadataError::Http(_) => SignInError::Unreachable(error.into()),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads to the end, and keeps what was read: who waits for it may go away.
async fn keep(known: Arc<Mutex<Known>>, reading: Reading) {
    let read = reading.await;
    let mut known = lock(&known);
    known.reading = None;
    if let Ok(metadata) = read {
        known.metadata = Some((Instant::now(), metadata));
    }
}

async fn read(address: String, http: Http) -> Result<Metadata, MetadataError> {
    let misfit = |text: String| MetadataError::Misfit(text);
    let document = format!("{address}/.well-known/openid-configuration");
    let url = Url::parse(&document).map_err(|error| misfit(error.to_string()))?;
    let fields = http::object(http.get(&url), "metadata").await?;
    // Issuers differ in whether their name ends with a slash; theirs is what tokens carry.
    let issuer = fields
        .text("issuer")
        .filter(|issuer| issuer.strip_suffix('/').unwrap_or(issuer) == address)
        .ok_or_else(|| {
            misfit("the issuer names itself otherwise than MXID_ISSUER does".to_owned())
        })?;
    let needed = |name: &str| {
        address_in(&fields, name).ok_or_else(|| {
            misfit(format!(
                "the issuer's metadata has no web address in `{name}`"
            ))
        })
    };
    let keys = keys(&http, &needed("jwks_uri")?).await?;
    let methods = fields.texts("token_endpoint_auth_methods_supported");
    let takes = |method| methods.as_ref().is_none_or(|it| it.contains(&method));
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization: needed("authorization_endpoint")?,
        token: needed("token_endpoint")?,
        userinfo: address_in(&fields, "userinfo_endpoint"),
        end_session: address_in(&fields, "end_session_endpoint"),
        secret_in_form: !takes("client_secret_basic") && takes("client_secret_post"),
        keys,
    })
}

async fn keys(http: &Http, url: &Url) -> Result<CoreJsonWebKeySet, HttpError> {
    const WHAT: &str = "place of its keys";
    let answer = http::send(http.get(url)).await?;
    if answer.status != StatusCode::OK {
        return Err(HttpError::Status {
            what: WHAT,
            status: answer.status,
        });
    }
    serde_json::from_slice(&answer.body).map_err(|_| HttpError::NotJson(WHAT))
}

fn address_in(fields: &Fields, name: &str) -> Option<Url> {
    let url = Url::parse(fields.text(name)?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}
