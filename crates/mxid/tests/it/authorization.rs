//! What may be asked of the authorization endpoint.

use sqlx::PgPool;
use time::Duration;

use crate::browser::{Browser, authorize_path, is_signed_in};
use crate::provider::{CALLBACK, ISSUER, TestProvider, header, in_query, location};

#[sqlx::test(migrations = "../../migrations")]
async fn an_unknown_client_or_address_is_never_redirected_to(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    let bad = [
        [("client_id", "nobody")],
        [("client_id", "")],
        [("redirect_uri", "")],
        [("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "http://localhost:3000/login/callback/")],
        [("redirect_uri", "http://localhost:3000/login/callback?x=1")],
        [("redirect_uri", "http://localhost:3001/login/callback")],
        [("redirect_uri", "http://LOCALHOST:3000/login/callback")],
        [("redirect_uri", "https://other.example/callback")],
    ];
    for change in bad {
        let answer = browser.authorize(&change).await;
        assert_eq!(answer.status(), 400, "{change:?}");
        assert_eq!(header(&answer, "location"), "");
        assert!(answer.body().contains("<h1>This sign-in cannot start</h1>"));
    }
    let twice = format!("{}&client_id=other", authorize_path(&[]));
    assert_eq!(browser.get(&twice).await.status(), 400);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_client_is_told_which_rule_its_request_breaks(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let bad: [(&[(&str, &str)], &str); 21] = [
        (&[("response_type", "token")], "unsupported_response_type"),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("scope", "email")], "invalid_scope"),
        (&[("scope", "")], "invalid_scope"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "too-short")], "invalid_request"),
        (&[("nonce", "zero\0")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "create")], "invalid_request"),
        (&[("prompt", "login never")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("response_mode", "form_post")], "invalid_request"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("nonce", "1"), ("nonce", "1")], "invalid_request"),
        (&[("request", "x.y.z")], "request_not_supported"),
        (
            &[("request_uri", "https://evil.example/")],
            "request_uri_not_supported",
        ),
    ];
    for (change, error) in bad {
        let url = location(&browser.authorize(change).await);
        assert!(url.as_str().starts_with(CALLBACK), "{url}");
        assert_eq!(
            in_query(&url, "error").as_deref(),
            Some(error),
            "{change:?}"
        );
        assert_eq!(in_query(&url, "state").as_deref(), Some("state-1"));
        assert_eq!(in_query(&url, "iss").as_deref(), Some(ISSUER));
        assert_eq!(in_query(&url, "code"), None);
    }
    let url = location(
        &browser
            .get(&format!("{}&colour=1&colour=2", authorize_path(&[])))
            .await,
    );
    assert_eq!(in_query(&url, "error").as_deref(), Some("invalid_request"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_signed_in_browser_gets_a_code_at_once(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    assert!(is_signed_in(&browser.authorize(&[]).await));
    assert!(is_signed_in(
        &browser.authorize(&[("prompt", "none")]).await
    ));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_that_wants_no_question_hears_that_one_is_needed(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let url = location(
        &Browser::new(&provider)
            .authorize(&[("prompt", "none")])
            .await,
    );
    assert_eq!(in_query(&url, "error").as_deref(), Some("login_required"));
    assert_eq!(in_query(&url, "state").as_deref(), Some("state-1"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_can_have_the_person_sign_in_again(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    browser.start_sign_in(&[("prompt", "login")]).await;
    assert!(is_signed_in(&browser.authorize(&[("max_age", "60")]).await));
    provider.pass(Duration::seconds(61));
    browser.start_sign_in(&[("max_age", "60")]).await;
    let silent = [("max_age", "60"), ("prompt", "none")];
    let url = location(&browser.authorize(&silent).await);
    assert_eq!(in_query(&url, "error").as_deref(), Some("login_required"));
    browser.sign_in(&[("max_age", "60")]).await;
    assert!(is_signed_in(&browser.authorize(&[("max_age", "60")]).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_session_ends_when_idle_and_in_any_case(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    for _ in 0..6 {
        provider.pass(Duration::minutes(119));
        assert!(is_signed_in(&browser.authorize(&[]).await));
    }
    provider.pass(Duration::minutes(7));
    browser.start_sign_in(&[]).await;
    browser.sign_in(&[]).await;
    provider.pass(Duration::minutes(121));
    browser.start_sign_in(&[]).await;
}
