//! SQL that finds the operations a person may see, what they work on, and the person's part in it.

use crate::ctx::Ctx;
use crate::error::Result;
use crate::operations::Subject;
use domain::roles::TeamRole;
use saga::run::{Position, Run};
use saga::saga::SagaId;
use sqlx::PgConnection;
use std::collections::HashMap;
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
        ctx.person().map(domain::ids::PersonId::uuid),
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

/// What an operation works on, for one person.
pub(crate) struct SubjectOf {
    pub(crate) place: Subject,
    pub(crate) team_role: TeamRole,
}

/// Subjects of several operations, by id. Only those that the person may see are in it.
pub(crate) struct Subjects {
    found: HashMap<Uuid, SubjectOf>,
}

impl Subjects {
    pub(crate) fn get(&self, subject: Uuid) -> Option<&SubjectOf> {
        self.found.get(&subject)
    }
}

pub(crate) async fn of(db: &mut PgConnection, ctx: &Ctx, runs: &[Run]) -> Result<Subjects> {
    let ids: Vec<Uuid> = runs.iter().map(|run| run.subject).collect();
    let rows = sqlx::query!(
        r#"
        select s.id as "id!", s.subdomain as "subdomain!", s.slug, m.role
        from (
            select a.id, a.id as app_id, a.subdomain, null::text as slug from apps a where a.company_id = $1 and a.id = any($3)
            union all
            select e.id, e.app_id, a.subdomain, e.slug from environments e join apps a on a.id = e.app_id
            where e.company_id = $1 and e.id = any($3)
        ) s
        join app_members m on m.app_id = s.app_id and m.person_id = $2
        "#,
        ctx.company.uuid(),
        ctx.person().map(domain::ids::PersonId::uuid),
        &ids,
    )
    .fetch_all(db)
    .await?;
    let found = rows.into_iter().filter_map(|row| {
        let team_role = TeamRole::parse(&row.role)?;
        Some((
            row.id,
            SubjectOf {
                place: Subject {
                    app: row.subdomain,
                    environment: row.slug,
                },
                team_role,
            },
        ))
    });
    Ok(Subjects {
        found: found.collect(),
    })
}
