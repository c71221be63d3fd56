//! SQL that finds the operations a person may see, what they work on, and the person's part in it.

use crate::ctx::Ctx;
use crate::error::Result;
use domain::ids::{CompanyId, PersonId};
use domain::roles::TeamRole;
use saga::run::{Position, Run};
use saga::saga::SagaId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Which operations are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// This one alone.
    pub(crate) only: Option<SagaId>,
    /// Only those that have not ended.
    pub(crate) unfinished: bool,
    /// Only those older than this one.
    pub(crate) after: Option<Position>,
}

/// The operations that the person may see, newest first: those on apps of the person's teams, and those
/// that the person started on something that is gone.
pub(crate) async fn visible(
    db: &mut PgConnection,
    ctx: &Ctx,
    asked: Asked,
    limit: i64,
) -> Result<Vec<SagaId>> {
    let ids = sqlx::query_scalar!(
        r#"
        with team as (
            select a.id as app_id
            from apps a join app_members m on m.app_id = a.id
            where a.company_id = $1 and m.person_id = $2
        ), seen as (
            select app_id as id from team
            union all
            select e.id from environments e join team on team.app_id = e.app_id
        )
        select run.id
        from sagas run
        where run.scope = $1
            and ($3::uuid is null or run.id = $3)
            and (not $4::bool or run.finished_at is null)
            and ($5::timestamptz is null or (run.created_at, run.id) < ($5, $6::uuid))
            and (
                run.subject in (select id from seen)
                or (
                    run.started_by_id = $2
                    and not exists (select from apps where id = run.subject)
                    and not exists (select from environments where id = run.subject)
                )
            )
        order by run.created_at desc, run.id desc
        limit $7
        "#,
        ctx.company.uuid(),
        ctx.person().map(PersonId::uuid),
        asked.only.map(|id| id.0),
        asked.unfinished,
        asked.after.map(|position| position.created_at),
        asked.after.map(|position| position.id.0),
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(SagaId).collect())
}

/// The operations at work on any of these things, stuck ones among them.
pub(crate) async fn unfinished(
    db: &mut PgConnection,
    company: CompanyId,
    subjects: &[Uuid],
) -> Result<Vec<SagaId>> {
    let ids = sqlx::query_scalar!(
        "select id from sagas where scope = $1 and subject = any($2) and finished_at is null",
        company.uuid(),
        subjects,
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(SagaId).collect())
}

/// What an operation works on, for one person.
pub(crate) struct SubjectOf {
    /// The app's subdomain.
    pub(crate) app: String,
    /// The environment's slug, if it is about one.
    pub(crate) environment: Option<String>,
    pub(crate) team_role: TeamRole,
}

/// What an operation works on.
pub(crate) async fn of(db: &mut PgConnection, ctx: &Ctx, run: &Run) -> Result<Option<SubjectOf>> {
    let row = sqlx::query!(
        r#"
        select s.subdomain as "subdomain!", s.slug, m.role
        from (
            select a.id as app_id, a.subdomain, null::text as slug from apps a where a.company_id = $1 and a.id = $3
            union all
            select e.app_id, a.subdomain, e.slug from environments e join apps a on a.id = e.app_id
            where e.company_id = $1 and e.id = $3
        ) s
        join app_members m on m.app_id = s.app_id and m.person_id = $2
        "#,
        ctx.company.uuid(),
        ctx.person().map(PersonId::uuid),
        run.subject,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| {
        Some(SubjectOf {
            team_role: TeamRole::parse(&row.role)?,
            app: row.subdomain,
            environment: row.slug,
        })
    }))
}
