//! What every endpoint shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::PgPool;
use time::OffsetDateTime;
use url::Url;

use crate::caller::Caller;
use crate::clock::Clock;
use crate::keys::Keys;
use crate::limits::{Limits, TooOften};
use crate::secret_token::SecretToken;
use crate::{Client, Config, SetUpError, password};

/// The provider's state.
pub(crate) struct Provider {
    pub(crate) pool: PgPool,
    pub(crate) issuer: String,
    pub(crate) origin: String,
    /// The path under which the pages are, with a slash at its end.
    pub(crate) path: String,
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    /// Verified against for an unknown account, so that it takes as long as a known one.
    pub(crate) nobodys_hash: String,
    clock: Clock,
}

impl Provider {
    pub(crate) async fn new(
        pool: PgPool,
        config: Config,
        clock: Clock,
    ) -> Result<Arc<Self>, SetUpError> {
        let keys = Keys::load(&pool, clock()).await?;
        let nobodys_hash = password::hash(SecretToken::new().text.into())
            .await
            .map_err(|error| SetUpError::Hashing(error.to_string()))?;
        Ok(Arc::new(Self {
            pool,
            issuer: config.issuer.as_str().trim_end_matches('/').to_owned(),
            origin: config.issuer.origin().ascii_serialization(),
            path: format!("{}/", config.issuer.path().trim_end_matches('/')),
            clients: config
                .clients
                .into_iter()
                .map(|it| (it.id.clone(), it))
                .collect(),
            keys,
            limits: Limits::new(),
            nobodys_hash,
            clock,
        }))
    }

    /// Counts a request that asks the database something before anybody has signed in: with others at its address,
    /// or, of a browser that has signed in before, by itself.
    pub(crate) fn count_page(&self, caller: &Caller) -> Result<(), TooOften> {
        let device = self
            .keys
            .devices
            .known_to_any(caller.device_cookie.as_deref());
        self.limits.page(device.unwrap_or(&caller.network))
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// An endpoint's full address.
    pub(crate) fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Whether the browser may be sent there with a client's code.
    pub(crate) fn client_with_redirect(&self, client_id: &str, uri: &str) -> Option<&Client> {
        self.clients
            .get(client_id)
            .filter(|client| contains(&client.redirect_uris, uri))
    }
}

/// Exact comparison: neither a longer path nor another port will do.
pub(crate) fn contains(registered: &[Url], uri: &str) -> bool {
    registered.iter().any(|it| it.as_str() == uri)
}
