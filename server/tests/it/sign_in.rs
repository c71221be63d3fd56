//! The whole sign-in through the built-in provider, and everything that must not pass for one.

use crate::browser::{Browser, Page};
use crate::test_app::{ADA, PASSWORD, TestApp};
use reqwest::{Method, StatusCode};
use server::routes::login::client::CALLBACK;
use server::web::session::COOKIE;
use sqlx::PgPool;
use url::Url;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn signs_in_and_goes_back_to_the_page(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let before = browser.get("/login").await;
    assert_eq!(browser.cookie(COOKIE), None, "no session before a sign-in");
    check_attributes(&before);
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    browser.set_cookie(COOKIE, planted);

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
    let session = browser.cookie(COOKIE).expect("a session");
    assert_ne!(session, planted, "signing in makes a new session");

    let stolen = app.browser();
    stolen.set_cookie(COOKIE, planted);
    assert_eq!(
        stolen.get("/apps").await.location(),
        Some("/login?return_to=%2Fapps"),
        "a planted id is nobody's"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_sign_in_ends_the_session_before(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.signed_in(ADA).await;
    let before = browser.cookie(COOKIE).expect("a session");
    let callback = stop_before_callback(&app, &browser, "/login?again=1").await;
    check_attributes(&browser.get(&callback).await);
    let stolen = app.browser();
    stolen.set_cookie(COOKIE, &before);
    assert_eq!(stolen.get("/apps").await.status, StatusCode::FOUND);
}

/// Every cookie is out of reach of scripts, other hosts and other sites.
fn check_attributes(answer: &Page) {
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert!(!cookies.is_empty());
    for cookie in cookies {
        let cookie = cookie.to_str().expect("text");
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
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
async fn an_answer_that_belongs_to_no_sign_in_of_this_browser_is_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for path in [
        "/login/callback",
        "/login/callback?code=x",
        "/login/callback?code=x&state=y",
        "/login/callback?code=x&state=y&state=z",
        "/login/callback?error=access_denied&state=y",
    ] {
        let victim = app.browser();
        let begun = victim.get(path).await;
        let to = begun.location().expect("one new attempt");
        assert!(
            to.starts_with(&format!("{}/mxid/authorize?", app.url)),
            "{to}"
        );
        let page = victim.get(path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "and no more: {path}");
        assert!(
            page.body.contains("not begun in this browser"),
            "{}",
            page.body
        );
    }

    let attacker = app.browser();
    let callback = stop_before_callback(&app, &attacker, "/login").await;
    let victim = app.browser();
    victim.get("/login").await;
    let begun = victim.get(&callback).await;
    let to = begun.location().expect("an attempt of its own");
    assert!(
        to.contains("/mxid/authorize?"),
        "another browser's answer: {to}"
    );
    assert_eq!(victim.cookie(COOKIE), None);

    let other_issuer = callback.replace(&encode(&app.url), &encode("https://evil.example"));
    assert_ne!(callback, other_issuer, "the answer names its issuer");
    let refused = attacker.get(&other_issuer).await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "another issuer's answer"
    );
    assert_eq!(attacker.cookie(COOKIE), None);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_code_is_good_once(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser, "/login?return_to=/operations").await;
    assert_eq!(browser.get(&callback).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/operations").await.status, StatusCode::OK);
    let session = browser.cookie(COOKIE);
    assert_eq!(browser.get(&callback).await.location(), Some("/operations"));
    assert_eq!(browser.cookie(COOKIE), session, "no session is begun again");
    browser.post("/logout", &[]).await;
    let begun = browser.get(&callback).await;
    assert!(
        begun
            .location()
            .is_some_and(|to| to.contains("/mxid/authorize?")),
        "asked anew: {begun:?}"
    );
    assert_eq!(browser.cookie(COOKIE), None);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn never_sends_anyone_to_another_site(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for target in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/.//evil.example",
        "/%2e//evil.example",
        "/.\\/evil.example",
    ] {
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
    let begun = app.browser();
    let callback = stop_before_callback(&app, &begun, "/login").await;
    for _ in 0..200 {
        let picture = app.browser();
        let request = picture.request(Method::GET, "/login");
        let answer = picture
            .send(request.header("sec-fetch-dest", "image"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "and is not counted");
    }
    assert_eq!(
        app.browser().get("/login").await.status,
        StatusCode::SEE_OTHER
    );
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
    let answer = begun.get(&callback).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "begun before, {answer:?}"
    );
    assert!(begun.cookie(COOKIE).is_some());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_state_that_cannot_be_read_begins_one_new_attempt(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser, "/operations").await;
    let (before, state) = callback.split_once("state=").expect("a state");
    let cut = format!("{before}state=cut{}", &state[3..]);
    let page = browser.follow(browser.get(&cut).await).await;
    assert_eq!(page.status, StatusCode::OK, "{}: {}", page.path, page.body);
    assert!(browser.cookie(COOKIE).is_some());
    browser.forget_cookie(COOKIE);
    let page = browser.get(&cut).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "and no more");
    assert!(page.body.contains("Sign in again"), "{}", page.body);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_session_that_cannot_be_kept_is_said_on_a_page(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser, "/login").await;
    sqlx::query("alter table sessions rename to gone")
        .execute(&app.state.control.pool)
        .await
        .expect("renamed");
    let page = browser.get(&callback).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.body.contains("database does not answer"),
        "{}",
        page.body
    );
    assert_eq!(browser.cookie(COOKIE), None);
}

/// Signs in up to the redirect that brings the code; its path and query.
pub async fn stop_before_callback(app: &TestApp, browser: &Browser, path: &str) -> String {
    let answer = browser.give_password(path, ADA, PASSWORD).await;
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
