//! The keys that sign id tokens, and those that an earlier installation signed with.

use openidconnect::JsonWebKeyId;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::browser::{Browser, is_signed_in};
use crate::provider::{CLIENT, EMAIL, ISSUER, PASSWORD, TestProvider, config, form};

/// Made for these tests; it opens nothing.
const RSA_KEY: &str = include_str!("rsa-key-of-the-tests.pem");
const OLD: &str = "an old key";

async fn add_rsa_key(pool: &PgPool) {
    sqlx::query(
        "insert into mxid.keys (kid, private_key_pem, signing, created_at) values ($1, $2, true, $3)",
    )
    .bind(OLD)
    .bind(RSA_KEY)
    .bind(OffsetDateTime::now_utc() - Duration::days(30))
    .execute(pool)
    .await
    .expect("a row");
}

/// An id token as an earlier installation made it.
async fn old_token(pool: &PgPool) -> String {
    let account: Uuid = sqlx::query_scalar("select id from mxid.accounts where email = $1")
        .bind(EMAIL)
        .fetch_one(pool)
        .await
        .expect("an account");
    let at = OffsetDateTime::now_utc().unix_timestamp();
    let claims =
        json!({ "iss": ISSUER, "aud": [CLIENT], "sub": account, "iat": at, "exp": at + 600 });
    let claims: CoreIdTokenClaims = serde_json::from_value(claims).expect("claims");
    let key = CoreRsaPrivateSigningKey::from_pem(RSA_KEY, Some(JsonWebKeyId::new(OLD.to_owned())));
    let rs256 = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let token = CoreIdToken::new(claims, &key.expect("a key"), rs256, None, None);
    token.expect("a token").to_string()
}

/// Kind and id of the published keys, and whether any of them holds a private half.
async fn published(provider: &TestProvider) -> Vec<(String, String)> {
    let set = provider.get_json("/mxid/keys").await;
    let keys = set["keys"].as_array().expect("keys");
    assert!(keys.iter().all(|key| key.get("d").is_none()), "{set}");
    let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
    keys.iter()
        .map(|key| (text(key, "kty"), text(key, "kid")))
        .collect()
}

async fn end_session(browser: &mut Browser, hint: &str) -> String {
    let path = format!("/mxid/end-session?{}", form(&[("id_token_hint", hint)]));
    browser.get(&path).await.into_body()
}

#[sqlx::test(migrations = "../../migrations")]
async fn tokens_are_signed_with_es256_by_the_published_key(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let discovered = provider
        .get_json("/mxid/.well-known/openid-configuration")
        .await;
    assert_eq!(
        discovered["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    let token: CoreIdToken = Browser::new(&provider)
        .tokens()
        .await
        .id
        .parse()
        .expect("a token");
    assert_eq!(
        token.signing_alg().expect("an algorithm"),
        &CoreJwsSigningAlgorithm::EcdsaP256Sha256
    );
    let [(kind, kid)] = <[_; 1]>::try_from(published(&provider).await).expect("one key");
    assert_eq!(kind, "EC");
    let row: String = sqlx::query_scalar("select kid from mxid.keys where signing")
        .fetch_one(&provider.pool)
        .await
        .expect("a row");
    assert_eq!(row, kid);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_rsa_key_of_before_signs_no_more_and_stays_published_while_its_tokens_count(
    pool: PgPool,
) {
    add_rsa_key(&pool).await;
    let provider = TestProvider::new(pool.clone()).await;
    let kinds: Vec<String> = published(&provider)
        .await
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(kinds, ["EC", "RSA"]);

    let old = old_token(&pool).await;
    let mut browser = Browser::new(&provider);
    browser.tokens().await;
    let page = end_session(&mut browser, &old).await;
    assert!(page.contains("You are signed out"), "{page}");

    provider.pass(Duration::hours(12) + Duration::minutes(10));
    let [(kind, _)] = <[_; 1]>::try_from(published(&provider).await).expect("one key");
    assert_eq!(kind, "EC");
    browser.tokens().await;
    let page = end_session(&mut browser, &old).await;
    assert!(page.contains("Sign out?"), "{page}");
    assert!(is_signed_in(&browser.authorize(&[]).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_new_key_makes_no_browser_a_stranger_and_is_made_once(pool: PgPool) {
    add_rsa_key(&pool).await;
    let before = TestProvider::new(pool.clone()).await;
    let mut browser = Browser::new(&before);
    browser.tokens().await;
    let keys = published(&before).await;
    let after = TestProvider::new(pool.clone()).await;
    assert_eq!(published(&after).await, keys);

    let mut browser = browser.with_provider(&after);
    browser.cookie = None;
    let stranger = &mut Browser::new(&after);
    let path = stranger.start_sign_in(&[]).await;
    for _ in 0..11 {
        stranger.type_in(&path, EMAIL, "a wrong guess").await;
    }
    let path = browser.start_sign_in(&[]).await;
    let answer = browser.type_in(&path, EMAIL, PASSWORD).await;
    assert!(is_signed_in(&answer), "{}", answer.body());
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_servers_that_replace_a_key_at_once_share_the_new_one(pool: PgPool) {
    add_rsa_key(&pool).await;
    let (one, two) = tokio::join!(
        mxid::router(pool.clone(), config()),
        mxid::router(pool.clone(), config())
    );
    assert!(one.is_ok() && two.is_ok());
    let signing: Vec<(String, bool)> =
        sqlx::query_as("select kid, signing from mxid.keys order by created_at")
            .fetch_all(&pool)
            .await
            .expect("rows");
    let signing: Vec<bool> = signing.into_iter().map(|it| it.1).collect();
    assert_eq!(signing, [false, true]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_key_that_cannot_be_read_ends_the_start(pool: PgPool) {
    sqlx::query(
        "insert into mxid.keys (kid, private_key_pem, signing, created_at) values ('x', 'no key', true, now())",
    )
    .execute(&pool)
    .await
    .expect("a row");
    let error = mxid::router(pool, config()).await.expect_err("a refusal");
    assert!(matches!(error, mxid::SetUpError::Key(_)), "{error}");
}
