//! Quotas: what a company uses, what it may, and who says so.

use crate::audit::{AuditEvent, By, Outcome};
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::state::State;
use domain::ids::CompanyId;
use domain::quotas::{Amounts, Quota, QuotaKind};
use domain::subjects::{Subject, SubjectKind};
use serde_json::json;
use sqlx::PgConnection;

/// A company and its quota, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyQuota {
    /// The company.
    pub company: CompanyId,
    /// Its name.
    pub name: String,
    /// What it uses, and what it may.
    pub quota: Quota,
}

/// What the actor's company uses, and what it may.
pub(crate) async fn get(db: &mut PgConnection, ctx: &Ctx) -> Result<Quota> {
    of_company(db, &ctx.state, ctx.company).await
}

async fn of_company(db: &mut PgConnection, state: &State, company: CompanyId) -> Result<Quota> {
    let memory = db::quotas::used_memory(db, company).await?;
    Ok(Quota {
        used: db::quotas::used(db, company)
            .await?
            .with(QuotaKind::MemoryMib, memory.of(QuotaKind::MemoryMib)),
        allowed: db::quotas::allowed(db, company, state.config.quotas).await?,
    })
}

/// Refuses a change that would add more than is left, before it adds them. Until it ends, no other one counts.
pub(crate) async fn take(
    change: &mut Change<'_>,
    ctx: &Ctx,
    field: &'static str,
    more: &Amounts,
) -> Result<()> {
    db::quotas::lock(change.db(), ctx.company).await?;
    let only_memory = QuotaKind::ALL
        .into_iter()
        .all(|kind| kind == QuotaKind::MemoryMib || more.of(kind) == 0);
    let quota = if only_memory {
        Quota {
            used: db::quotas::used_memory(change.db(), ctx.company).await?,
            allowed: db::quotas::allowed(change.db(), ctx.company, ctx.state.config.quotas).await?,
        }
    } else {
        get(change.db(), ctx).await?
    };
    match quota.refusal(more) {
        None => Ok(()),
        Some(reason) => Err(Error::invalid(field, reason)),
    }
}

/// Every company, by name.
pub async fn list(state: &State) -> Result<Vec<CompanyQuota>> {
    let mut db = state.pool.acquire().await?;
    let mut all = Vec::new();
    for company in db::companies::list(&mut db).await? {
        let quota = of_company(&mut db, state, company.id).await?;
        all.push(CompanyQuota {
            company: company.id,
            name: company.name,
            quota,
        });
    }
    Ok(all)
}

/// Sets what the company of this name may use of one resource; nothing is the installation's default again.
pub async fn set(
    state: &State,
    company: &str,
    resource: QuotaKind,
    allowed: Option<u64>,
) -> Result<CompanyQuota> {
    let number = allowed.map(i64::try_from).transpose().map_err(|_| {
        Error::invalid(
            "allowed",
            "A quota is a whole number below 2^63. Give a smaller one.",
        )
    })?;
    let mut tx = state.pool.begin().await?;
    let found = db::companies::list(&mut tx).await?;
    let found = found.into_iter().find(|it| it.name == company.trim());
    let found = found.ok_or(Error::NotFound)?;
    let before = of_company(&mut tx, state, found.id).await?.allowed;
    match number {
        Some(number) => {
            db::quotas::set(&mut tx, found.id, resource, number, state.now()).await?;
        }
        None => db::quotas::unset(&mut tx, found.id, resource).await?,
    }
    let quota = of_company(&mut tx, state, found.id).await?;
    let event = AuditEvent {
        company: Some(found.id),
        at: state.now(),
        by: By::system("Operator"),
        action: "company.set_quota",
        target: found.name.clone(),
        subject: Some(Subject::new(SubjectKind::Company, found.id.uuid())),
        details: json!({
            "resource": resource.code(),
            "before": before.of(resource),
            "after": quota.allowed.of(resource),
        }),
        outcome: Outcome::Done,
        request_id: "command line".to_owned(),
        from_address: None,
    };
    db::audit::insert(&mut tx, &event).await?;
    db::commit(tx).await?;
    Ok(CompanyQuota {
        company: found.id,
        name: found.name,
        quota,
    })
}
