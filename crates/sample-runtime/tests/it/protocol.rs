//! What users of the protocol expect of its answers.

use crate::instance::{Instance, configuration};
use serde_json::{Value, json};
use sqlx::PgPool;

#[sqlx::test(migrations = false)]
async fn answers_have_the_shapes_of_the_protocol(pool: PgPool) {
    let instance = Instance::launch(0, |metadata| metadata["JavaVersion"] = json!(21));
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let ask = async |action: &str| {
        let reply = instance.client.call(action, Value::Null).await;
        let reply = reply.expect("an answer");
        assert_eq!(reply.result, 0, "{action}: {reply:?}");
        reply.feedback
    };
    let license = ask("get_license_information").await;
    assert!(license.get("license").is_none(), "{license}");

    let memory = ask("runtime_statistics").await["memory"].clone();
    assert!(memory.get("memorypools").is_none(), "{memory}");
    for field in [
        "code",
        "permanent",
        "eden",
        "survivor",
        "tenured",
        "used_heap",
    ] {
        assert!(memory[field].is_u64(), "{field}: {memory}");
    }

    let about = ask("about").await;
    for field in [
        "name",
        "vendor",
        "company",
        "version",
        "build",
        "copyright",
        "model_version",
    ] {
        assert!(
            about[field].as_str().is_some_and(|it| !it.is_empty()),
            "{field}: {about}"
        );
    }
    assert_eq!(about["java_version"], "21");

    let info = ask("get_admin_action_info").await["action_info"].clone();
    let info = info.as_object().expect("an object");
    for action in info.keys() {
        if ["shutdown", "start", "get_admin_action_info"].contains(&action.as_str()) {
            continue;
        }
        let reply = instance.client.call(action, Value::Null).await;
        assert_ne!(reply.expect("an answer").result, -5, "{action} is known");
    }
}

#[tokio::test]
async fn a_long_request_is_answered_with_a_result() {
    let instance = Instance::launch(0, |_| {});
    // Polls until the process answers.
    let error = instance.start(serde_json::Map::new()).await;
    error.expect_err("no database");
    let filled = json!({ "filling": "a".repeat(3 << 20) });
    let reply = instance.client.call("echo", filled).await;
    assert_eq!(reply.expect("an answer").feedback["echo"], "pong");
}
