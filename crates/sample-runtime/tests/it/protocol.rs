//! What users of the admin protocol expect of any runtime that speaks it.

use crate::instance::{Instance, configuration};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

async fn asked(instance: &Instance, action: &str, params: Value) -> Map<String, Value> {
    let reply = instance.client.call(action, params).await;
    let reply = reply.expect("an answer");
    assert_eq!(reply.result, 0, "{action}: {}", reply.said());
    reply.feedback.as_object().cloned().unwrap_or_default()
}

#[tokio::test]
async fn without_a_licence_there_is_none() {
    let instance = Instance::launch(0, |_| {});
    instance.answers().await;
    let licence = asked(&instance, "get_license_information", json!({})).await;
    assert!(!licence.contains_key("license"), "{licence:?}");
}

#[tokio::test]
async fn every_action_that_is_listed_is_known() {
    let instance = Instance::launch(0, |_| {});
    instance.answers().await;
    let listed = asked(&instance, "get_admin_action_info", json!({})).await;
    let listed = listed["action_info"].as_object().expect("a list").clone();
    assert!(listed.len() > 25, "{listed:?}");
    for action in [
        "about",
        "runtime_status",
        "get_log_settings",
        "start_logging",
    ] {
        assert!(listed.contains_key(action), "{action}");
        asked(&instance, action, json!({})).await;
    }
    let about = asked(&instance, "about", json!({})).await;
    for field in [
        "name",
        "company",
        "version",
        "build",
        "java_version",
        "model_version",
    ] {
        assert!(about[field].is_string(), "{field}: {about:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn every_listed_action_is_known_while_the_app_runs(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    let started = instance.start(configuration(&pool)).await;
    started.expect("a start");
    let listed = asked(&instance, "get_admin_action_info", json!({})).await;
    let listed = listed["action_info"].as_object().expect("a list").clone();
    for action in listed.keys().filter(|action| *action != "shutdown") {
        let reply = instance.client.call(action, json!({})).await;
        assert_ne!(reply.expect("an answer").result, -5, "{action}");
    }
}

#[sqlx::test(migrations = false)]
async fn memory_is_told_in_flat_fields_when_there_are_no_pools(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    let started = instance.start(configuration(&pool)).await;
    started.expect("a start");
    let statistics = asked(&instance, "runtime_statistics", json!({})).await;
    let memory = statistics["memory"].as_object().expect("memory");
    assert!(!memory.contains_key("memorypools"), "{memory:?}");
    for field in [
        "code",
        "permanent",
        "eden",
        "survivor",
        "tenured",
        "used_heap",
    ] {
        assert!(memory[field].is_u64(), "{field}: {memory:?}");
    }
}

#[tokio::test]
async fn a_large_request_is_answered_by_the_protocol() {
    let instance = Instance::launch(0, |_| {});
    instance.answers().await;
    let large = |mebibytes: usize| json!({ "text": "x".repeat(mebibytes << 20) });
    asked(&instance, "echo", large(3)).await;
    let reply = instance.client.call("echo", large(17)).await;
    let reply = reply.expect("an answer");
    assert_eq!(reply.result, -6);
    assert!(reply.said().contains("larger than"), "{}", reply.said());
}
