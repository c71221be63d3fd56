//! SQL that finds what operations work on, and the person's part in it.

use crate::ctx::Ctx;
use crate::error::Result;
use crate::operations::Subject;
use domain::permissions::TeamRole;
use saga::run::Run;
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

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

    /// Whether the person may see the operation: a member of the team, or whoever started it
    /// where the app is gone.
    pub(crate) fn visible(&self, ctx: &Ctx, run: &Run) -> bool {
        self.found.contains_key(&run.subject) || run.started_by == ctx.name
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
        ctx.actor.company.uuid(),
        ctx.actor.person.uuid(),
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
