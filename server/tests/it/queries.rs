//! What pages cost, counted in statements from the session on: a budget for each page of the portal.

use crate::browser::Browser;
use crate::test_app::{ADA, TestApp};
use server::web::router::pages;
use sqlx::PgPool;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use uuid::Uuid;

/// The most statements of each page, by its address as the router has it.
const BUDGETS: [(&str, usize); 14] = [
    ("/", 4),
    ("/apps", 4),
    ("/apps/new", 10),
    ("/apps/{app}", 10),
    ("/apps/{app}/settings", 10),
    ("/apps/{app}/packages", 5),
    ("/apps/{app}/packages/{package}", 8),
    ("/apps/{app}/environments/{environment}", 7),
    ("/apps/{app}/environments/{environment}/deploy", 9),
    ("/apps/{app}/environments/{environment}/debugger", 5),
    ("/operations", 5),
    ("/operations/{operation}", 9),
    ("/rights", 5),
    ("/ui", 4),
];

/// Hears of every statement that is run on this thread, that of the portal too.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Text(String);
        impl Visit for Text {
            fn record_str(&mut self, field: &Field, value: &str) {
                if field.name() == "summary" {
                    value.clone_into(&mut self.0);
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        if event.metadata().target() == "sqlx::query" {
            let mut text = Text(String::new());
            event.record(&mut text);
            let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(text.0);
        }
    }
}

/// The page at an address and what it cost.
async fn cost(heard: &Statements, browser: &Browser, path: &str) -> Vec<String> {
    heard.take();
    let page = browser.get(path).await;
    assert!(
        !page.status.is_client_error() && !page.status.is_server_error(),
        "{path}: {}",
        page.body
    );
    heard.take()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_page_keeps_to_its_statements(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let operation = app.create_app("Shop", "shop").await.operation;
    let package = Uuid::now_v7();
    sqlx::query(
        "insert into packages (id, company_id, app_id, file_name, name, version, runtime_version, description, size_bytes, unpacked_bytes, files, sha256, constants, scheduled_events, uploaded_by, created_at, updated_at)
         select $1, company_id, id, 'shop.mda', 'Shop', '1.0.0', '9.24.2', '', 1, 1, 1, '', '[]', '[]', 'Ada', created_at, created_at from apps",
    )
    .bind(package)
    .execute(&pool)
    .await
    .expect("a package");
    sqlx::query(
        "update environments set package_id = $1, live_package_id = $1, provisioned = true",
    )
    .bind(package)
    .execute(&pool)
    .await
    .expect("is deployed");
    let ada = app.signed_in(ADA).await;
    let heard = Statements::default();
    let subscriber = tracing_subscriber::registry().with(heard.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut over = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    // The operator's page is no customer's.
    let mut listed = pages();
    listed.retain(|page| page.path() != "/operator");
    for page in &listed {
        let pattern = page.path();
        let Some((known_as, budget)) = BUDGETS.iter().find(|(path, _)| *path == pattern) else {
            over.push(format!("{pattern} has no budget"));
            continue;
        };
        known.push(known_as);
        let path = pattern
            .replace("{app}", "shop")
            .replace("{environment}", "test")
            .replace("{package}", &package.to_string())
            .replace("{operation}", &operation.to_string());
        // The first look at each makes its statements heard, and prepared.
        cost(&heard, &ada, &path).await;
        let statements = cost(&heard, &ada, &path).await;
        println!("{pattern}: {} of {budget}", statements.len());
        if statements.is_empty() || statements.len() > *budget {
            over.push(format!("{pattern}: {statements:#?}"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
    assert_eq!(
        known.len(),
        BUDGETS.len(),
        "a budget of a page that is no more: {known:?}"
    );
}
