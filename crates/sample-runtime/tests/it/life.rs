//! How a process ends.

use crate::instance::{Instance, configuration, send};
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use m2ee::start::StartError;
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;

#[sqlx::test(migrations = false)]
async fn a_request_in_flight_is_finished(pool: PgPool) {
    let mut instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let socket = instance.runtime_socket();
    let slow = tokio::spawn(async move {
        let request = Request::get("/api/slow?ms=1500")
            .body(Full::default())
            .expect("a request");
        send(&socket, request).await
    });
    // The slow request is counted once it is being answered.
    loop {
        let statistics = instance
            .client
            .runtime_statistics()
            .await
            .expect("statistics");
        if statistics["requests"][1]["value"]
            .as_u64()
            .is_some_and(|count| count > 0)
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    instance.terminate();
    let (status, text) = slow.await.expect("no panic").expect("an answer");
    assert_eq!((status, text), (StatusCode::OK, json!("waited 1500 ms\n")));
    assert_eq!(instance.ended().await.code(), Some(0));
    let request = Request::get("/").body(Full::default()).expect("a request");
    assert!(send(&instance.runtime_socket(), request).await.is_err());
}

#[sqlx::test(migrations = false)]
async fn shutdown_ends_it_with_streams_open(pool: PgPool) {
    let mut instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let socket = instance.runtime_socket();
    let events = tokio::spawn(async move {
        let request = Request::get("/api/events")
            .body(Full::default())
            .expect("a request");
        send(&socket, request).await
    });
    loop {
        let statistics = instance
            .client
            .runtime_statistics()
            .await
            .expect("statistics");
        if statistics["requests"][1]["value"]
            .as_u64()
            .is_some_and(|count| count > 0)
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    instance.client.shutdown().await.expect("done");
    assert_eq!(instance.ended().await.code(), Some(0));
    events
        .await
        .expect("no panic")
        .expect("the stream ends as it should");
    instance.client.shutdown().await.expect("already gone");
}

#[sqlx::test(migrations = false)]
async fn a_crash_has_its_status(pool: PgPool) {
    let mut instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    let request = Request::post("/api/crash")
        .body(Full::default())
        .expect("a request");
    assert!(send(&instance.runtime_socket(), request).await.is_err());
    assert_eq!(instance.ended().await.code(), Some(70));
}

#[sqlx::test(migrations = false)]
async fn a_hung_process_answers_nobody(pool: PgPool) {
    let mut instance = Instance::launch(0, |_| {});
    instance
        .start(configuration(&pool))
        .await
        .expect("it starts");
    assert_eq!(instance.post("/api/hang").await.0, StatusCode::ACCEPTED);
    let quick = instance.client.with_timeout(Duration::from_millis(200));
    while quick.echo().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(
        instance.process.try_wait().expect("a status").is_none(),
        "it still exists"
    );
    instance.process.kill().await.expect("killed");
}

#[sqlx::test(migrations = false)]
async fn a_socket_left_behind_is_taken_over_but_never_a_living_one(pool: PgPool) {
    let mut first = Instance::launch(0, |_| {});
    first.start(configuration(&pool)).await.expect("it starts");
    first.process.kill().await.expect("killed");
    assert!(first.runtime_socket().exists());
    let Instance { folder, .. } = first;
    let second = Instance::launch_in(folder, 0);
    second
        .start(configuration(&pool))
        .await
        .expect("it takes the sockets over");

    let third = tempfile::tempdir().expect("a folder");
    let mut rival = tokio::process::Command::new(env!("CARGO_BIN_EXE_sample-runtime"))
        .arg(second.folder.path())
        .env_clear()
        .current_dir(third.path())
        .env("M2EE_ADMIN_PASS", "x")
        .env("M2EE_ADMIN_SOCKET", second.folder.path().join("admin.sock"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the built program");
    assert_eq!(rival.wait().await.expect("a status").code(), Some(34));
    second.client.echo().await.expect("undisturbed");
    let again = second.start(configuration(&pool)).await;
    assert!(matches!(again, Err(StartError::Refused { .. })));
}
