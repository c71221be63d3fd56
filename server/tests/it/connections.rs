//! Connections: silent ones end, no address takes them all, and a refusal is heard by whoever still sends.

use crate::raw::{Raw, header};
use crate::test_app::{ADA, TestApp};
use app::error::AppError;
use leptos::server_fn::error::FromServerFnError;
use reqwest::{Method, StatusCode};
use server::web::connections::ConnectionLimits;
use server::web::session::COOKIE;
use sqlx::PgPool;
use std::time::Duration;

const FUNCTION: &str = "/api/fn/app/session/api/get_session";

/// Limits that a test can wait for.
fn quick() -> ConnectionLimits {
    ConnectionLimits {
        head_within: Duration::from_millis(300),
        body_within: Duration::from_millis(300),
        ..ConnectionLimits::for_files(1024)
    }
}

fn head(method: &str, path: &str, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: same-origin\r\naccept: application/json\r\n{more}\r\n"
    )
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn silent_connections_end(pool: PgPool) {
    let app = TestApp::limited(pool, quick(), |_| {}).await;
    for said in [
        "",
        "GET",
        "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ",
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut raw = Raw::open(&app.url).await;
        raw.send(said).await;
        // Closed, with or without an answer before.
        raw.rest().await;
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_body_that_does_not_come_is_given_up(pool: PgPool) {
    let app = TestApp::limited(pool, quick(), |_| {}).await;
    let mut raw = Raw::open(&app.url).await;
    raw.send(head(
        "POST",
        "/theme",
        "content-type: application/x-www-form-urlencoded\r\ncontent-length: 20\r\n",
    ))
    .await;
    raw.send("theme=").await;
    let answer = raw.head().await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    raw.rest().await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_address_has_its_share_and_no_more(pool: PgPool) {
    let limits = ConnectionLimits {
        of_one_address: 2,
        ..ConnectionLimits::for_files(1024)
    };
    let app = TestApp::limited(pool, limits, |_| {}).await;
    let (mut first, _second) = (Raw::open(&app.url).await, Raw::open(&app.url).await);
    let asks = head("GET", "/healthz", "");
    first.send(&asks).await;
    assert!(first.head().await.starts_with("HTTP/1.1 200 "));
    let mut third = Raw::open(&app.url).await;
    third.send(&asks).await;
    let third = third.rest().await;
    assert!(third.starts_with("HTTP/1.1 503 "), "{third:?}");
    drop(first);
    loop {
        let mut again = Raw::open(&app.url).await;
        again.send(&asks).await;
        if again.head().await.starts_with("HTTP/1.1 200 ") {
            break;
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn behind_a_proxy_each_client_has_its_share_of_requests(pool: PgPool) {
    let limits = ConnectionLimits {
        of_one_address: 2,
        ..ConnectionLimits::for_files(1024)
    };
    let trust = |state: &mut server::state::AppState| {
        state.trusted_proxies = ["127.0.0.1/32".parse().expect("a network")].into();
    };
    let app = TestApp::limited(pool, limits, trust).await;
    let ada = app.browser().forwarded_for("192.0.2.1");
    ada.sign_in("/login", ADA, crate::test_app::PASSWORD).await;
    let open = || async {
        let request = ada
            .request(Method::GET, "/events")
            .header("accept", "text/event-stream");
        request.send().await.expect("an answer")
    };
    let streams = (open().await, open().await);
    assert_eq!(open().await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let other = app.browser().forwarded_for("192.0.2.2");
    assert_eq!(other.get("/healthz").await.status, StatusCode::OK);
    drop(streams);
    while ada.get("/healthz").await.status != StatusCode::OK {}
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_session_has_so_many_streams(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(crate::events::open(&ada, None).await);
    }
    let request = ada
        .request(Method::GET, "/events")
        .header("accept", "text/event-stream");
    assert_eq!(
        ada.send(request).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    crate::events::open(&app.signed_in(ADA).await, None).await;
}

/// What the head alone decides is answered before the body is asked for.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nobody_is_asked_for_a_body_that_will_be_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let cookie = app.signed_in(ADA).await.cookie(COOKIE).expect("a session");
    let cookie = format!("cookie: {COOKIE}={cookie}\r\n");
    let large = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 99999999\r\nexpect: 100-continue\r\n";
    for (path, more, status) in [
        ("/apps/x/packages/upload", "", "401"),
        (FUNCTION, "", "401"),
        (FUNCTION, cookie.as_str(), "413"),
        ("/theme", "", "413"),
        ("/healthz", "", "405"),
    ] {
        let mut raw = Raw::open(&app.url).await;
        raw.send(head("POST", path, &format!("{large}{more}")))
            .await;
        let answer = raw.head().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer:?}"
        );
    }
}

/// Clients that send all of their body before they listen.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refusal_is_heard_by_who_still_sends(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let cookie = app.signed_in(ADA).await.cookie(COOKIE).expect("a session");
    let cookie = format!("cookie: {COOKIE}={cookie}\r\n");
    let length = 24 << 20;
    for (path, more, status) in [
        ("/apps/x/packages/upload", "", "401"),
        (
            "/api/fn/app/packages/api/list_packages",
            cookie.as_str(),
            "413",
        ),
        ("/logout", "origin: null\r\n", "413"),
        ("/healthz", "", "405"),
    ] {
        let mut raw = Raw::open(&app.url).await;
        let more = format!(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n{more}"
        );
        raw.send(head("POST", path, &more)).await;
        for _ in 0..length >> 16 {
            raw.send(b"x".repeat(1 << 16)).await;
        }
        let answer = raw.head().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer:?}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_no_form_of_this_release_is_answered_in_words(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let send = |path: &'static str, body: Vec<u8>| {
        let request = ada
            .request(Method::POST, path)
            .header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        ada.send(request.body(body))
    };
    let app_function = "/api/fn/app/apps/api/get_app";
    for (path, body, status) in [
        (app_function, b"\xff\xfe no form".to_vec(), 400),
        (app_function, b"colour=red".to_vec(), 400),
        (app_function, b"app=a&app=b".to_vec(), 400),
        (app_function, vec![], 400),
        ("/api/fn/app/gone/api/get_everything", vec![], 404),
        ("/api/fn/app/apps/api/", vec![], 404),
    ] {
        let answer = send(path, body.clone()).await;
        let what = format!("{path} with {}: {answer:?}", String::from_utf8_lossy(&body));
        assert_eq!(answer.status.as_u16(), status, "{what}");
        assert_eq!(
            AppError::de(answer.body.into()),
            AppError::outdated(),
            "{what}"
        );
    }
    let form = ada.post("/api/fn/app/gone/api/get_everything", &[]).await;
    assert_eq!(form.status, StatusCode::NOT_FOUND);
    assert!(form.body.contains("Reload the page"), "{}", form.body);
    let chunked = format!("{}transfer-encoding: chunked\r\n", {
        let cookie = ada.cookie(COOKIE).expect("a session");
        format!("cookie: {COOKIE}={cookie}\r\ncontent-type: application/x-www-form-urlencoded\r\n")
    });
    let mut raw = Raw::open(&app.url).await;
    raw.send(head("POST", FUNCTION, &chunked)).await;
    for _ in 0..9 {
        raw.send(format!("2000\r\n{}\r\n", "x".repeat(0x2000)))
            .await;
    }
    raw.send("0\r\n\r\n").await;
    let answer = raw.head().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer:?}");
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
}
