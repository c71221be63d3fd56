//! The audit trail: one row for every change and every refusal, in the transaction of the change.

use crate::ctx::Ctx;
use crate::db;
use crate::error::Result;
use domain::ids::{CompanyId, PersonId};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

/// How a deed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// A row of the trail, before it is written.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// The company it concerns; none before the company is known.
    pub company: Option<CompanyId>,
    /// When.
    pub at: OffsetDateTime,
    /// Who, if known.
    pub person: Option<PersonId>,
    /// Who, in words.
    pub person_name: String,
    /// What was done: `app.create`.
    pub action: &'static str,
    /// To what: `Shop / Test`.
    pub target: String,
    /// Before and after, never a secret.
    pub details: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// In which request.
    pub request_id: String,
    /// From which address, where known.
    pub from_address: Option<String>,
}

/// Writes a deed of the person in `ctx`.
pub(crate) async fn record(
    db: &mut PgConnection,
    ctx: &Ctx,
    action: &'static str,
    target: &str,
    details: Value,
) -> Result<()> {
    write(db, ctx, action, target, details, Outcome::Done).await
}

/// Writes a refusal, in a transaction of its own.
pub(crate) async fn refused(
    ctx: &Ctx,
    action: &'static str,
    target: &str,
    reason: &str,
) -> Result<()> {
    let mut db = ctx.state.pool.acquire().await?;
    write(
        &mut db,
        ctx,
        action,
        target,
        serde_json::json!({ "reason": reason }),
        Outcome::Refused,
    )
    .await
}

async fn write(
    db: &mut PgConnection,
    ctx: &Ctx,
    action: &'static str,
    target: &str,
    details: Value,
    outcome: Outcome,
) -> Result<()> {
    let event = AuditEvent {
        company: Some(ctx.actor.company),
        at: ctx.now(),
        person: Some(ctx.actor.person),
        person_name: ctx.name.clone(),
        action,
        target: target.to_owned(),
        details,
        outcome,
        request_id: ctx.request_id.clone(),
        from_address: ctx.from_address.clone(),
    };
    db::audit::insert(db, &event).await
}
