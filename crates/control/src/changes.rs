//! What changed, for the pages that show it: one listening connection for each process.

use crate::db::notify::CHANNEL;
use domain::ids::CompanyId;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use uuid::Uuid;

/// Keys of things that changed, of one company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The company; others never hear of it.
    pub scope: CompanyId,
    /// `apps`, `app:shop`, `environment:<id>`, `operations`, `operation:<id>`, `packages:shop`, `subject:<id>`.
    pub keys: Vec<String>,
}

/// What pages are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something changed.
    Change(Change),
    /// Changes may have been missed, anybody's: every page must ask anew.
    Missed,
}

#[derive(Deserialize)]
struct Payload {
    scope: Uuid,
    keys: Vec<String>,
}

/// Changes from now on, until the pool is closed.
pub fn listen(pool: &PgPool) -> broadcast::Sender<News> {
    let (sender, _) = broadcast::channel(1024);
    let (pool, out) = (pool.clone(), sender.clone());
    tokio::spawn(async move {
        while !pool.is_closed() {
            if let Err(error) = forward(&pool, &out).await
                && !pool.is_closed()
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "listening for changes failed, trying again"
                );
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    });
    sender
}

/// Ends when the connection does: what is announced before there is another one is lost.
async fn forward(pool: &PgPool, out: &broadcast::Sender<News>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Nobody listening is no error.
    let _ = out.send(News::Missed);
    while let Some(notification) = listener.try_recv().await? {
        match serde_json::from_str::<Payload>(notification.payload()) {
            Ok(payload) => {
                let _ = out.send(News::Change(Change {
                    scope: CompanyId::new(payload.scope),
                    keys: payload.keys,
                }));
            }
            Err(error) => tracing::warn!(%error, "a change notice could not be read"),
        }
    }
    Ok(())
}
