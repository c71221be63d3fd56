//! What every answer carries.

use sqlx::PgPool;

use crate::browser::Browser;
use crate::provider::{TestProvider, header};

#[sqlx::test(migrations = "../../migrations")]
async fn every_answer_carries_the_headers(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let paths = [
        "/mxid/.well-known/openid-configuration",
        "/mxid/keys",
        "/mxid/authorize",
        "/mxid/sign-in",
        "/mxid/userinfo",
        "/mxid/token",
        "/mxid/end-session",
        "/mxid/style.css",
        "/mxid/icon.svg",
        "/mxid/nothing/here",
    ];
    for path in paths {
        let answer = browser.get(path).await;
        assert_eq!(
            header(&answer, "content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(
            header(&answer, "x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(header(&answer, "referrer-policy"), "same-origin", "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_form_may_end_at_the_clients_address_and_nowhere_else(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let other = [
        ("client_id", "other"),
        ("redirect_uri", "https://other.example/callback"),
    ];
    let path = browser.start_sign_in(&other).await;
    for answer in [
        browser.get(&path).await,
        browser.type_in(&path, "", "").await,
    ] {
        let policy = header(&answer, "content-security-policy");
        assert!(
            policy.contains("form-action 'self' https://other.example;"),
            "{policy}"
        );
        assert!(!answer.body().contains("<script"));
        assert!(!answer.body().contains("style=\""));
    }
}
