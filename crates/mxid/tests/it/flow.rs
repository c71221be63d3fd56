//! The whole way, driven by an independent implementation of a client.

use axum::body::Body;
use http::{Request, Response};
use mxid::Client;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse,
};
use sqlx::PgPool;

use crate::browser::Browser;
use crate::provider::{
    CALLBACK, CLIENT, EMAIL, ISSUER, PASSWORD, SECRET, TestProvider, in_query, location,
};

async fn fetch(provider: TestProvider, request: HttpRequest) -> Result<HttpResponse, Never> {
    let (parts, body) = request.into_parts();
    let answer = provider
        .send("192.0.2.9", Request::from_parts(parts, Body::from(body)))
        .await;
    let (parts, body) = answer.into_parts();
    Ok(Response::from_parts(parts, body.into_bytes()))
}

#[derive(Debug, thiserror::Error)]
enum Never {}

#[expect(clippy::too_many_lines, reason = "one journey, told in one piece")]
async fn whole_flow(pool: PgPool, auth_type: AuthType) {
    let provider = TestProvider::new(pool).await;
    let http = {
        let provider = provider.clone();
        move |request: HttpRequest| fetch(provider.clone(), request)
    };
    let issuer = IssuerUrl::new(ISSUER.to_owned()).expect("an issuer");
    let metadata = ProviderMetadataWithLogout::discover_async(issuer, &http)
        .await
        .expect("metadata with keys");
    let logout = metadata
        .additional_metadata()
        .end_session_endpoint
        .clone()
        .expect("an address");
    assert_eq!(logout.as_str(), "http://localhost:3000/mxid/end-session");
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(CLIENT.to_owned()),
        Some(ClientSecret::new(SECRET.to_owned())),
    )
    .set_auth_type(auth_type)
    .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("an address"));

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let mut browser = Browser::new(&provider);
    let path = location(&browser.get(url.as_str()).await).to_string();
    let page = browser.get(&path).await;
    assert_eq!(page.status(), 200);
    assert!(
        page.body()
            .contains("to continue to <strong>localhost:3000</strong>")
    );
    let callback = location(&browser.type_in(&path, EMAIL, PASSWORD).await);
    assert!(callback.as_str().starts_with(CALLBACK));
    assert_eq!(in_query(&callback, "state").as_ref(), Some(state.secret()));
    assert_eq!(in_query(&callback, "iss").as_deref(), Some(ISSUER));

    let code = AuthorizationCode::new(in_query(&callback, "code").expect("a code"));
    let tokens = client
        .exchange_code(code)
        .expect("a token endpoint")
        .set_pkce_verifier(verifier)
        .request_async(&http)
        .await
        .expect("tokens");
    let id_token = tokens.id_token().expect("an id token");
    let id_token_verifier = client.id_token_verifier();
    let claims = id_token
        .claims(&id_token_verifier, &nonce)
        .expect("a sound id token");
    assert_eq!(claims.email().map(|it| it.as_str()), Some(EMAIL));
    assert_eq!(claims.email_verified(), Some(true));
    assert!(claims.auth_time().is_some());
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().expect("an algorithm"),
        id_token.signing_key(&id_token_verifier).expect("a key"),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.expect("a hash")));
    assert!(
        id_token
            .claims(&id_token_verifier, &Nonce::new_random())
            .is_err(),
        "another nonce"
    );

    let info: CoreUserInfoClaims = client
        .user_info(
            tokens.access_token().clone(),
            Some(claims.subject().clone()),
        )
        .expect("a userinfo endpoint")
        .request_async(&http)
        .await
        .expect("claims");
    assert_eq!(
        info.name()
            .and_then(|it| it.get(None))
            .map(|it| it.as_str()),
        Some("Ada")
    );
    assert_eq!(provider.events().await, ["signed_in"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_with_its_secret_in_the_header_signs_a_person_in(pool: PgPool) {
    whole_flow(pool, AuthType::BasicAuth).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_with_its_secret_in_the_form_signs_a_person_in(pool: PgPool) {
    whole_flow(pool, AuthType::RequestBody).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_keys_survive_a_restart(pool: PgPool) {
    let first = TestProvider::new(pool.clone())
        .await
        .get_json("/mxid/keys")
        .await;
    let second = TestProvider::new(pool).await.get_json("/mxid/keys").await;
    assert_eq!(first, second);
    assert_eq!(first["keys"].as_array().map(Vec::len), Some(1));
    assert!(first["keys"][0].get("d").is_none(), "no private half");
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_servers_that_start_at_once_share_one_key(pool: PgPool) {
    let config = crate::provider::config;
    let (one, two) = tokio::join!(
        mxid::router(pool.clone(), config()),
        mxid::router(pool.clone(), config())
    );
    assert!(one.is_ok() && two.is_ok());
    let keys: i64 = sqlx::query_scalar("select count(*) from mxid.keys")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(keys, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_configuration_that_breaks_a_rule_is_refused(pool: PgPool) {
    let usual = crate::provider::config();
    let client = usual.clients[0].clone();
    let changed = |change: fn(&mut Client)| {
        let mut config = usual.clone();
        change(&mut config.clients[0]);
        config
    };
    let mut fragment = usual.clone();
    fragment.issuer.set_fragment(Some("x"));
    let mut twice = usual.clone();
    twice.clients.push(client);
    let bad = [
        fragment,
        twice,
        changed(|client| client.id = String::new()),
        changed(|client| client.redirect_uris = vec!["javascript:x".parse().expect("an address")]),
    ];
    for config in bad {
        let error = mxid::router(pool.clone(), config)
            .await
            .expect_err("a refusal");
        assert!(matches!(error, mxid::SetUpError::Config(_)), "{error}");
    }
}
