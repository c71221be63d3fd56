//! The start sequence.

use crate::peer::Peer;
use m2ee::calls::LogLevel;
use m2ee::client::Client;
use m2ee::codes::StartResult;
use m2ee::message::Reply;
use m2ee::start::{self, StartConfig, StartError};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use std::time::Duration;

fn config(leader: bool) -> StartConfig {
    let mut configuration = Map::new();
    configuration.insert("DTAPMode".into(), json!("P"));
    configuration.insert("DatabasePassword".into(), json!("hush"));
    StartConfig {
        structure_pause: Duration::from_millis(1),
        ..StartConfig::new(
            leader,
            configuration,
            SecretString::from("debugger password"),
            SecretString::from("admin password"),
        )
    }
}

async fn run(peer: &Peer, config: &StartConfig) -> Result<m2ee::calls::About, StartError> {
    start::run(&peer.client, config, |_| {}).await
}

#[tokio::test]
async fn everything_in_the_documented_order() {
    for peer in [Peer::tcp(|_, _| None).await, Peer::unix(|_, _| None)] {
        let mut config = config(true);
        config
            .appcontainer
            .insert("runtime_port".into(), json!(8080));
        config
            .log_subscribers
            .push(json!({ "type": "file", "name": "log" }));
        config.log_levels.push(LogLevel {
            name: "Core".into(),
            level: "DEBUG".into(),
        });
        let mut phases = Vec::new();
        let about = start::run(&peer.client, &config, |phase| phases.push(phase.to_owned())).await;
        assert_eq!(
            about.expect("started").model_version.as_deref(),
            Some("1.0.0")
        );
        assert_eq!(
            peer.actions(),
            [
                "echo",
                "create_log_subscriber",
                "start_logging",
                "update_appcontainer_configuration",
                "update_configuration",
                "start",
                "create_admin_user",
                "about",
                "enable_debugger",
                "set_log_level",
            ]
        );
        assert_eq!(peer.params_of("update_configuration")["DTAPMode"], "P");
        assert_eq!(
            peer.params_of("enable_debugger"),
            json!({ "password": "debugger password" })
        );
        assert_eq!(
            peer.params_of("create_admin_user"),
            json!({ "password": "admin password" })
        );
        assert_eq!(phases[0], "Waiting for the runtime");
        assert!(
            phases.contains(&"Starting the app".to_owned()),
            "{phases:?}"
        );
    }
}

#[tokio::test]
async fn the_leader_makes_the_database_and_its_structure() {
    let peer = Peer::unix(|action, before| match (action, before) {
        ("start", 0) => Some(Reply::refused(2, "no database")),
        ("start", 1) => Some(Reply::refused(3, "structure")),
        _ => None,
    });
    run(&peer, &config(true)).await.expect("started");
    let actions = peer.actions();
    let from_start = &actions[3..];
    assert_eq!(
        from_start[..7],
        [
            "start",
            "get_ddl_commands",
            "execute_ddl_commands",
            "start",
            "get_ddl_commands",
            "execute_ddl_commands",
            "start",
        ]
    );
}

#[tokio::test]
async fn a_leader_whose_repairs_do_not_help_gives_up() {
    let peer = Peer::unix(|action, _| (action == "start").then(|| Reply::refused(3, "again")));
    let error = run(&peer, &config(true)).await.expect_err("refused");
    assert!(
        matches!(
            error,
            StartError::Refused {
                result: StartResult::StructureOutdated,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_follower_waits_and_changes_nothing() {
    let peer = Peer::unix(|action, before| {
        (action == "start" && before < 3).then(|| Reply::refused(3, "structure"))
    });
    run(&peer, &config(false)).await.expect("started");
    let actions = peer.actions();
    assert_eq!(
        actions.iter().filter(|action| *action == "start").count(),
        4
    );
    for forbidden in [
        "execute_ddl_commands",
        "create_admin_user",
        "update_admin_user",
    ] {
        assert!(
            !actions.iter().any(|action| action == forbidden),
            "{forbidden}"
        );
    }
}

#[tokio::test]
async fn a_follower_does_not_wait_for_ever() {
    let peer = Peer::unix(|action, _| (action == "start").then(|| Reply::refused(3, "structure")));
    let config = StartConfig {
        structure_within: Duration::from_millis(20),
        ..config(false)
    };
    let error = run(&peer, &config).await.expect_err("given up");
    assert!(
        matches!(error, StartError::StructureNotReady { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_guessable_administrator_gets_the_new_password() {
    let peer = Peer::unix(|action, before| {
        (action == "start" && before == 0).then(|| Reply {
            feedback: json!({ "users": ["MxAdmin"] }),
            ..Reply::refused(5, "insecure")
        })
    });
    run(&peer, &config(true)).await.expect("started");
    assert_eq!(
        peer.params_of("update_admin_user"),
        json!({ "username": "MxAdmin", "password": "admin password" })
    );
}

#[tokio::test]
async fn every_other_result_is_said_with_its_number() {
    for result in [1, 4, 6, 7, 8, 9, 10, 11, 12, 13, 99] {
        let peer = Peer::unix(move |action, _| {
            (action == "start").then(|| Reply::refused(result, "words of the runtime"))
        });
        let error = run(&peer, &config(true))
            .await
            .expect_err("refused")
            .to_string();
        assert!(
            error.contains(&format!("(start result {result})")),
            "{error}"
        );
        assert!(error.contains("words of the runtime"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_password_ends_the_sequence_at_once() {
    let peer = Peer::unix(|_, _| None);
    let wrong = Client::new(peer.client.address().clone(), SecretString::from("wrong"));
    let error = start::run(&wrong, &config(true), |_| {})
        .await
        .expect_err("refused");
    assert!(matches!(error, StartError::Call { .. }), "{error}");
    assert!(peer.actions().is_empty());
}

#[tokio::test]
async fn a_process_that_never_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client::unix(folder.path().join("none.sock"), SecretString::from("x"));
    let config = StartConfig {
        alive_within: Duration::from_millis(30),
        ..config(true)
    };
    let error = start::run(&client, &config, |_| {})
        .await
        .expect_err("not alive");
    assert!(matches!(error, StartError::NotAlive { .. }), "{error}");
}

#[tokio::test]
async fn a_refused_configuration_is_said() {
    let peer = Peer::unix(|action, _| {
        (action == "update_configuration").then(|| Reply::refused(1, "DatabaseType is unknown"))
    });
    let error = run(&peer, &config(true)).await.expect_err("refused");
    let source = std::error::Error::source(&error)
        .expect("a source")
        .to_string();
    assert_eq!(error.to_string(), "Configuring the runtime failed");
    assert!(source.contains("DatabaseType is unknown"), "{source}");
}

#[test]
fn debug_hides_the_settings() {
    let shown = format!("{:?} {:?}", config(true), Value::Null);
    assert!(
        !shown.contains("hush") && !shown.contains("password"),
        "{shown}"
    );
}
