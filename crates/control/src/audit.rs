//! The audit trail: one row for every change and every refusal, in the transaction of the change.

use crate::ctx::Ctx;
use domain::actors::{Actor, ActorKind};
use domain::ids::CompanyId;
use domain::rights::Right;
use domain::subjects::Subject;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

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

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// A person, a key or the system.
    pub kind: ActorKind,
    /// The person or the key, if known.
    pub id: Option<Uuid>,
    /// In words.
    pub name: String,
}

impl By {
    /// A part of the platform.
    pub fn system(part: &'static str) -> Self {
        Self::actor(&Actor::System(part), part)
    }

    /// An actor of this name.
    pub fn actor(actor: &Actor, name: &str) -> Self {
        Self {
            kind: actor.kind(),
            id: actor.id(),
            name: name.to_owned(),
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
    /// Who.
    pub by: By,
    /// What was done: `app.create`.
    pub action: &'static str,
    /// To what, in words: `Shop / Test`.
    pub target: String,
    /// To what, by kind and id, where it has one.
    pub subject: Option<Subject>,
    /// Before and after, never a secret.
    pub details: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// In which request.
    pub request_id: String,
    /// From which address, where known.
    pub from_address: Option<String>,
}

/// The most characters of a name that the trail keeps: what is refused may be named by anything.
const LONGEST_TARGET: usize = 200;

fn shown(target: &str) -> String {
    let printable = target.chars().filter(|c| !c.is_control());
    printable.take(LONGEST_TARGET).collect()
}

/// The row for a use of a right.
pub(crate) fn event(
    ctx: &Ctx,
    right: Right,
    target: &str,
    subject: Subject,
    details: Value,
    outcome: Outcome,
) -> AuditEvent {
    AuditEvent {
        company: Some(ctx.company),
        at: ctx.now(),
        by: By::actor(&ctx.actor, &ctx.name),
        action: right.code(),
        target: shown(target),
        subject: Some(subject),
        details,
        outcome,
        request_id: ctx.request_id.clone(),
        from_address: ctx.from_address.clone(),
    }
}
