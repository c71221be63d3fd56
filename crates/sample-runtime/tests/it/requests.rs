//! What the app answers.

use crate::instance::{DEBUGGER_PASSWORD, Instance, configuration, unpacked_sample};
use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::os::unix::fs::symlink;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

#[sqlx::test(migrations = false)]
async fn pages_and_the_api(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let (status, page) = instance.get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("a sample app"))
    );
    assert_eq!(instance.get("/nothing.html").await.0, StatusCode::NOT_FOUND);
    for path in ["/..%2fmodel%2fmetadata.json", "/../model/metadata.json"] {
        assert_ne!(instance.get(path).await.0, StatusCode::OK, "{path}");
    }
    assert_eq!(
        instance.get("/api/load").await.1.as_str().map(str::len),
        Some(1024)
    );
    assert_eq!(instance.post("/api/visits").await.1["visits"], 1);
    assert_eq!(instance.post("/api/visits").await.1["visits"], 2);
    let echo = instance.get("/api/echo?a=b").await.1;
    assert_eq!(echo["query"], "a=b");
    assert_eq!(echo["headers"]["host"], json!(["shop.example"]));
}

#[sqlx::test(migrations = false)]
async fn files_are_shared_through_the_bucket(pool: PgPool) {
    let bucket = tempfile::tempdir().expect("a folder");
    let [leader, follower] = [0, 1].map(|index| {
        let folder = unpacked_sample(|_| {});
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        symlink(bucket.path(), folder.path().join("data/files")).expect("a link");
        Instance::launch_in(folder, index)
    });
    leader.start(configuration(&pool)).await.expect("it starts");
    follower
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let put = |name: &str, content: &'static [u8]| {
        let path = format!("/api/files/{name}");
        Request::put(path)
            .body(Full::new(Bytes::from_static(content)))
            .expect("a request")
    };
    assert_eq!(
        leader.send(put("note.txt", b"one")).await.0,
        StatusCode::CREATED
    );
    assert_eq!(
        leader.send(put("note.txt", b"a note")).await.0,
        StatusCode::CREATED
    );
    assert_eq!(follower.get("/api/files/note.txt").await.1, json!("a note"));
    let files = follower.get("/api/files").await.1;
    assert_eq!(
        files,
        json!({ "files": [{ "name": "note.txt", "bytes": 6 }] })
    );
    assert_eq!(
        follower.get("/api/files/other.txt").await.0,
        StatusCode::NOT_FOUND
    );
    for name in ["..%2f..%2fmodel%2fmetadata.json", ".hidden", "a%20b"] {
        assert_eq!(
            leader.send(put(name, b"x")).await.0,
            StatusCode::BAD_REQUEST,
            "{name}"
        );
        let (status, _) = leader.get(&format!("/api/files/{name}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(
        std::fs::read_dir(bucket.path()).expect("a folder").count(),
        1
    );
}

#[sqlx::test(migrations = false)]
async fn the_debugger_needs_its_password(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    assert!(
        instance
            .client
            .get_debugger_status()
            .await
            .expect("a status")
            .enabled
    );
    let with = |header: &'static str, value: String| {
        Request::get("/debugger/")
            .header(header, value)
            .body(Full::default())
            .expect("a request")
    };
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("any:{password}")));
    let known = json!({ "instance": 0, "enabled": true });
    for request in [
        with("x-debugger-password", DEBUGGER_PASSWORD.into()),
        with("authorization", basic(DEBUGGER_PASSWORD)),
    ] {
        assert_eq!(
            instance.send(request).await,
            (StatusCode::OK, known.clone())
        );
    }
    for request in [
        with("x-debugger-password", "wrong".into()),
        with("authorization", basic("wrong")),
        with("accept", "*/*".into()),
    ] {
        assert_eq!(instance.send(request).await.0, StatusCode::UNAUTHORIZED);
    }
    instance.client.disable_debugger().await.expect("disabled");
    let request = with("x-debugger-password", DEBUGGER_PASSWORD.into());
    assert_eq!(instance.send(request).await.0, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = false)]
async fn log_levels_are_kept(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let client = &instance.client;
    client
        .create_log_subscriber(json!({ "type": "file", "name": "log" }))
        .await
        .expect("added");
    let level = |name: &str, level: &str| m2ee::calls::LogLevel {
        name: name.into(),
        level: level.into(),
    };
    client
        .set_log_level("*", &[level("ConnectionBus", "TRACE")])
        .await
        .expect("set");
    let settings = client.get_log_settings().await.expect("settings");
    assert_eq!(settings["log"]["ConnectionBus"], "TRACE");
    assert_eq!(settings["log"]["Core"], "INFO");
    assert!(
        client
            .set_log_level("*", &[level("Core", "LOUD")])
            .await
            .is_err()
    );
}

#[sqlx::test(migrations = false)]
async fn an_upgraded_stream_comes_back(pool: PgPool) {
    let instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let mut stream = UnixStream::connect(instance.runtime_socket())
        .await
        .expect("a connection");
    let request =
        b"GET /api/upgrade HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    stream.write_all(b"there and back").await.expect("sent");
    let mut back = [0; 14];
    stream.read_exact(&mut back).await.expect("an echo");
    assert_eq!(&back, b"there and back");
}

#[sqlx::test(migrations = false)]
async fn events_tick(pool: PgPool) {
    let instance = Instance::launch(4, |_| {});
    let leader = Instance::launch(0, |_| {});
    leader.start(configuration(&pool)).await.expect("it starts");
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let mut stream = UnixStream::connect(instance.runtime_socket())
        .await
        .expect("a connection");
    stream
        .write_all(b"GET /api/events HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sent");
    let mut seen = String::new();
    while !seen.contains(r#"{"tick":1,"index":4}"#) {
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).await.expect("ticks");
        assert_ne!(read, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    assert_eq!(
        Value::String(seen)
            .as_str()
            .map(|seen| seen.contains("event: tick")),
        Some(true)
    );
}
