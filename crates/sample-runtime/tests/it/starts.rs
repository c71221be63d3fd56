//! Starts that work and starts that do not.

use crate::instance::{Instance, configuration};
use axum::http::StatusCode;
use m2ee::calls::{HealthState, RuntimeStatus};
use m2ee::client::Client;
use m2ee::codes::StartResult;
use m2ee::start::StartError;
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;

fn refused_with(outcome: Result<m2ee::calls::About, StartError>) -> StartResult {
    match outcome {
        Err(StartError::Refused { result, .. }) => result,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    }
}

#[sqlx::test(migrations = false)]
async fn a_leader_and_its_follower(pool: PgPool) {
    let leader = Instance::launch(0, |_| {});
    let follower = Instance::launch(1, |_| {});
    let (one, other) = tokio::join!(
        leader.start(configuration(&pool)),
        follower.start(configuration(&pool))
    );
    let about = one.expect("the leader starts");
    assert_eq!(
        (about.name.as_str(), about.model_version.as_deref()),
        ("Sample Runtime", Some("1.0.0"))
    );
    other.expect("the follower starts");

    for (instance, index) in [(&leader, 0), (&follower, 1)] {
        let (status, answer) = instance.get("/api/instance").await;
        assert_eq!((status, &answer["index"]), (StatusCode::OK, &json!(index)));
        assert_eq!(answer["instance_id"], format!("instance-{index}"));
        assert_eq!(answer["version"], "1.0.0");
        let status = instance.client.runtime_status().await.expect("a status");
        assert_eq!(status, RuntimeStatus::Running);
    }
    assert_eq!(leader.post("/api/counter").await.1["value"], 1);
    assert_eq!(follower.post("/api/counter").await.1["value"], 2);
    assert_eq!(leader.get("/api/counter").await.1["value"], 2);
    let statistics = leader
        .client
        .runtime_statistics()
        .await
        .expect("statistics");
    assert_eq!(statistics["connectionbus"]["update"], 1);
    assert!(
        statistics["memory"]["used_heap"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
    let health = leader.client.check_health().await.expect("health");
    assert_eq!(health.health, HealthState::Healthy);
}

#[sqlx::test(migrations = false)]
async fn a_missing_database_is_made(pool: PgPool) {
    let mut settings = configuration(&pool);
    let own = settings["DatabaseName"].as_str().expect("a name");
    // Names of databases are cut at 63 bytes.
    let name = format!("made{}", &own[own.len().saturating_sub(50)..]);
    settings.insert("DatabaseName".into(), json!(name));
    let instance = Instance::launch(0, |_| {});
    let outcome = instance.start(settings).await;
    let answer = match &outcome {
        Ok(_) => instance.post("/api/counter").await.1,
        Err(_) => Value::Null,
    };
    drop(instance);
    sqlx::query(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))
        .execute(&pool)
        .await
        .expect("no database is left behind");
    outcome.expect("it starts");
    assert_eq!(answer["value"], 1);
}

#[sqlx::test(migrations = false)]
async fn refusals_by_number(pool: PgPool) {
    let failing = Instance::launch(0, |metadata| {
        metadata["Configuration"]["SampleRuntime"]["FailStart"] = json!(true);
    });
    let outcome = failing.start(configuration(&pool)).await;
    assert_eq!(refused_with(outcome), StartResult::StartupActionFailed);

    let constant = Instance::launch(0, |metadata| {
        metadata["Constants"] = json!([{ "Name": "Shop.Key", "Type": "String" }]);
    });
    let outcome = constant.start(configuration(&pool)).await;
    assert_eq!(refused_with(outcome), StartResult::ConstantMissing);
    let mut with_value = configuration(&pool);
    with_value.insert("MicroflowConstants".into(), json!({ "Shop.Key": "a" }));
    constant
        .start(with_value.clone())
        .await
        .expect("it starts with a value");
    assert_eq!(
        refused_with(constant.start(with_value).await),
        StartResult::InvalidState
    );

    for (setting, result) in [
        ("DTAPMode", StartResult::DtapModeMissing),
        ("BasePath", StartResult::BasePathMissing),
        ("RuntimePath", StartResult::RuntimePathMissing),
    ] {
        let instance = Instance::launch(0, |_| {});
        let mut settings = configuration(&pool);
        settings.remove(setting);
        assert_eq!(refused_with(instance.start(settings).await), result);
    }
}

#[sqlx::test(migrations = false)]
async fn a_database_out_of_reach_is_said(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    let mut settings = configuration(&pool);
    settings.insert("DatabaseHost".into(), json!("/nonexistent:5432"));
    let error = instance
        .start(settings)
        .await
        .expect_err("refused")
        .to_string();
    assert!(error.contains("the database cannot be used"), "{error}");
    instance
        .start(configuration(&pool))
        .await
        .expect("a later start works");
}

#[tokio::test]
async fn before_the_start_only_what_is_documented() {
    let instance = Instance::launch(0, |_| {});
    let config = serde_json::Map::new();
    let error = instance.start(config).await.expect_err("no database");
    assert!(matches!(error, StartError::Refused { .. }), "{error}");
    let status = instance.client.runtime_status().await.expect("a status");
    assert_eq!(status, RuntimeStatus::Created);
    for (action, result) in [
        ("conjure", -5),
        ("enable_debugger", -5),
        ("check_health", 2),
    ] {
        let reply = instance
            .client
            .call(action, Value::Null)
            .await
            .expect("an answer");
        assert_eq!(reply.result, result, "{action}");
    }
    let wrong = Client::new(
        instance.client.address().clone(),
        SecretString::from("wrong"),
    );
    assert_eq!(
        wrong
            .call("about", Value::Null)
            .await
            .expect("an answer")
            .result,
        -4
    );
}

#[tokio::test]
async fn a_package_that_exits_at_once() {
    let mut instance = Instance::launch(0, |metadata| {
        metadata["Configuration"]["SampleRuntime"]["ExitAtStart"] = json!(true);
    });
    assert_eq!(instance.ended().await.code(), Some(1));
}

#[sqlx::test(migrations = false)]
async fn a_package_that_never_gets_ready(pool: PgPool) {
    let instance = Instance::launch(0, |metadata| {
        metadata["Configuration"]["SampleRuntime"]["Unready"] = json!(true);
    });
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    assert_eq!(instance.get("/").await.0, StatusCode::INTERNAL_SERVER_ERROR);
}
