//! SQL of host names: their first labels, whoever's they are.

use super::broken;
use crate::error::{Error, Result};
use domain::ids::AppId;
use sqlx::PgConnection;

pub(crate) async fn any_taken(db: &mut PgConnection, labels: &[String]) -> Result<bool> {
    let taken = sqlx::query_scalar!(
        r#"select exists (select 1 from hosts where label = any($1)) as "taken!""#,
        labels
    )
    .fetch_one(db)
    .await?;
    Ok(taken)
}

/// Reserves the first label of a host name.
pub(crate) async fn reserve(db: &mut PgConnection, app: AppId, label: &str) -> Result<()> {
    sqlx::query!(
        "insert into hosts (label, app_id) values ($1, $2)",
        label,
        app.uuid()
    )
    .execute(db)
    .await
    .map_err(|error| taken(error, label))?;
    Ok(())
}

/// What a broken uniqueness of a host's first label means to the person who typed the subdomain.
pub(super) fn taken(error: sqlx::Error, label: &str) -> Error {
    match broken(&error) {
        Some("apps_subdomain_key" | "hosts_pkey" | "environments_host_label_key") => {
            Error::invalid(
                "subdomain",
                format!("“{label}” is taken by another app; choose another address."),
            )
        }
        Some("apps_idempotency_key") => {
            Error::Conflict("This form has been sent already.".to_owned())
        }
        _ => error.into(),
    }
}
