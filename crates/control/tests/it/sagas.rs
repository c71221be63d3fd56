//! Every saga through the harness: repeated steps, failures, kills.

use crate::world::{World, new_app, server};
use async_trait::async_trait;
use control::apps::create::create;
use control::ctx::Ctx;
use control::environments;
use control::environments::desired_change::{deploy, scale};
use control::operations;
use control::sagas::app_create::AppCreate;
use control::sagas::app_delete::AppDelete;
use control::sagas::environment_change::EnvironmentChange;
use control::sagas::parts::Parts;
use domain::ids::{EnvironmentId, OperationId};
use domain::names::Subdomain;
use domain::roles::Role;
use domain::scaling::Scale;
use domain::states::OperationState;
use saga::saga::SagaId;
use saga::testing::{
    Scenario, Trial, every_failure_unwinds, every_kill_resumes, steps_are_idempotent,
};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, PgPool};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// What one trial works on.
struct Stage {
    world: World,
    ada: Ctx,
    next: AtomicU32,
    /// Environments of each trial's app, to look for after the rows are gone.
    environments: Mutex<BTreeMap<Uuid, (Subdomain, Vec<EnvironmentId>)>>,
}

impl Stage {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool);
        let ada = world.person("Ada", "Northwind", Role::Customer).await;
        Self {
            world,
            ada,
            next: AtomicU32::new(0),
            environments: Mutex::default(),
        }
    }

    fn subdomain(&self) -> String {
        format!("shop-{}", self.next.fetch_add(1, Ordering::SeqCst))
    }

    fn trial<S: saga::saga::Saga<Context = Parts>>(&self, operation: OperationId) -> Trial<S> {
        Trial {
            id: SagaId(operation.uuid()),
            scope: self.ada.company.uuid(),
            context: Arc::new(Parts::new(Arc::clone(&self.world.state))),
        }
    }

    async fn remember(&self, operation: OperationId, subdomain: &Subdomain) {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select e.id from environments e join apps a on a.id = e.app_id where a.subdomain = $1",
        )
        .bind(subdomain.as_str())
        .fetch_all(&self.world.state.pool)
        .await
        .expect("reads");
        let ids = ids.into_iter().map(EnvironmentId::new).collect();
        self.environments
            .lock()
            .expect("not poisoned")
            .insert(operation.uuid(), (subdomain.clone(), ids));
    }

    fn of(&self, id: SagaId) -> (Subdomain, Vec<EnvironmentId>) {
        self.environments
            .lock()
            .expect("not poisoned")
            .get(&id.0)
            .expect("remembered")
            .clone()
    }

    /// What there is of the trial's environments outside the portal's rows: databases, roles, buckets, workloads.
    async fn parts(&self, id: SagaId) -> Vec<String> {
        let (_, environments) = self.of(id);
        let mut parts = Vec::new();
        for environment in environments {
            let name = format!("env_{}", environment.uuid().simple());
            let on_server: Vec<String> = sqlx::query_scalar(
                "select 'database'::text from pg_database where datname = $1 union all select 'role'::text from pg_roles where rolname = $1",
            )
            .bind(&name)
            .fetch_all(&self.world.state.pool)
            .await
            .expect("reads");
            parts.extend(on_server);
            if self.bucket(environment).exists() {
                parts.push("bucket".to_owned());
            }
            if self.world.engine.workload(environment).is_some() {
                parts.push("workload".to_owned());
            }
        }
        parts.sort();
        parts
    }

    fn bucket(&self, environment: EnvironmentId) -> PathBuf {
        self.world
            .folder
            .path()
            .join("regions/eu-frankfurt/buckets")
            .join(environment.to_string())
    }

    async fn app_state(&self, id: SagaId) -> Option<String> {
        sqlx::query_scalar("select state from apps where subdomain = $1")
            .bind(self.of(id).0.as_str())
            .fetch_optional(&self.world.state.pool)
            .await
            .expect("reads")
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers make both values for this"
)]
fn expect<T: PartialEq + std::fmt::Debug>(is: T, should: T) -> Result<(), String> {
    if is == should {
        Ok(())
    } else {
        Err(format!("{is:?} instead of {should:?}"))
    }
}

struct Creating(Stage);

#[async_trait]
impl Scenario for Creating {
    type Saga = AppCreate;

    async fn start(&self) -> Trial<AppCreate> {
        let created = create(&self.0.ada, new_app(&self.0.subdomain()))
            .await
            .expect("starts");
        self.0.remember(created.operation, &created.subdomain).await;
        self.0.trial(created.operation)
    }

    async fn complete(&self, trial: &Trial<AppCreate>) -> Result<(), String> {
        expect(
            self.0.parts(trial.id).await,
            [
                "bucket", "bucket", "database", "database", "role", "role", "workload", "workload",
            ]
            .map(str::to_owned)
            .to_vec(),
        )?;
        expect(self.0.app_state(trial.id).await.as_deref(), Some("ready"))
    }

    async fn clean(&self, trial: &Trial<AppCreate>) -> Result<(), String> {
        expect(self.0.parts(trial.id).await, Vec::new())?;
        expect(self.0.app_state(trial.id).await, None)
    }
}

struct Deleting(Stage);

#[async_trait]
impl Scenario for Deleting {
    type Saga = AppDelete;

    async fn start(&self) -> Trial<AppDelete> {
        let subdomain = self.0.world.app(&self.0.ada, &self.0.subdomain()).await;
        self.0
            .world
            .upload(&self.0.ada, &subdomain, "1.0.0")
            .await
            .expect("is accepted");
        let operation = control::apps::delete::delete(&self.0.ada, &subdomain, "Shop")
            .await
            .expect("starts");
        self.0.remember(operation, &subdomain).await;
        self.0.trial(operation)
    }

    async fn complete(&self, trial: &Trial<AppDelete>) -> Result<(), String> {
        expect(self.0.parts(trial.id).await, Vec::new())?;
        expect(self.0.world.stored_files(), Vec::new())?;
        expect(self.0.app_state(trial.id).await, None)
    }

    /// A deletion that failed half way is not undone; deleting again completes it.
    async fn clean(&self, trial: &Trial<AppDelete>) -> Result<(), String> {
        if self.0.app_state(trial.id).await.is_some() {
            expect(
                self.0.app_state(trial.id).await.as_deref(),
                Some("deleting"),
            )?;
            let (subdomain, _) = self.0.of(trial.id);
            control::apps::delete::delete(&self.0.ada, &subdomain, "Shop")
                .await
                .map_err(|e| e.to_string())?;
            self.0.world.run_operations().await;
        }
        self.complete(trial).await
    }
}

struct Deploying(Stage);

#[async_trait]
impl Scenario for Deploying {
    type Saga = EnvironmentChange;

    async fn start(&self) -> Trial<EnvironmentChange> {
        let subdomain = self.0.world.app(&self.0.ada, &self.0.subdomain()).await;
        let old = self
            .0
            .world
            .upload(&self.0.ada, &subdomain, "1.0.0")
            .await
            .expect("is accepted");
        let new = self
            .0
            .world
            .upload(&self.0.ada, &subdomain, "2.0.0")
            .await
            .expect("is accepted");
        deploy(&self.0.ada, &subdomain, "test", old)
            .await
            .expect("starts");
        self.0.world.run_operations().await;
        scale(
            &self.0.ada,
            &subdomain,
            "test",
            Scale {
                instances: 2,
                memory_mib: 256,
            },
        )
        .await
        .expect("starts");
        self.0.world.run_operations().await;
        let operation = deploy(&self.0.ada, &subdomain, "test", new)
            .await
            .expect("starts");
        self.0.remember(operation, &subdomain).await;
        self.0.trial(operation)
    }

    async fn complete(&self, trial: &Trial<EnvironmentChange>) -> Result<(), String> {
        self.is(trial, "Shop 2.0.0", OperationState::Succeeded)
            .await
    }

    async fn clean(&self, trial: &Trial<EnvironmentChange>) -> Result<(), String> {
        self.is(trial, "Shop 1.0.0", OperationState::Failed).await
    }
}

impl Deploying {
    async fn is(
        &self,
        trial: &Trial<EnvironmentChange>,
        package: &str,
        outcome: OperationState,
    ) -> Result<(), String> {
        let (subdomain, _) = self.0.of(trial.id);
        let details = environments::get(&self.0.ada, &subdomain, "test")
            .await
            .map_err(|e| e.to_string())?;
        let workload = self
            .0
            .world
            .engine
            .workload(details.id)
            .ok_or("the engine does not have it")?;
        expect(workload.instances, 2)?;
        let row = self.0.world.row(details.id).await;
        expect(workload.revision, row.revision)?;
        expect(
            workload.template.map(|t| t.package.label).as_deref(),
            Some(package),
        )?;
        expect(details.package.map(|p| p.label()).as_deref(), Some(package))?;
        expect(details.deployments[0].outcome, outcome)
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_create_steps_are_idempotent(pool: PgPool) {
    steps_are_idempotent(&pool.clone(), &Creating(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_create_unwinds_at_every_failure(pool: PgPool) {
    every_failure_unwinds(&pool.clone(), &Creating(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_create_survives_every_kill(pool: PgPool) {
    every_kill_resumes(&pool.clone(), &Creating(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_delete_steps_are_idempotent(pool: PgPool) {
    steps_are_idempotent(&pool.clone(), &Deleting(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_delete_can_be_taken_up_after_every_failure(pool: PgPool) {
    every_failure_unwinds(&pool.clone(), &Deleting(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn app_delete_survives_every_kill(pool: PgPool) {
    every_kill_resumes(&pool.clone(), &Deleting(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn environment_change_steps_are_idempotent(pool: PgPool) {
    steps_are_idempotent(&pool.clone(), &Deploying(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn environment_change_unwinds_at_every_failure(pool: PgPool) {
    every_failure_unwinds(&pool.clone(), &Deploying(Stage::new(pool).await)).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn environment_change_survives_every_kill(pool: PgPool) {
    every_kill_resumes(&pool.clone(), &Deploying(Stage::new(pool).await)).await;
}

/// A worker that was given up has the database in its hands still, and would go on with its statements.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_database_is_taken_out_of_the_hands_of_whoever_was_at_it_before(pool: PgPool) {
    let stage = Stage::new(pool.clone()).await;
    let created = create(&stage.ada, new_app("shop")).await.expect("starts");
    let name: String = sqlx::query_scalar("select database_name from environments limit 1")
        .fetch_one(&pool)
        .await
        .expect("a name");
    let server = server();
    let mut ghost = PgConnection::connect(server.expose_secret())
        .await
        .expect("connects");
    sqlx::query("select pg_advisory_lock(hashtextextended('environment:' || $1, 0))")
        .bind(&name)
        .execute(&mut ghost)
        .await
        .expect("holds it");

    stage.world.run_operations().await;
    let details = operations::get(&stage.ada, created.operation).await;
    let summary = details.expect("is there").summary;
    assert_eq!(summary.state, OperationState::Succeeded, "{summary:?}");
    let late = sqlx::query("select 1").execute(&mut ghost).await;
    assert!(late.is_err(), "the one before was left its connection");
}
