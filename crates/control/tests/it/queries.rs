//! What things cost, counted in statements: the same for one row and for a thousand.

use crate::world::World;
use control::environments::desired_change::scale;
use control::{apps, environments, operations, packages};
use domain::scaling::Scale;
use sqlx::PgPool;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Hears of every statement that is run on this thread.
#[derive(Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// The statements that `work` runs.
    pub async fn of<T>(work: impl Future<Output = T>) -> (T, Vec<String>) {
        let heard = Self::default();
        let subscriber = tracing_subscriber::registry().with(heard.clone());
        let guard = tracing::subscriber::set_default(subscriber);
        let answer = work.await;
        drop(guard);
        let statements =
            std::mem::take(&mut *heard.0.lock().unwrap_or_else(PoisonError::into_inner));
        (answer, statements)
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Text(String);
        impl Visit for Text {
            fn record_str(&mut self, field: &Field, value: &str) {
                if matches!(field.name(), "summary" | "db.statement") {
                    self.0.push_str(value);
                    self.0.push(' ');
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        if event.metadata().target() == "sqlx::query" {
            let mut text = Text(String::new());
            event.record(&mut text);
            let one_line = text.0.split_whitespace().collect::<Vec<_>>().join(" ");
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(one_line);
        }
    }
}

/// Statements that read rows of this table.
fn reads(statements: &[String], table: &str) -> usize {
    let from = [format!("from {table} "), format!("join {table} ")];
    statements
        .iter()
        .filter(|text| text.contains("select") && from.iter().any(|from| text.contains(from)))
        .count()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_list_costs_the_same_for_one_row_and_for_a_thousand(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    world
        .upload(&ada, &shop, "1.0.0")
        .await
        .expect("is accepted");
    let count = async || {
        let (list, apps) = Statements::of(apps::list(&ada, None, None)).await;
        list.expect("lists");
        let (list, packages) = Statements::of(packages::list(&ada, &shop, None)).await;
        list.expect("lists");
        let (list, operations) = Statements::of(operations::list(&ada, false, None)).await;
        list.expect("lists");
        let (one, app) = Statements::of(apps::get(&ada, &shop)).await;
        one.expect("is there");
        let (one, environment) = Statements::of(environments::get(&ada, &shop, "test")).await;
        one.expect("is there");
        [apps, packages, operations, app, environment].map(|statements| statements.len())
    };
    // The first look of all only makes the statements heard.
    count().await;
    let few = count().await;
    assert!(
        few.iter().all(|count| *count > 0),
        "statements are heard: {few:?}"
    );

    let more = [
        "insert into apps (id, company_id, name, subdomain, region, generation, plan, state, idempotency_key, created_by, created_at, updated_at)
         select gen_random_uuid(), company_id, 'App ' || n, 'app-' || n, region, generation, plan, state, gen_random_uuid(), created_by, created_at, updated_at
         from apps, generate_series(1, 999) n",
        "insert into app_members (company_id, app_id, person_id, role, created_at, updated_at)
         select a.company_id, a.id, a.created_by, 'developer', a.created_at, a.created_at from apps a where a.name like 'App %'",
        "insert into environments (id, company_id, app_id, name, slug, host_label, position, desired, instances, memory_mib, database_name, database_role, database_password, debugger_password, admin_password, created_at, updated_at)
         select gen_random_uuid(), a.company_id, a.id, 'Test', 'test', a.subdomain || '-test', 0, 'stopped', 1, 1024, 'd', 'r', '', '', '', a.created_at, a.created_at from apps a where a.name like 'App %'",
        "insert into environments (id, company_id, app_id, name, slug, host_label, position, desired, instances, memory_mib, database_name, database_role, database_password, debugger_password, admin_password, created_at, updated_at)
         select gen_random_uuid(), a.company_id, a.id, 'E' || n, 'e' || n, 'shop-e' || n, 10 + n, 'stopped', 1, 1024, 'd', 'r', '', '', '', a.created_at, a.created_at from apps a, generate_series(1, 8) n where a.subdomain = 'shop'",
        "insert into packages (id, company_id, app_id, file_name, name, version, runtime_version, description, size_bytes, unpacked_bytes, files, sha256, constants, scheduled_events, uploaded_by, created_at, updated_at)
         select gen_random_uuid(), company_id, app_id, file_name, name, '2.0.' || n, runtime_version, description, size_bytes, unpacked_bytes, files, sha256, constants, scheduled_events, uploaded_by, created_at, updated_at
         from packages, generate_series(1, 999) n",
        "insert into sagas (id, name, version, lane, scope, subject_kind, subject, title, started_by, started_by_kind, started_by_id, params, state, next_step, interrupted_starts, failures, ends_as, phase, percent, detail, next_run_at, fence, created_at, updated_at, finished_at)
         select gen_random_uuid(), name, version, lane, scope, subject_kind, subject, title, started_by, started_by_kind, started_by_id, params, state, next_step, interrupted_starts, failures, ends_as, phase, percent, detail, next_run_at, fence, created_at, updated_at, finished_at
         from sagas, generate_series(1, 999) n",
    ];
    for statement in more {
        sqlx::query(statement)
            .execute(&pool)
            .await
            .expect("inserts");
    }
    assert_eq!(count().await, few);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_scaling_reads_app_and_environment_at_most_twice(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;

    let two = Scale {
        instances: 2,
        memory_mib: 1024,
    };
    // The first look of all only makes the statements heard.
    let (page, _) = Statements::of(environments::get(&ada, &shop, "test")).await;
    page.expect("is there");
    let (started, statements) = Statements::of(scale(&ada, &shop, "test", two)).await;
    started.expect("starts");
    for table in ["apps", "environments"] {
        let count = reads(&statements, table);
        assert!(
            (1..=2).contains(&count),
            "{table}: {count} in {statements:#?}"
        );
    }
}
