//! Environments' databases on the private cluster: made and dropped by the portal without its superuser.

use crate::clusters::{Clusters, admin, config, folder, on, superuser};
use crate::stub_engine::StubEngine;
use control::apps::{create, delete};
use control::operations;
use control::orphans::{self, Orphan, OrphanKind};
use control::people::{self, SeedPerson};
use control::resources::engines::Engines;
use control::sagas::registry;
use control::state::State;
use domain::ids::{EnvironmentId, PersonId};
use domain::roles::Role;
use domain::states::OperationState;
use secrecy::ExposeSecret;
use server::config::Config;
use server::control_plane;
use server::local::postgres::cluster::Cluster;
use sqlx::{ConnectOptions, Connection, PgConnection, raw_sql};
use std::sync::Arc;
use uuid::Uuid;
use views::apps::NewApp;

const NEW: &str = "env_0192f0a1b2c3d4e5f60718293a4b5c6d";

/// The control plane as `portal serve` opens it, with an engine in memory.
async fn open(config: &Config) -> Arc<State> {
    let mut state = control_plane::open(config).await.expect("opens");
    let engine = || Arc::new(StubEngine::default());
    state.engines = Engines::new(engine(), Box::new(move |_| engine()));
    Arc::new(state)
}

async fn run_operations(state: &Arc<State>) {
    saga::worker::run_until_idle(&state.pool, registry(Arc::clone(state)))
        .await
        .expect("the worker ends");
}

/// A connection of a role to its own database, with a password that the superuser gives it.
async fn tenant(cluster: &Cluster, name: &str) -> PgConnection {
    let statement = format!("alter role {name} password 'tenant'");
    raw_sql(&statement)
        .execute(&mut admin(cluster).await)
        .await
        .expect("a password");
    let options = superuser(cluster).username(name).password("tenant");
    options.database(name).connect().await.expect("gets in")
}

/// What the owner of a database can do to hinder its end.
async fn resist(tenant: &mut PgConnection, name: &str) {
    let statement = format!(
        "create table kept (x int); revoke all on database {name} from {name}; alter database {name} is_template true"
    );
    raw_sql(&statement).execute(tenant).await.expect("is done");
}

async fn databases_and_roles(cluster: &Cluster) -> i64 {
    let question = "select (select count(*) from pg_database where datname like 'env%') + (select count(*) from pg_roles where rolname like 'env%')";
    let counted = sqlx::query_scalar(question);
    let mut admin = admin(cluster).await;
    counted.fetch_one(&mut admin).await.expect("counts")
}

#[tokio::test]
async fn the_control_plane_works_without_the_superuser_s_password() {
    let folder = folder();
    let config = config(&folder);
    let clusters = Clusters::start(&config).await;
    let secrets = config.data.join("secrets");
    let names = ["postgres-superuser", "postgres-portal-superuser"];
    let passwords = names.map(|name| {
        let password = std::fs::read_to_string(secrets.join(name)).expect("a password");
        std::fs::remove_file(secrets.join(name)).expect("is taken away");
        password
    });

    let state = open(&config).await;
    let address = &state.config.region_defaults.postgres;
    let mut role = on(address).connect().await.expect("gets in");
    let is_superuser: String = sqlx::query_scalar("select current_setting('is_superuser')")
        .fetch_one(&mut role)
        .await
        .expect("a setting");
    assert_eq!(is_superuser, "off");
    for password in &passwords {
        assert!(!address.expose_secret().contains(password.trim()));
    }
    let ada = ada(&state).await;
    let created = create::create(&ada, new_app()).await.expect("starts");
    run_operations(&state).await;
    let details = operations::get(&ada, created.operation).await;
    let summary = details.expect("is there").summary;
    assert_eq!(summary.state, OperationState::Succeeded, "{summary:?}");
    for name in names {
        assert!(!secrets.join(name).exists(), "{name} was asked for");
    }

    for (name, password) in names.iter().zip(&passwords) {
        std::fs::write(secrets.join(name), password).expect("is put back");
    }
    let name: String = sqlx::query_scalar("select database_name from environments")
        .fetch_one(&state.pool)
        .await
        .expect("a name");
    let mut tenant = tenant(&clusters.apps, &name).await;
    resist(&mut tenant, &name).await;
    let deleted = delete::delete(&ada, &created.subdomain, "Shop").await;
    deleted.expect("starts");
    run_operations(&state).await;
    assert_eq!(databases_and_roles(&clusters.apps).await, 0);
    tenant.ping().await.expect_err("its connection was ended");
    state.pool.close().await;
    drop(role);
    clusters.stop().await;
}

/// As an installation whose portal was the superuser itself has left it.
#[tokio::test]
async fn what_the_superuser_has_made_is_in_the_provisioner_s_hands() {
    let folder = folder();
    let config = config(&folder);
    let clusters = Clusters::start(&config).await;
    let mut superuser = admin(&clusters.apps).await;
    for statement in [
        "drop schema provisioning cascade",
        "drop owned by provisioner",
        "drop role provisioner",
        &format!("create role {NEW} login connection limit 10"),
        &format!("grant {NEW} to current_user"),
        &format!("create database {NEW} owner {NEW}"),
        &format!("revoke all on database {NEW} from public"),
    ] {
        raw_sql(statement)
            .execute(&mut superuser)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let mut tenant = tenant(&clusters.apps, NEW).await;
    resist(&mut tenant, NEW).await;
    // The next two starts of this release.
    drop(clusters);
    drop(Clusters::start(&config).await);
    let clusters = Clusters::start(&config).await;

    let state = open(&config).await;
    let id: EnvironmentId = NEW["env_".len()..].parse().expect("an id");
    let orphan = Orphan {
        kind: OrphanKind::Database,
        environment: id,
    };
    let found = orphans::list(&state).await.expect("looks");
    assert!(found.orphans.contains_key(&orphan), "{found:?}");
    orphans::remove(&state, orphan, None)
        .await
        .expect("is removed");
    assert_eq!(databases_and_roles(&clusters.apps).await, 0);
    tenant.ping().await.expect_err("its connection was ended");
    state.pool.close().await;
    drop(superuser);
    clusters.stop().await;
}

async fn ada(state: &Arc<State>) -> control::ctx::Ctx {
    let seed = SeedPerson {
        email: "ada@northwind.example".to_owned(),
        name: "Ada Lindqvist".to_owned(),
        role: Role::Customer,
        company: "Northwind".to_owned(),
    };
    people::seed(state, &[seed]).await.expect("seeds");
    let id: Uuid = sqlx::query_scalar("select id from people")
        .fetch_one(&state.pool)
        .await
        .expect("the person");
    people::ctx(state, PersonId::new(id), "test".to_owned())
        .await
        .expect("no error")
        .expect("an active person")
}

fn new_app() -> NewApp {
    NewApp {
        name: "Shop".to_owned(),
        subdomain: "shop".to_owned(),
        region: "eu-frankfurt".to_owned(),
        plan: "S20".to_owned(),
        generation: "v4".to_owned(),
        environments: vec!["Test".to_owned()],
        extra_environment: String::new(),
        idempotency_key: Uuid::new_v4().to_string(),
    }
}
