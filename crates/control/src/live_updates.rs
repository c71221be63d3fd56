//! What changed, for the pages that show it: one listening connection for each process.

use crate::background::task::Task;
use crate::db;
use crate::db::notify::CHANNEL;
use crate::error::{Error, Result};
use domain::ids::{CompanyId, PersonId};
use domain::topics::Topic;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What pages are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Some things of a company changed; other companies never hear of it.
    Changed {
        /// The company.
        company: CompanyId,
        /// The things.
        topics: Vec<Topic>,
        /// Who of the company is to hear of it.
        audience: Audience,
    },
    /// Some updates of a company may have been lost: each of its pages must ask anew.
    Lost(CompanyId),
    /// Some updates may have been lost, anybody's: every page must ask anew.
    Lagged,
}

/// Who hears of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everyone: what changed is the whole company's, or is gone.
    Everyone,
    /// The teams of the apps that changed, or that what changed belongs to.
    Teams(Arc<HashSet<PersonId>>),
}

impl Audience {
    /// Whether a person is in it.
    pub fn includes(&self, person: PersonId) -> bool {
        match self {
            Self::Everyone => true,
            Self::Teams(people) => people.contains(&person),
        }
    }
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
                Some(Err(error)) => Err(error),
                None => Ok(()),
            }
        }
    })
}

/// Ends when the connection does: what is announced before there is another one is lost.
async fn forward(pool: &PgPool, out: &broadcast::Sender<Update>) -> Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    // Nobody listening is no error.
    let _ = out.send(Update::Lagged);
    while let Some(notification) = listener.try_recv().await? {
        let Some((company, topics)) = read(notification.payload()) else {
            tracing::warn!("a change notice could not be read");
            continue;
        };
        let update = match audience(pool, company, &topics).await {
            Ok(audience) => Update::Changed {
                company,
                topics,
                audience,
            },
            Err(error) => {
                tracing::warn!(
                    company = %company,
                    error = &error as &dyn std::error::Error,
                    "it is not known whom a change is to be told to"
                );
                Update::Lost(company)
            }
        };
        let _ = out.send(update);
    }
    Ok(())
}

/// Whose teams may see what changed. Asked once for each change and process, however many listen, and
/// anew each time: nobody hears more than they may see now.
async fn audience(pool: &PgPool, company: CompanyId, topics: &[Topic]) -> Result<Audience> {
    let things: Vec<Uuid> = topics.iter().filter_map(Topic::thing).collect();
    if things.is_empty() {
        return Ok(Audience::Everyone);
    }
    let teams = db::audience::of(&mut *pool.acquire().await?, company, &things).await?;
    Ok(teams.map_or(Audience::Everyone, |people| {
        Audience::Teams(Arc::new(people))
    }))
}

/// What a notification tells; a topic of a newer release is passed over.
fn read(payload: &str) -> Option<(CompanyId, Vec<Topic>)> {
    let payload: Payload = serde_json::from_str(payload).ok()?;
    let topics = payload.keys.iter().filter_map(|key| key.parse().ok());
    Some((CompanyId::new(payload.scope), topics.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OperationId;

    #[test]
    fn topics_are_read_and_unknown_ones_passed_over() {
        let id = Uuid::from_u128(5);
        let payload = format!(r#"{{"scope":"{id}","keys":["operation:{id}","moons"]}}"#);
        let expected = (
            CompanyId::new(id),
            vec![Topic::Operation(OperationId::new(id))],
        );
        assert_eq!(read(&payload), Some(expected));
        assert_eq!(read("{}"), None);
    }
}
