//! Single calls.

use crate::peer::Peer;
use m2ee::calls::{HealthState, LogLevel, RuntimeStatus};
use m2ee::client::Client;
use m2ee::error::CallError;
use m2ee::message::Reply;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[tokio::test]
async fn typed_answers_over_tcp_and_unix() {
    for peer in [Peer::tcp(|_, _| None).await, Peer::unix(|_, _| None)] {
        let client = &peer.client;
        assert!(client.echo().await.expect("alive").critical.is_empty());
        assert_eq!(
            client.runtime_status().await.expect("a status"),
            RuntimeStatus::Running
        );
        assert_eq!(client.about().await.expect("about").version, "9.24.2");
        let debugger = client.get_debugger_status().await.expect("a status");
        assert_eq!(
            (debugger.enabled, debugger.number_of_paused_microflows),
            (true, 2)
        );
        let health = client.check_health().await.expect("health");
        assert_eq!(
            (health.health, health.diagnosis.as_deref()),
            (HealthState::Sick, Some("full"))
        );
        assert_eq!(
            client.get_ddl_commands().await.expect("commands"),
            ["CREATE TABLE a ()"]
        );
        let level = LogLevel {
            name: "Core".into(),
            level: "DEBUG".into(),
        };
        client.set_log_level("*", &[level]).await.expect("set");
        assert_eq!(
            peer.params_of("set_log_level"),
            json!({"subscriber": "*", "nodes": [{"name": "Core", "level": "DEBUG"}], "force": true})
        );
        assert_eq!(peer.params_of("about"), json!({}));
    }
}

#[tokio::test]
async fn echo_brings_critical_messages() {
    let peer = Peer::unix(|_, _| {
        Some(Reply::done(
            json!({ "echo": "x", "errors": [{ "message": "out of memory" }] }),
        ))
    });
    assert_eq!(
        peer.client.echo().await.expect("alive").critical,
        ["out of memory"]
    );
}

#[tokio::test]
async fn refusals_have_their_number_and_words() {
    let peer = Peer::unix(|_, _| None);
    let reply = peer
        .client
        .call("conjure", Value::Null)
        .await
        .expect("an answer");
    assert_eq!(reply.result, -5);
    let wrong = Client::new(peer.client.address().clone(), SecretString::from("wrong"));
    let error = wrong.about().await.expect_err("refused");
    assert!(
        matches!(error, CallError::Refused { result: -4, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("the admin password is wrong"),
        "{error}"
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn nobody_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = Client::unix(folder.path().join("none.sock"), SecretString::from("x"));
    let error = client.echo().await.expect_err("nobody");
    assert!(
        matches!(error, CallError::Unreachable { .. }) && error.is_transient(),
        "{error}"
    );
    client.shutdown().await.expect("already gone");
}

/// A peer that reads a request and then sends `answer` and ends the connection.
async fn raw_peer(answer: &'static [u8]) -> (Client, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let client = Client::tcp(
        listener.local_addr().expect("an address"),
        SecretString::from("x"),
    );
    let mut server = JoinSet::new();
    server.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.expect("a request");
            assert!(read > 0);
            stream.write_all(answer).await.expect("an answer");
        }
    });
    (client, server)
}

#[tokio::test]
async fn a_shutdown_that_drops_the_connection_is_done() {
    let (client, _server) = raw_peer(b"").await;
    client.shutdown().await.expect("done");
    let error = client.echo().await.expect_err("dropped");
    assert!(matches!(error, CallError::Dropped { .. }), "{error}");
}

#[tokio::test]
async fn answers_of_something_else() {
    for answer in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".as_slice(),
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 12\r\n\r\n{\"result\":0}",
    ] {
        let (client, _server) = raw_peer(answer).await;
        let error = client.echo().await.expect_err("not a runtime");
        assert!(matches!(error, CallError::Malformed { .. }), "{error}");
    }
    let (client, _server) = raw_peer(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").await;
    let error = client.echo().await.expect_err("cut off");
    assert!(matches!(error, CallError::Dropped { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_runtime_does_not_hold_the_caller() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let client = Client::tcp(address, SecretString::from("x"));
    let client = client.with_timeout(Duration::from_millis(20));
    let error = client.echo().await.expect_err("silence");
    assert!(
        matches!(error, CallError::TimedOut { .. }) && error.is_transient(),
        "{error}"
    );
    // While it ends it has other things to do than to answer.
    client.shutdown().await.expect("asked");
}

#[tokio::test]
async fn answers_without_end_are_refused_by_their_size() {
    let text = "x".repeat(100 << 10);
    let peer = Peer::unix(move |action, _| {
        let times = if action == "echo" { 1 } else { 11 };
        Some(Reply::refused(12, text.repeat(times)))
    });
    let error = peer.client.echo().await.expect_err("refused");
    assert!(
        matches!(error, CallError::TooLarge { bytes: 65_536, .. }),
        "{error:?}"
    );
    let error = peer.client.start().await.expect_err("refused");
    assert!(
        matches!(
            error,
            CallError::TooLarge {
                bytes: 1_048_576,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_an_error_quotes_is_plain_and_has_an_end() {
    let text = "\0x".repeat(100 << 10);
    let peer = Peer::unix(move |action, _| {
        Some(Reply::done(match action {
            "echo" => json!({ "errors": [{ "message": "\u{1b}y".repeat(9_000) }] }),
            _ => json!({ "version": [], "name": text }),
        }))
    });
    let critical = peer.client.echo().await.expect("alive").critical;
    assert_eq!(critical, ["y".repeat(2_000)]);
    let error = peer.client.runtime_status().await.expect_err("no status");
    assert!(error.to_string().len() < 4_096);
    let error = peer.client.about().await.expect_err("no version");
    assert!(!error.to_string().contains('\0'), "{error}");
}
