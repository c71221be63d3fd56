//! Starting an operation, in the transaction of the change that it belongs to.

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::sagas::parts::Parts;
use domain::actors::Actor;
use domain::subjects::Subject;
use domain::what_may::operations::UnderWay;
use saga::error::StartError;
use saga::lock::Lock;
use saga::saga::{NewSaga, Saga, SagaId, Starter};
use sqlx::PgConnection;

/// Starts an operation in the caller's transaction; only one at a time works on one subject.
pub(crate) async fn start<S: Saga<Context = Parts>>(
    ctx: &Ctx,
    db: &mut PgConnection,
    id: SagaId,
    subject: Subject,
    title: String,
    params: &S::Params,
) -> Result<()> {
    let new = NewSaga {
        id,
        scope: ctx.company.uuid(),
        subject: saga::saga::Subject::new(subject.kind.as_str(), subject.id),
        title,
        started_by: starter(ctx),
        locks: vec![Lock::exclusive(subject.id.to_string())],
    };
    saga::store::start::<S>(db, new, params, ctx.now())
        .await
        .map_err(|error| match error {
            StartError::Busy { title, stuck, .. } => {
                Error::Conflict(UnderWay { title, stuck }.reason())
            }
            StartError::Database(error) => error.into(),
            other @ StartError::Params { .. } => Error::internal("starting an operation", other),
        })
}

fn starter(ctx: &Ctx) -> Starter {
    let name = ctx.name.clone();
    match ctx.actor {
        Actor::Person { id, .. } => Starter::Person {
            id: id.uuid(),
            name,
        },
        Actor::ApiKey { id, .. } => Starter::ApiKey {
            id: id.uuid(),
            name,
        },
        Actor::System(_) => Starter::System { name },
    }
}
