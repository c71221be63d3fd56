//! What changed, for the pages that show it: one listening connection for each process.

use crate::background::task::Task;
use crate::db::notify::CHANNEL;
use crate::error::Error;
use domain::ids::CompanyId;
use domain::topics::Topic;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What pages are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// These things of a company changed; other companies never hear of it.
    Changed(CompanyId, Vec<Topic>),
    /// Some updates may have been lost, anybody's: every page must ask anew.
    Lagged,
}

#[derive(Deserialize)]
struct Payload {
    scope: Uuid,
    keys: Vec<String>,
}

/// Where updates are told; [`task`] tells them.
pub fn channel() -> broadcast::Sender<Update> {
    broadcast::channel(1024).0
}

/// Listens to the database and tells `out`; every replica does.
pub fn task(pool: &PgPool, out: &broadcast::Sender<Update>, shutdown: &CancellationToken) -> Task {
    let (pool, out, shutdown) = (pool.clone(), out.clone(), shutdown.clone());
    Task::endless("live_updates", move || {
        let (pool, out, shutdown) = (pool.clone(), out.clone(), shutdown.clone());
        async move {
            let forwarding = shutdown.run_until_cancelled(forward(&pool, &out));
            match forwarding.await {
                Some(Ok(())) => Err(Error::internal(
                    "listening for changes",
                    "the database ended the connection",
                )),
                Some(Err(error)) => Err(error.into()),
                None => Ok(()),
            }
        }
    })
}

/// Ends when the connection does: what is announced before there is another one is lost.
async fn forward(pool: &PgPool, out: &broadcast::Sender<Update>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Nobody listening is no error.
    let _ = out.send(Update::Lagged);
    while let Some(notification) = listener.try_recv().await? {
        if let Some(update) = read(notification.payload()) {
            let _ = out.send(update);
        } else {
            tracing::warn!("a change notice could not be read");
        }
    }
    Ok(())
}

/// The update in a notification; a topic of a newer release is passed over.
fn read(payload: &str) -> Option<Update> {
    let payload: Payload = serde_json::from_str(payload).ok()?;
    let topics = payload.keys.iter().filter_map(|key| key.parse().ok());
    Some(Update::Changed(
        CompanyId::new(payload.scope),
        topics.collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OperationId;

    #[test]
    fn topics_are_read_and_unknown_ones_passed_over() {
        let id = Uuid::from_u128(5);
        let payload = format!(r#"{{"scope":"{id}","keys":["operation:{id}","moons"]}}"#);
        let expected = Update::Changed(
            CompanyId::new(id),
            vec![Topic::Operation(OperationId::new(id))],
        );
        assert_eq!(read(&payload), Some(expected));
        assert_eq!(read("{}"), None);
    }
}
