//! SQL that finds the operations that somebody may see, what they work on, and what decides on rights over
//! them. A run's steps and its log are read by `saga::store`.

use crate::ctx::Ctx;
use crate::error::Result;
use domain::ids::{CompanyId, PersonId};
use domain::rights::{Right, Target};
use domain::roles::TeamRole;
use domain::subjects::SubjectKind;
use saga::run::{Position, Run, RunState};
use saga::saga::{SagaId, StarterKind};
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

/// The operations that the actor may see, newest first: those on apps of the person's teams and on what
/// belongs to these, those that the person started on something that is gone, and those that concern the
/// whole company where the actor may see them.
pub(crate) async fn visible(
    db: &mut PgConnection,
    ctx: &Ctx,
    asked: Asked,
    limit: i64,
) -> Result<Vec<Run>> {
    let person = ctx.person().map(PersonId::uuid);
    let sees_company = ctx
        .may_in_company(Right::ViewCompanyOperations)
        .is_allowed();
    let runs = sqlx::query_as!(
        Run,
        r#"
        with team as (
            select a.id as app_id
            from apps a join app_members m on m.company_id = $1 and m.app_id = a.id
            where a.company_id = $1 and m.person_id = $2
        ), seen as (
            select app_id as id from team
            union all
            select e.id from environments e join team on e.company_id = $1 and team.app_id = e.app_id
            union all
            select p.id from packages p join team on p.company_id = $1 and team.app_id = p.app_id
        )
        select
            run.id as "id: SagaId", run.name, run.scope, run.subject_kind, run.subject, run.title, run.started_by,
            run.started_by_kind as "started_by_kind: StarterKind", run.started_by_id, run.state as "state: RunState",
            run.cancel_requested_at is not null as "cancel_requested!", run.phase, run.percent, run.detail,
            nullif(concat_ws(' ', run.error, run.stuck_because), '') as error, run.waits_for,
            case
                when run.state in ('waiting', 'unwinding') and not run.held and run.interrupted_starts = 1
                then run.next_run_at
            end as wakes_at,
            run.heartbeat_at, run.created_at, run.updated_at, run.finished_at
        from sagas run
        where run.scope = $1
            and ($3::uuid is null or run.id = $3)
            and (not $4::bool or run.finished_at is null)
            and ($5::timestamptz is null or (run.created_at, run.id) < ($5, $6::uuid))
            and (
                $2::uuid is null
                or run.subject in (select id from seen)
                or ($7::bool and run.subject_kind <> all (array['app', 'environment', 'package']))
                or (
                    run.started_by_id = $2
                    and run.subject_kind = any (array['app', 'environment', 'package'])
                    and not exists (select from apps where id = run.subject)
                    and not exists (select from environments where id = run.subject)
                    and not exists (select from packages where id = run.subject)
                )
            )
        order by run.created_at desc, run.id desc
        limit $8
        "#,
        ctx.company.uuid(),
        person,
        asked.only.map(|id| id.0),
        asked.unfinished,
        asked.after.map(|position| position.created_at),
        asked.after.map(|position| position.id.0),
        sees_company,
        limit,
    );
    Ok(runs.fetch_all(db).await?)
}

/// Those of these things, of whichever company, that an operation is at work on.
pub(crate) async fn worked_on(db: &mut PgConnection, subjects: &[Uuid]) -> Result<Vec<Uuid>> {
    let found = sqlx::query_scalar!(
        "select distinct subject from sagas where subject = any($1) and finished_at is null",
        subjects,
    );
    Ok(found.fetch_all(db).await?)
}

/// The operations at work on any of these things, stuck ones among them, and the last one on `last_on`, whether
/// it has ended or not; newest first.
pub(crate) async fn unfinished(
    db: &mut PgConnection,
    company: CompanyId,
    subjects: &[Uuid],
    last_on: Option<Uuid>,
) -> Result<Vec<Run>> {
    let runs = sqlx::query_as!(
        Run,
        r#"
        select
            run.id as "id: SagaId", run.name, run.scope, run.subject_kind, run.subject, run.title, run.started_by,
            run.started_by_kind as "started_by_kind: StarterKind", run.started_by_id, run.state as "state: RunState",
            run.cancel_requested_at is not null as "cancel_requested!", run.phase, run.percent, run.detail,
            nullif(concat_ws(' ', run.error, run.stuck_because), '') as error, run.waits_for,
            case
                when run.state in ('waiting', 'unwinding') and not run.held and run.interrupted_starts = 1
                then run.next_run_at
            end as wakes_at,
            run.heartbeat_at, run.created_at, run.updated_at, run.finished_at
        from sagas run
        where run.scope = $1 and run.id in (
            select id from sagas where scope = $1 and subject = any($2) and finished_at is null
            union all
            (select id from sagas where scope = $1 and subject = $3 order by created_at desc, id desc limit 1)
        )
        order by run.created_at desc, run.id desc
        "#,
        company.uuid(),
        subjects,
        last_on,
    );
    Ok(runs.fetch_all(db).await?)
}

/// What an operation works on, for one actor.
pub(crate) struct FoundSubject {
    /// The app's subdomain, where its pages are.
    pub(crate) app: Option<String>,
    /// The environment's slug, if it is about one.
    pub(crate) environment: Option<String>,
    /// What decides on rights over it; nobody has a right on what is gone.
    pub(crate) target: Target,
}

/// What an operation works on.
pub(crate) async fn subject(db: &mut PgConnection, ctx: &Ctx, run: &Run) -> Result<FoundSubject> {
    let row = sqlx::query!(
        r#"
        select s.subdomain as "subdomain!", s.slug, m.role as "role?"
        from (
            select a.id as app_id, a.subdomain, null::text as slug from apps a where a.company_id = $1 and a.id = $3
            union all
            select e.app_id, a.subdomain, e.slug from environments e join apps a on a.id = e.app_id
            where e.company_id = $1 and e.id = $3
            union all
            select p.app_id, a.subdomain, null::text from packages p join apps a on a.id = p.app_id
            where p.company_id = $1 and p.id = $3
        ) s
        left join app_members m on m.company_id = $1 and m.app_id = s.app_id and m.person_id = $2
        where m.role is not null or $2::uuid is null
        "#,
        ctx.company.uuid(),
        ctx.person().map(PersonId::uuid),
        run.subject,
    )
    .fetch_optional(db)
    .await?;
    let of_app = matches!(
        SubjectKind::parse(&run.subject_kind),
        Some(SubjectKind::App | SubjectKind::Environment | SubjectKind::Package)
    );
    let (app, environment, role) = row.map_or((None, None, None), |row| {
        (Some(row.subdomain), row.slug, row.role)
    });
    let target = if of_app {
        Target::App {
            owner: ctx.company,
            team_role: role.as_deref().and_then(TeamRole::parse),
        }
    } else {
        Target::Company(ctx.company)
    };
    Ok(FoundSubject {
        app,
        environment,
        target,
    })
}
