//! SQL of plans.

use crate::error::Result;
use domain::bad_row::BadRow;
use domain::plans::{Plan, PlanCode, PlanOffer, UncheckedPlan};
use sqlx::PgConnection;

async fn select(db: &mut PgConnection, code: Option<&str>) -> Result<Vec<PlanOffer>> {
    let rows = sqlx::query!(
        r#"
        select code, app_memory_mib, max_instances, instance_cpu_milli, database_memory_mib, database_disk_gib, files_gib, is_default
        from plans
        where $1::text is null or code = $1
        order by position, code
        "#,
        code,
    )
    .fetch_all(db)
    .await?;
    let offers = rows.into_iter().map(|row| {
        let plan = UncheckedPlan {
            code: row.code,
            app_memory_mib: row.app_memory_mib,
            max_instances: row.max_instances,
            instance_cpu_milli: row.instance_cpu_milli,
            database_memory_mib: row.database_memory_mib,
            database_disk_gib: row.database_disk_gib,
            files_gib: row.files_gib,
        };
        PlanOffer {
            plan: plan
                .check()
                .map_err(|error| BadRow::new("plans", &plan.code, &error)),
            is_default: row.is_default,
        }
    });
    Ok(offers.collect())
}

/// Every plan, in the order of the picker; of a row that breaks a rule, what is wrong with it.
pub(crate) async fn list(db: &mut PgConnection) -> Result<Vec<PlanOffer>> {
    select(db, None).await
}

/// The plan of a code, or what is wrong with its row.
pub(crate) async fn get(
    db: &mut PgConnection,
    code: &PlanCode,
) -> Result<std::result::Result<Plan, BadRow>> {
    let found = select(db, Some(code.as_str())).await?.pop();
    Ok(found.map_or_else(
        || Err(BadRow::missing("plans", code.as_str())),
        |offer| offer.plan,
    ))
}
