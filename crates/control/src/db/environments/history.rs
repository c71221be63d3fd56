//! SQL of what happened to an environment: its latest events and deployments, in one statement.

use crate::db::{deployments, events};
use crate::error::Result;
use domain::ids::{CompanyId, EnvironmentId, OperationId};
use domain::states::{OperationState, Tone};
use sqlx::PgConnection;
use views::environments::{Deployment, Event};

/// What happened to an environment, the newest of each first.
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
    pub(crate) deployments: Vec<Deployment>,
}

/// The latest events and deployments of an environment.
pub(crate) async fn history(
    db: &mut PgConnection,
    company: CompanyId,
    environment: EnvironmentId,
) -> Result<History> {
    let rows = sqlx::query!(
        r#"
        (
            select at as "at!", kind as "word!", message as "text!", '' as "by!", null::uuid as operation
            from environment_events
            where company_id = $1 and environment_id = $2
            order by at desc, sequence desc limit $3
        )
        union all
        (
            select created_at, outcome, package_label, started_by, operation_id
            from deployments
            where company_id = $1 and environment_id = $2
            order by created_at desc limit $4
        )
        "#,
        company.uuid(),
        environment.uuid(),
        events::SHOWN,
        deployments::SHOWN,
    )
    .fetch_all(db)
    .await?;
    let mut history = History {
        events: Vec::new(),
        deployments: Vec::new(),
    };
    for row in rows {
        let at = row.at.unix_timestamp();
        match row.operation {
            None => history.events.push(Event {
                at,
                tone: tone(&row.word),
                message: row.text,
            }),
            Some(operation) => history.deployments.push(Deployment {
                package: row.text,
                by: row.by,
                at,
                outcome: match row.word.as_str() {
                    "running" => OperationState::Running,
                    "succeeded" => OperationState::Succeeded,
                    _ => OperationState::Failed,
                },
                operation: OperationId::new(operation),
            }),
        }
    }
    Ok(history)
}

/// The tone of an event, by the code of its kind.
fn tone(kind: &str) -> Tone {
    match kind {
        "ready" | "converged" | "settled" | "disk_fine" => Tone::Ok,
        "starting" => Tone::Busy,
        "unhealthy" | "disk_near" => Tone::Warn,
        "crashed" | "rollout_failed" | "disk_over" | "disk_held" => Tone::Bad,
        _ => Tone::Idle,
    }
}
