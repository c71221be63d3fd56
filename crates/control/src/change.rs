//! A change: one transaction that decides, does, writes the audit row and tells the pages.
//!
//! [`Change::begin`] asks for the right and audits a refusal; [`Change::commit`] audits the deed and
//! tells what changed. Neither can be forgotten: the transaction can be committed in no other way.

use crate::access::Resource;
use crate::audit::{self, Outcome};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use domain::rights::{Access, Right};
use domain::subjects::Subject;
use domain::topics::Topic;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

/// A change under way. Dropped, nothing has happened.
pub(crate) struct Change<'a> {
    ctx: &'a Ctx,
    tx: Transaction<'static, Postgres>,
    right: Right,
    label: String,
    subject: Subject,
}

impl<'a> Change<'a> {
    /// Begins to use `right` on `on`; a refusal is written down and returned.
    pub(crate) async fn begin(ctx: &'a Ctx, right: Right, on: &impl Resource) -> Result<Self> {
        authorize(ctx, right, on).await?;
        Ok(Self {
            ctx,
            tx: ctx.state.pool.begin().await?,
            right,
            label: on.label(),
            subject: on.subject(),
        })
    }

    /// The connection of the transaction.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The audit row is to be about this, which the change has made.
    pub(crate) fn set_subject(&mut self, subject: Subject) {
        self.subject = subject;
    }

    /// Writes the audit row, tells the pages, commits. `details` say before and after, never a secret.
    pub(crate) async fn commit(mut self, details: Value, topics: &[Topic]) -> Result<()> {
        let event = audit::event(
            self.ctx,
            self.right,
            &self.label,
            self.subject,
            details,
            Outcome::Done,
        );
        db::audit::insert(&mut self.tx, &event).await?;
        db::notify::changed(&mut self.tx, self.ctx.company, topics).await?;
        db::commit(self.tx).await
    }
}

/// Asks for a right without beginning a change yet; a refusal is written down and returned.
pub(crate) async fn authorize(ctx: &Ctx, right: Right, on: &impl Resource) -> Result<()> {
    let access = ctx.may(right, &on.target());
    if let Access::Denied(reason) = &access {
        let mut db = ctx.state.pool.acquire().await?;
        let details = json!({ "reason": reason });
        let event = audit::event(
            ctx,
            right,
            &on.label(),
            on.subject(),
            details,
            Outcome::Refused,
        );
        db::audit::insert(&mut db, &event).await?;
    }
    Error::unless_allowed(&access)
}
