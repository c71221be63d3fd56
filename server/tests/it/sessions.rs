//! The session guard: who gets in, for how long, and what the others are told.

use crate::browser::is_json;
use crate::raw::Raw;
use crate::test_app::{ADA, TestApp};
use app::error::AppError;
use control::people;
use leptos::server_fn::error::FromServerFnError;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use server::web::layers::session_guard;
use server::web::session::COOKIE;
use sqlx::PgPool;
use time::Duration;

const GET_SESSION: &str = "/api/fn/app/session/api/get_session";
const CANCEL: &str = "/api/fn/app/operations/api/cancel_operation";
const NO_OPERATION: &str = "00000000-0000-0000-0000-000000000000";

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
async fn a_page_that_is_left_open_does_not_keep_its_session(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let left = app.signed_in(ADA).await;
    for _ in 0..7 {
        app.clock.advance(Duration::hours(1));
        let asked_again = left.call(GET_SESSION, &[]).await;
        assert_eq!(asked_again.status, StatusCode::OK);
        let stream = left
            .request(Method::GET, "/events")
            .header("accept", "text/event-stream");
        let stream = stream.send().await.expect("an answer");
        assert_eq!(stream.status(), StatusCode::OK);
    }
    app.clock.advance(Duration::hours(1));
    let asked_again = left.call(GET_SESSION, &[]).await;
    assert_eq!(asked_again.body, "\"SignedOut\"", "eight idle hours end it");

    let used = app.signed_in(ADA).await;
    app.clock.advance(Duration::hours(7));
    let done = used.call(CANCEL, &[("operation", NO_OPERATION)]).await;
    assert_eq!(done.body, "\"NotFound\"");
    app.clock.advance(Duration::hours(7));
    assert_eq!(
        used.get("/operations").await.status,
        StatusCode::OK,
        "somebody was there seven hours ago"
    );
}

/// What counts as use depends on the names of server functions, so each name must be understood.
#[test]
fn the_name_of_a_server_function_says_whether_it_changes_anything() {
    const CHANGING: [&str; 14] = [
        "cancel_", "choose_", "create_", "delete_", "deploy_", "remove_", "renew_", "restart_",
        "retry_", "reveal_", "scale_", "search_", "start_", "stop_",
    ];
    for (path, _) in server_fn::axum::server_fn_paths() {
        let name = path.rsplit('/').next().expect("a name");
        let changes = CHANGING.iter().any(|verb| name.starts_with(verb));
        assert_ne!(
            session_guard::only_reads(path),
            changes,
            "{path}: begin with get_, list_ or check_, or name the verb here"
        );
    }
    for path in ["/apps", "/apps/get_it/packages/upload", "/logout", "/theme"] {
        assert!(!session_guard::only_reads(path), "{path}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_the_database_scripts_are_told_in_json_and_people_on_a_page(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    app.create_app("Quokka", "quokka").await;
    let ada = app.signed_in(ADA).await;
    pool.close().await;
    let form = Form::new().part("package", Part::bytes(b"PK".to_vec()).file_name("x.mda"));
    let upload = ada
        .request(Method::POST, "/apps/quokka/packages/upload")
        .header("accept", "application/json")
        .multipart(form);
    for answer in [ada.call(GET_SESSION, &[]).await, ada.send(upload).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(is_json(&answer), "{answer:?}");
        let error = AppError::de(answer.body.clone().into());
        assert!(
            matches!(&error, AppError::Unavailable(text) if text.contains("database") && text.contains("try again")),
            "{error:?}"
        );
    }
    let page = ada.get("/operations").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.body.contains("<h1>") && page.body.contains("database does not answer"),
        "{}",
        page.body
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

/// Other programs at the same host set cookies as they like.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_foreign_cookie_hides_no_session(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let own = format!("{COOKIE}={}", ada.cookie(COOKIE).expect("a session"));
    for foreign in [
        &b"city=caf\xe9"[..],
        "city=Łódź; 🍪=1".as_bytes(),
        b"flag; =value; a=; q=\"a b\"; t=a\tb",
    ] {
        for line in [
            [foreign, own.as_bytes()].join(&b"; "[..]),
            [own.as_bytes(), foreign].join(&b"; "[..]),
        ] {
            let mut raw = Raw::open(&app.url).await;
            raw.send(
                "GET /operations HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\ncookie: ",
            )
            .await;
            raw.send(&line).await;
            raw.send("\r\n\r\n").await;
            let head = raw.head().await;
            let line = String::from_utf8_lossy(&line);
            assert!(head.starts_with("HTTP/1.1 200 "), "{line}: {head}");
        }
    }
}
