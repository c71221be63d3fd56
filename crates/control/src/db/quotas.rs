//! SQL of quotas: what companies use, and what is said of them.

use crate::error::Result;
use domain::ids::CompanyId;
use domain::quotas::{Amounts, QuotaKind};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// Nobody else counts or adds for the company until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, company: CompanyId) -> Result<()> {
    // Rows that name the company can be written meanwhile: only another such lock waits.
    sqlx::query!(
        "select id from companies where id = $1 for no key update",
        company.uuid()
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// What a company uses, but for the memory.
pub(crate) async fn used(db: &mut PgConnection, company: CompanyId) -> Result<Amounts> {
    let row = sqlx::query!(
        r#"
        select
            (select count(*) from apps where company_id = $1) as "apps!",
            (select count(*) from environments where company_id = $1) as "environments!",
            (select count(*) from packages where company_id = $1) as "packages!",
            (select coalesce(sum(size_bytes), 0)::bigint from packages where company_id = $1) as "package_bytes!"
        "#,
        company.uuid()
    )
    .fetch_one(db)
    .await?;
    let amounts = [
        (QuotaKind::Apps, row.apps),
        (QuotaKind::Environments, row.environments),
        (QuotaKind::Packages, row.packages),
        (QuotaKind::PackageBytes, row.package_bytes),
    ];
    Ok(sum(Amounts::default(), amounts))
}

/// What a company uses of memory, MiB. An environment that is being scaled counts by the larger of
/// its two sizes, until it is certain that it does not get the one before back.
pub(crate) async fn used_memory(db: &mut PgConnection, company: CompanyId) -> Result<Amounts> {
    let memory = sqlx::query_scalar!(
        r#"
        select coalesce(sum(greatest(e.instances::bigint * e.memory_mib, s.memory_mib)), 0)::bigint as "memory!"
        from environments e
        left join (
            select run.subject, max(size.instances * size.memory_mib) as memory_mib
            from sagas run
            left join saga_steps old on old.saga_id = run.id and old.name = 'remember'
            cross join lateral (
                values
                    ((run.params #>> '{change,scale,instances}')::bigint, (run.params #>> '{change,scale,memory_mib}')::bigint),
                    ((old.output #>> '{scale,instances}')::bigint, (old.output #>> '{scale,memory_mib}')::bigint)
            ) as size (instances, memory_mib)
            where run.scope = $1 and run.finished_at is null and run.name = 'environment_change'
                and run.params #>> '{change,kind}' = 'scale'
            group by run.subject
        ) s on s.subject = e.id
        where e.company_id = $1
        "#,
        company.uuid()
    )
    .fetch_one(db)
    .await?;
    Ok(sum(Amounts::default(), [(QuotaKind::MemoryMib, memory)]))
}

/// What a company may use: `usual`, and what its rows say in its place. A row of no known resource says nothing.
pub(crate) async fn allowed(
    db: &mut PgConnection,
    company: CompanyId,
    usual: Amounts,
) -> Result<Amounts> {
    let rows = sqlx::query!(
        "select resource, allowed from company_quotas where company_id = $1",
        company.uuid()
    )
    .fetch_all(db)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((QuotaKind::parse(&row.resource)?, row.allowed)));
    Ok(sum(usual, known))
}

fn sum(start: Amounts, amounts: impl IntoIterator<Item = (QuotaKind, i64)>) -> Amounts {
    amounts.into_iter().fold(start, |sum, (resource, amount)| {
        sum.with(resource, u64::try_from(amount).unwrap_or(0))
    })
}

/// Writes down what a company may use of one.
pub(crate) async fn set(
    db: &mut PgConnection,
    company: CompanyId,
    kind: QuotaKind,
    amount: i64,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        insert into company_quotas (company_id, resource, allowed, created_at, updated_at) values ($1, $2, $3, $4, $4)
        on conflict on constraint company_quotas_pkey do update set allowed = $3, updated_at = $4
        "#,
        company.uuid(),
        kind.code(),
        amount,
        at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a company may use of one is the installation's default again.
pub(crate) async fn unset(
    db: &mut PgConnection,
    company: CompanyId,
    kind: QuotaKind,
) -> Result<()> {
    sqlx::query!(
        "delete from company_quotas where company_id = $1 and resource = $2",
        company.uuid(),
        kind.code()
    )
    .execute(db)
    .await?;
    Ok(())
}
