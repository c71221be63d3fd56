//! Signing out.

use sqlx::PgPool;
use time::Duration;

use crate::browser::{Browser, cross_site_post, is_signed_in};
use crate::provider::{AFTER_SIGN_OUT, CLIENT, TestProvider, form, header, location};

fn path(fields: &[(&str, &str)]) -> String {
    format!("/mxid/end-session?{}", form(fields))
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_with_the_persons_token_ends_the_session(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let tokens = browser.tokens().await;
    let cookie = browser.cookie.clone();
    provider.pass(Duration::minutes(30));
    let fields = [
        ("id_token_hint", tokens.id.as_str()),
        ("post_logout_redirect_uri", AFTER_SIGN_OUT),
        ("state", "state-2"),
    ];
    let answer = browser.get(&path(&fields)).await;
    assert_eq!(
        location(&answer).as_str(),
        format!("{AFTER_SIGN_OUT}?state=state-2")
    );
    assert!(header(&answer, "set-cookie").starts_with("__Host-mxid=;"));
    assert!(header(&answer, "set-cookie").contains("Max-Age=0"));
    assert!(browser.cookie.is_none());
    browser.cookie = cookie;
    browser.start_sign_in(&[]).await;
    assert_eq!(provider.userinfo(&tokens.access).await.status(), 401);
    assert_eq!(provider.events().await, ["signed_in", "signed_out"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn without_a_valid_token_the_person_is_asked(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let tokens = browser.tokens().await;
    let (body, _) = tokens.id.rsplit_once('.').expect("a signature");
    let unsigned = format!("{body}.");
    for hint in ["", "x.y.z", unsigned.as_str()] {
        let fields = [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", AFTER_SIGN_OUT),
        ];
        let answer = browser.get(&path(&fields)).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.body().contains("<h1>Sign out?</h1>"));
        assert!(is_signed_in(&browser.authorize(&[]).await));
    }
    let foreign = browser
        .send(cross_site_post("/mxid/end-session"), String::new())
        .await;
    let question = location(&foreign);
    assert_eq!(question.path(), "/mxid/end-session", "asked as well");
    assert!(is_signed_in(&browser.authorize(&[]).await));
    let answer = browser.post("/mxid/end-session", &[]).await;
    assert!(answer.body().contains("<h1>You are signed out</h1>"));
    assert!(browser.cookie.is_none());
    browser.start_sign_in(&[]).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_token_of_somebody_else_does_not_end_the_session(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let at = time::OffsetDateTime::UNIX_EPOCH;
    let password = "the second person's".into();
    mxid::accounts::create(&provider.pool, "bob@example.com", "Bob", &password, at)
        .await
        .expect("an account");
    let tokens = Browser::new(&provider).tokens().await;
    let mut bob = Browser::new(&provider);
    let sign_in = bob.start_sign_in(&[]).await;
    location(
        &bob.type_in(&sign_in, "bob@example.com", "the second person's")
            .await,
    );
    let answer = bob.get(&path(&[("id_token_hint", &tokens.id)])).await;
    assert!(answer.body().contains("<h1>Sign out?</h1>"));
    assert!(is_signed_in(&bob.authorize(&[]).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_is_sent_to_an_address_that_is_not_registered(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let tokens = browser.tokens().await;
    let evil = [
        ("id_token_hint", tokens.id.as_str()),
        ("post_logout_redirect_uri", "https://evil.example/"),
    ];
    let answer = browser.get(&path(&evil)).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(header(&answer, "location"), "");
    assert!(is_signed_in(&browser.authorize(&[]).await));
    let mut nobody = Browser::new(&provider);
    let answer = nobody.get(&path(&evil[1..])).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.body().contains("<h1>You are signed out</h1>"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_client_may_send_a_form_and_is_answered_after_a_yes(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.tokens().await;
    let fields = [
        ("client_id", CLIENT),
        ("post_logout_redirect_uri", AFTER_SIGN_OUT),
        ("state", "a&b c"),
    ];
    let sent = browser
        .send(cross_site_post("/mxid/end-session"), form(&fields))
        .await;
    let question = location(&sent);
    assert_eq!(question.query(), Some(form(&fields).as_str()));
    let answer = browser.get(&path(&fields)).await;
    assert!(answer.body().contains("<h1>Sign out?</h1>"));
    let action = format!("end-session?{}", form(&fields).replace('&', "&amp;"));
    assert!(answer.body().contains(&action), "{}", answer.body());
    let done = browser.post(&path(&fields), &[]).await;
    assert_eq!(
        location(&done).as_str(),
        format!("{AFTER_SIGN_OUT}?state=a%26b+c")
    );
    assert!(browser.cookie.is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_session_that_is_over_is_no_obstacle(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let tokens = browser.tokens().await;
    provider.pass(Duration::hours(13));
    let fields = [
        ("id_token_hint", tokens.id.as_str()),
        ("client_id", CLIENT),
        ("post_logout_redirect_uri", AFTER_SIGN_OUT),
    ];
    let answer = browser.get(&path(&fields)).await;
    assert_eq!(location(&answer).as_str(), AFTER_SIGN_OUT);

    let mut others = fields;
    others[1] = ("client_id", "other");
    others[2] = ("post_logout_redirect_uri", "https://evil.example/");
    assert_eq!(browser.get(&path(&others)).await.status(), 400);
}
