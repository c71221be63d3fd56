//! The token endpoint and what its tokens open.

use serde_json::Value;
use sqlx::PgPool;
use time::Duration;

use crate::browser::{Browser, VERIFIER, exchange};
use crate::provider::{CALLBACK, CLIENT, SECRET, TestProvider, error, header, in_query};

async fn code(provider: &TestProvider) -> String {
    let url = Browser::new(provider).sign_in(&[]).await;
    in_query(&url, "code").expect("a code")
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_code_that_comes_twice_revokes_what_was_made_from_it(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let code = code(&provider).await;
    let first = provider.token(&exchange(&code)).await;
    assert_eq!(first.status(), 200);
    let body: Value = serde_json::from_str(first.body()).expect("JSON");
    let access = body["access_token"].as_str().expect("a token");
    assert_eq!(provider.userinfo(access).await.status(), 200);
    let second = provider.token(&exchange(&code)).await;
    assert_eq!(
        (second.status().as_u16(), error(&second).as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(provider.userinfo(access).await.status(), 401);
    assert_eq!(provider.events().await, ["signed_in", "code_reused"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_two_exchanges_at_once_at_most_one_leaves_a_token(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let code = code(&provider).await;
    let fields = exchange(&code);
    let (one, two) = tokio::join!(provider.token(&fields), provider.token(&fields));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let left: i64 = sqlx::query_scalar("select count(*) from mxid.access_tokens")
        .fetch_one(&provider.pool)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_code_lives_for_a_minute(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let late = code(&provider).await;
    provider.pass(Duration::seconds(60));
    assert_eq!(
        error(&provider.token(&exchange(&late)).await),
        "invalid_grant"
    );
    let soon = code(&provider).await;
    provider.pass(Duration::seconds(59));
    assert_eq!(provider.token(&exchange(&soon)).await.status(), 200);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_proofs_must_fit_and_a_failed_try_uses_the_code_up(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let other = VERIFIER.replace('d', "e");
    let bad = [
        ("code_verifier", other.as_str(), "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("redirect_uri", "http://localhost:3000/", "invalid_grant"),
        ("redirect_uri", "", "invalid_request"),
    ];
    for (name, value, expected) in bad {
        let code = code(&provider).await;
        let fields = exchange(&code).map(|(it, old)| (it, if it == name { value } else { old }));
        assert_eq!(
            error(&provider.token(&fields).await),
            expected,
            "{name} {value:?}"
        );
        assert_eq!(
            error(&provider.token(&exchange(&code)).await),
            "invalid_grant"
        );
    }
    assert_eq!(
        error(&provider.token(&exchange("made-up")).await),
        "invalid_grant"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_must_prove_itself(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let code = code(&provider).await;
    let fields = exchange(&code);
    let with = |client: [(&'static str, &'static str); 2]| [&client[..], &fields[..]].concat();
    let bad = [
        with([("client_id", CLIENT), ("client_secret", "another secret")]),
        with([("client_id", CLIENT), ("client_secret", "")]),
        with([("client_id", "nobody"), ("client_secret", SECRET)]),
        fields.to_vec(),
    ];
    for fields in bad {
        let answer = provider.token_as(None, &fields).await;
        assert_eq!(
            (answer.status().as_u16(), error(&answer).as_str()),
            (401, "invalid_client")
        );
        assert!(header(&answer, "www-authenticate").starts_with("Basic"));
    }
    // "portal:wrong"
    let answer = provider.token_as(Some("cG9ydGFsOndyb25n"), &fields).await;
    assert_eq!(error(&answer), "invalid_client");
    let both = with([("client_id", CLIENT), ("client_secret", SECRET)]);
    assert_eq!(
        error(&provider.token_as(Some("cG9ydGFsOndyb25n"), &both).await),
        "invalid_request"
    );
    assert_eq!(
        provider.token(&fields).await.status(),
        200,
        "refused clients use nothing up"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn another_client_cannot_use_a_code(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let code = code(&provider).await;
    let fields = exchange(&code);
    let other = [
        ("client_id", "other"),
        ("client_secret", "the other client's secret"),
    ];
    let answer = provider
        .token_as(None, &[&other[..], &fields].concat())
        .await;
    assert_eq!(error(&answer), "invalid_grant");
    assert_eq!(provider.token(&fields).await.status(), 200);
}

#[sqlx::test(migrations = "../../migrations")]
async fn other_grants_are_refused(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let answer = provider
        .token(&[("grant_type", "password"), ("username", "ada")])
        .await;
    assert_eq!(error(&answer), "unsupported_grant_type");
    assert_eq!(
        error(&provider.token(&[("code", "x")]).await),
        "invalid_request"
    );
    let twice = [
        ("grant_type", "authorization_code"),
        ("code", "a"),
        ("code", "b"),
    ];
    assert_eq!(error(&provider.token(&twice).await), "invalid_request");
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_access_token_lives_for_ten_minutes(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let tokens = Browser::new(&provider).tokens().await;
    provider.pass(Duration::seconds(599));
    assert_eq!(provider.userinfo(&tokens.access).await.status(), 200);
    provider.pass(Duration::seconds(1));
    let refused = provider.userinfo(&tokens.access).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        header(&refused, "www-authenticate"),
        r#"Bearer error="invalid_token""#
    );
    assert_eq!(provider.userinfo("made-up").await.status(), 401);
    assert_eq!(provider.userinfo(&tokens.id).await.status(), 401);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_scope_decides_what_is_told(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let url = Browser::new(&provider)
        .sign_in(&[("scope", "openid offline_access")])
        .await;
    let code = in_query(&url, "code").expect("a code");
    let body: Value =
        serde_json::from_str(provider.token(&exchange(&code)).await.body()).expect("JSON");
    assert_eq!(body["scope"], "openid");
    let answer = provider
        .userinfo(body["access_token"].as_str().expect("a token"))
        .await;
    let claims: Value = serde_json::from_str(answer.body()).expect("JSON");
    assert!(claims.get("sub").is_some());
    assert!(claims.get("email").is_none() && claims.get("name").is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn nothing_secret_is_kept_as_it_is(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let code = in_query(&browser.sign_in(&[]).await, "code").expect("a code");
    let body: Value =
        serde_json::from_str(provider.token(&exchange(&code)).await.body()).expect("JSON");
    let access = body["access_token"].as_str().expect("a token");
    let cookie = browser
        .cookie
        .expect("a cookie")
        .replace("__Host-mxid=", "");
    let rows: Vec<String> = sqlx::query_scalar(
        "select c::text || t::text || s::text || encode(c.code_hash, 'escape')
            || encode(t.token_hash, 'escape') || encode(s.id_hash, 'escape')
         from mxid.codes c, mxid.access_tokens t, mxid.sessions s",
    )
    .fetch_all(&provider.pool)
    .await
    .expect("rows");
    assert_eq!(rows.len(), 1);
    for secret in [code.as_str(), access, &cookie] {
        assert!(!rows[0].contains(secret));
    }
    assert!(rows[0].contains(CALLBACK));
}
