//! The rows of a run that starts.

use serde::ser::Error;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::lane::Lane;
use crate::run::RunState;
use crate::saga::{NewSaga, Saga, SagaId, StarterKind};
use crate::text;

/// The parameters as they are stored. They are refused, not changed, where the database cannot hold them.
pub(crate) fn params<S: Saga>(params: &S::Params) -> Result<Value, serde_json::Error> {
    let params = serde_json::to_value(params)?;
    if text::holds_nul(&params) {
        let rule = "a text holds the character NUL, which the database cannot store";
        return Err(serde_json::Error::custom(rule));
    }
    Ok(params)
}

/// Writes a run and its steps, due at once or parked.
pub(crate) async fn insert<S: Saga>(
    db: &mut PgConnection,
    new: &NewSaga,
    params: &Value,
    waits: bool,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (state, next_run_at) = if waits {
        (RunState::Waiting, None)
    } else {
        (RunState::Queued, Some(at))
    };
    sqlx::query!(
        r#"
        insert into sagas (
            id, name, version, lane, scope, subject_kind, subject, title, started_by_kind, started_by_id, started_by,
            params, state, next_run_at, next_step, interrupted_starts, failures, phase, percent, detail, fence,
            created_at, updated_at
        )
        values (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0, 'Waiting', 0, '', 0, $15, $15
        )
        "#,
        new.id.0,
        S::NAME,
        S::VERSION,
        S::LANE as Lane,
        new.scope,
        new.subject.kind,
        new.subject.id,
        new.title,
        new.started_by.kind() as StarterKind,
        new.started_by.id(),
        new.started_by.name(),
        params,
        state as RunState,
        next_run_at,
        at
    )
    .execute(&mut *db)
    .await?;
    insert_steps::<S>(db, new.id).await
}

async fn insert_steps<S: Saga>(db: &mut PgConnection, id: SagaId) -> Result<(), sqlx::Error> {
    for (position, step) in (0_i16..).zip(S::steps()) {
        sqlx::query!(
            r#"
            insert into saga_steps (saga_id, position, name, title, state)
            values ($1, $2, $3, $4, 'pending')
            "#,
            id.0,
            position,
            step.name,
            step.title
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}
