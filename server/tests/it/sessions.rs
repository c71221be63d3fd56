//! The session guard: who gets in, for how long, and what the others are told.

use crate::browser::is_json;
use crate::test_app::{ADA, TestApp};
use control::people;
use reqwest::{Method, StatusCode};
use server::session::COOKIE;
use sqlx::PgPool;
use time::Duration;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_page_sends_an_anonymous_person_to_sign_in_and_renders_nothing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let page = app.browser().get("/apps/shop/packages?after=x").await;
    assert_eq!(page.status, StatusCode::FOUND);
    assert_eq!(
        page.location(),
        Some("/login?return_to=%2Fapps%2Fshop%2Fpackages%3Fafter%3Dx")
    );
    assert_eq!(page.body, "");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_script_is_told_in_json_and_a_form_is_sent_to_sign_in(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let (path, _) = server_fn::axum::server_fn_paths()
        .next()
        .expect("a server function");
    let call = browser.call(path, &[]).await;
    assert_eq!(
        (call.status, is_json(&call), call.body.as_str()),
        (StatusCode::UNAUTHORIZED, true, "\"SignedOut\"")
    );
    let stream = browser
        .send(
            browser
                .request(Method::GET, "/events")
                .header("accept", "text/event-stream"),
        )
        .await;
    assert_eq!(stream.status, StatusCode::UNAUTHORIZED);
    let form = browser
        .request(Method::POST, path)
        .header("accept", crate::browser::PAGE);
    let form = browser
        .send(
            form.header("referer", format!("{}/apps/new", app.url))
                .form(&[("name", "x")]),
        )
        .await;
    assert_eq!(
        (form.status, form.location()),
        (
            StatusCode::SEE_OTHER,
            Some("/login?return_to=%2Fapps%2Fnew")
        )
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_session_ends_when_idle_and_after_a_day_in_any_case(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let idle = app.signed_in(ADA).await;
    app.clock.advance(Duration::hours(7));
    assert_eq!(
        idle.get("/operations").await.status,
        StatusCode::OK,
        "seven idle hours are fewer than eight"
    );
    app.clock.advance(Duration::hours(8));
    assert_eq!(
        idle.get("/operations").await.status,
        StatusCode::FOUND,
        "eight idle hours end it"
    );

    let busy = app.signed_in(ADA).await;
    for _ in 0..4 {
        app.clock.advance(Duration::minutes(5 * 60 + 50));
        assert_eq!(
            busy.get("/operations").await.status,
            StatusCode::OK,
            "in use all the time"
        );
    }
    app.clock.advance(Duration::hours(1));
    assert_eq!(
        busy.get("/operations").await.status,
        StatusCode::FOUND,
        "a day ends it"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_deactivated_person_is_out_at_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get("/operations").await.status, StatusCode::OK);
    people::deactivate(&app.state.control, app.person(ADA).await)
        .await
        .expect("deactivated");
    assert_eq!(ada.get("/operations").await.status, StatusCode::FOUND);
    let again = app.sign_in_from(&app.browser(), "/apps", ADA).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.body.contains("has been ended"), "{}", again.body);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_invented_session_is_nobody(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for cookie in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "' or 1=1 --"] {
        let browser = app.browser();
        browser.set_cookie(COOKIE, cookie);
        assert_eq!(
            browser.get("/apps").await.status,
            StatusCode::FOUND,
            "{cookie}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_body_larger_than_a_form_is_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let large = "x".repeat(100 << 10);
    let answer = ada
        .post("/theme", &[("theme", "dark"), ("return_to", &large)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
