//! Security headers on every kind of answer, and the nonce that the page and its policy share.

use crate::browser::{Page, between};
use crate::test_app::{ADA, TestApp};
use reqwest::{Method, StatusCode};
use sqlx::PgPool;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_kind_of_answer_carries_them(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (anonymous, ada) = (app.browser(), app.signed_in(ADA).await);
    let foreign = app.browser();
    for page in [
        anonymous.get("/healthz").await,
        anonymous.get("/readyz").await,
        anonymous.get("/apps").await,
        anonymous.get("/login").await,
        anonymous.get("/login/callback").await,
        anonymous.get("/pkg/none.js").await,
        anonymous
            .get("/mxid/.well-known/openid-configuration")
            .await,
        anonymous.get("/mxid/nowhere").await,
        anonymous.call("/api/fn/none", &[]).await,
        anonymous.post("/theme", &[("theme", "dark")]).await,
        anonymous.post("/theme", &[("theme", "pink")]).await,
        foreign
            .send(
                foreign
                    .request(Method::POST, "/logout")
                    .header("sec-fetch-site", "cross-site"),
            )
            .await,
        ada.get("/apps").await,
        ada.get("/nowhere").await,
        ada.get("/apps/none/packages/none/file").await,
        ada.call("/api/fn/none", &[]).await,
        ada.get("/logout").await,
    ] {
        check(&page);
    }
}

fn check(page: &Page) {
    let at = &page.path;
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{at}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
        "{at}: {policy}"
    );
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
        "{at}: {policy}"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{at}");
    assert!(
        page.header("strict-transport-security")
            .starts_with("max-age="),
        "{at}"
    );
    assert_eq!(
        page.header("cross-origin-opener-policy"),
        "same-origin",
        "{at}"
    );
    assert_eq!(
        page.header("cross-origin-resource-policy"),
        "same-origin",
        "{at}"
    );
    for name in [
        "referrer-policy",
        "permissions-policy",
        "cache-control",
        "x-request-id",
    ] {
        assert!(!page.header(name).is_empty(), "{at}: {name}");
    }
    let may_repeat = ["set-cookie", "vary"];
    for name in page
        .headers
        .keys()
        .filter(|name| !may_repeat.contains(&name.as_str()))
    {
        assert_eq!(
            page.headers.get_all(name).iter().count(),
            1,
            "{at}: {name} twice"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_page_s_scripts_have_the_nonce_of_its_policy(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let (first, second) = (ada.get("/apps").await, ada.get("/apps").await);
    assert_eq!(first.status, StatusCode::OK);
    let nonces = [&first, &second]
        .map(|page| between(page.header("content-security-policy"), "'nonce-", "'").to_owned());
    assert_ne!(nonces[0], nonces[1]);
    for (page, nonce) in [(&first, &nonces[0]), (&second, &nonces[1])] {
        for script in page.body.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "<script{tag}>");
        }
        assert!(page.body.contains("<script"), "there are scripts");
        assert!(
            !page.body.contains(" style=\""),
            "no style attributes: the policy forbids them"
        );
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_request_id_from_outside_is_not_believed(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let page = browser
        .send(
            browser
                .request(Method::GET, "/healthz")
                .header("x-request-id", "forged"),
        )
        .await;
    assert_ne!(page.header("x-request-id"), "forged");
    assert_eq!(page.header("x-request-id").len(), 32);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_look_is_chosen_by_a_cookie_and_leads_back_to_the_page(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let answer = ada
        .post("/theme", &[("theme", "dark"), ("return_to", "/operations")])
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, Some("/operations"))
    );
    assert!(
        ada.get("/operations")
            .await
            .body
            .contains("data-theme=\"dark\"")
    );
    let away = ada
        .post(
            "/theme",
            &[("theme", "light"), ("return_to", "https://evil.example")],
        )
        .await;
    assert_eq!(away.location(), Some("/"));
    assert_eq!(
        ada.post("/theme", &[("theme", "\r\nx: y")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}
