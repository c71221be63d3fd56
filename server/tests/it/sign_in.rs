//! The whole sign-in through the built-in provider, and everything that must not pass for one.

use crate::browser::Browser;
use crate::test_app::{ADA, PASSWORD, TestApp};
use reqwest::StatusCode;
use server::routes::login::client::CALLBACK;
use server::web::session::COOKIE;
use sqlx::PgPool;
use url::Url;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn signs_in_and_goes_back_to_the_page(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let before = browser.get("/login").await;
    let anonymous = browser.cookie(COOKIE).expect("a session for the sign-in");
    let attributes = before.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
    assert!(!attributes.contains("Domain"), "{attributes}");

    let page = app
        .sign_in_from(&browser, "/operations?show=unfinished", ADA)
        .await;
    assert_eq!(
        (page.status, page.path.as_str()),
        (StatusCode::OK, "/operations?show=unfinished")
    );
    assert!(
        page.body.contains("Ada Lindqvist"),
        "the page knows who is there"
    );
    assert_ne!(
        browser.cookie(COOKIE).as_deref(),
        Some(anonymous.as_str()),
        "signing in makes a new session"
    );

    let stolen = app.browser();
    stolen.set_cookie(COOKIE, &anonymous);
    assert_eq!(
        stolen.get("/apps").await.location(),
        Some("/login?return_to=%2Fapps"),
        "the old id is dead"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn signing_out_ends_the_session_here_and_at_the_provider(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.signed_in(ADA).await;
    let session = browser.cookie(COOKIE).expect("a session");
    let answer = browser.post("/logout", &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let to = answer.location().expect("sent to the provider").to_owned();
    assert!(
        to.starts_with(&format!("{}/mxid/end-session?", app.url)),
        "{to}"
    );
    let end = browser.follow(answer).await;
    assert!(
        end.body.contains("name=\"password\""),
        "asked again who it is: {}",
        end.path
    );

    let stolen = app.browser();
    stolen.set_cookie(COOKIE, &session);
    assert_eq!(
        stolen.get("/apps").await.status,
        StatusCode::FOUND,
        "the session is dead on the server"
    );
    let actions: Vec<String> =
        sqlx::query_scalar("select action from audit_events order by at, id")
            .fetch_all(&app.state.control.pool)
            .await
            .expect("the trail");
    assert!(
        actions.iter().any(|it| it == "person.sign_in")
            && actions.iter().any(|it| it == "person.sign_out"),
        "{actions:?}"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn someone_nobody_invited_is_told_so_and_gets_no_session(pool: PgPool) {
    let app = TestApp::new(pool).await;
    app.add_account("stranger@example.com", "A Stranger").await;
    let browser = app.browser();
    let page = app
        .sign_in_from(&browser, "/apps", "stranger@example.com")
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("Nobody has invited you"),
        "{}",
        page.body
    );
    assert_eq!(browser.get("/apps").await.status, StatusCode::FOUND);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_second_tab_that_comes_later_is_signed_in_too(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let slow = stop_before_callback(&app, &browser).await;
    let begun = browser.get("/login").await;
    let quick = browser.follow_until(begun, CALLBACK).await;
    browser.get(quick.location().expect("a redirect")).await;
    let answer = browser.get(&slow).await;
    assert_eq!(answer.location(), Some("/"), "{}", answer.status);
    assert_eq!(browser.get("/apps").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_answer_that_belongs_to_no_sign_in_of_this_browser_is_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let victim = app.browser();
    for path in [
        "/login/callback",
        "/login/callback?code=x",
        "/login/callback?code=x&state=y",
        "/login/callback?error=access_denied&state=y",
    ] {
        let page = victim.get(path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(
            page.body.contains("not begun in this browser"),
            "{}",
            page.body
        );
    }

    let attacker = app.browser();
    let callback = stop_before_callback(&app, &attacker).await;
    assert_eq!(
        victim.get(&callback).await.status,
        StatusCode::BAD_REQUEST,
        "another browser's answer"
    );
    let other_issuer = callback.replace(&encode(&app.url), &encode("https://evil.example"));
    assert_ne!(callback, other_issuer, "the answer names its issuer");
    assert_eq!(
        attacker.get(&other_issuer).await.status,
        StatusCode::BAD_REQUEST,
        "another issuer's answer"
    );
    assert_eq!(
        attacker.get(&callback).await.status,
        StatusCode::BAD_REQUEST,
        "an answer counts once"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_code_is_good_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser).await;
    assert_eq!(browser.get(&callback).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/operations").await.status, StatusCode::OK);
    let session = browser.cookie(COOKIE);
    assert_eq!(browser.get(&callback).await.location(), Some("/"));
    assert_eq!(browser.cookie(COOKIE), session, "no session is begun again");
    browser.post("/logout", &[]).await;
    assert_eq!(browser.get(&callback).await.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn never_sends_anyone_to_another_site(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for target in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let browser = app.browser();
        let start = format!("/login?return_to={}", encode(target));
        let page = app.sign_in_from(&browser, &start, ADA).await;
        assert!(
            page.path == "/" || page.path == "/apps",
            "{target} led to {}",
            page.path
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn too_many_sign_ins_from_one_address_have_to_wait(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let mut refused = None;
    for _ in 0..200 {
        let page = app.browser().get("/login/callback").await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(page);
            break;
        }
    }
    let refused = refused.expect("refused at last");
    assert!(
        refused
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds > 0)
    );
    assert_eq!(app.browser().get("/healthz").await.status, StatusCode::OK);
}

/// Signs in up to the redirect that brings the code; its path and query.
async fn stop_before_callback(app: &TestApp, browser: &Browser) -> String {
    let answer = browser.give_password("/login", ADA, PASSWORD).await;
    let answer = browser.follow_until(answer, CALLBACK).await;
    let callback = answer
        .location()
        .unwrap_or_else(|| panic!("a redirect: {answer:?}"));
    let url = Url::parse(&app.url)
        .and_then(|base| base.join(callback))
        .expect("an address");
    assert_eq!(url.path(), CALLBACK, "{url}");
    url[url::Position::BeforePath..].to_owned()
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
