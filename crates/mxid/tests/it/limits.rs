//! Guessing is stopped, and nobody is locked out by somebody else's guesses.

use sqlx::PgPool;
use time::OffsetDateTime;

use crate::browser::{Browser, is_signed_in};
use crate::provider::{EMAIL, PASSWORD, TestProvider};

const WRONG: &str = "a loud walk at noon";
const EVE: &str = "eve@example.com";
const EVES_PASSWORD: &str = "a loud evening at home";

async fn guess(browser: &mut Browser, times: usize) {
    let path = browser.start_sign_in(&[("prompt", "login")]).await;
    for _ in 0..times {
        browser.type_in(&path, EMAIL, WRONG).await;
    }
}

/// The status of the right password's answer.
async fn right_password(browser: &mut Browser) -> u16 {
    let path = browser.start_sign_in(&[("prompt", "login")]).await;
    browser
        .type_in(&path, EMAIL, PASSWORD)
        .await
        .status()
        .as_u16()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_stranger_at_the_same_address_does_not_lock_out_a_browser_that_was_here_before(
    pool: PgPool,
) {
    let provider = TestProvider::new(pool).await;
    let mut owner = Browser::new(&provider);
    owner.sign_in(&[]).await;
    let mut stranger = Browser::new(&provider);
    guess(&mut stranger, 10).await;
    assert_eq!(right_password(&mut stranger).await, 429, "the account");
    assert_eq!(right_password(&mut owner).await, 303);

    guess(&mut stranger, 180).await;
    let path = stranger.start_sign_in(&[]).await;
    let other = stranger.type_in(&path, EVE, WRONG).await;
    assert_eq!(other.status(), 429, "the whole address");
    assert_eq!(right_password(&mut owner).await, 303);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_browser_is_still_known_after_a_restart_and_after_signing_out(pool: PgPool) {
    let first = TestProvider::new(pool.clone()).await;
    let mut owner = Browser::new(&first);
    owner.sign_in(&[]).await;
    owner.post("/mxid/end-session", &[]).await;
    assert!(owner.cookie.is_none());

    let second = TestProvider::new(pool).await;
    let mut owner = owner.with_provider(&second);
    guess(&mut Browser::new(&second), 10).await;
    assert_eq!(right_password(&mut owner).await, 303);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_known_browser_is_stopped_by_its_own_guesses_only(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut owner = Browser::new(&provider);
    owner.sign_in(&[]).await;
    let mut also_owner = Browser::new(&provider);
    also_owner.sign_in(&[]).await;
    guess(&mut owner, 10).await;
    assert_eq!(right_password(&mut owner).await, 429);
    assert_eq!(right_password(&mut also_owner).await, 303);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_browser_is_known_for_its_own_account_and_by_a_true_cookie_only(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let at = OffsetDateTime::UNIX_EPOCH;
    mxid::accounts::create(&provider.pool, EVE, "Eve", &EVES_PASSWORD.into(), at)
        .await
        .expect("an account");
    let mut eve = Browser::new(&provider);
    let path = eve.start_sign_in(&[]).await;
    assert!(is_signed_in(&eve.type_in(&path, EVE, EVES_PASSWORD).await));
    let eves = eve.device.clone().expect("a cookie");
    let (_, proof) = eves.split_once('.').expect("a proof");
    let forged = format!("__Host-mxid-device=made-up.{proof}");

    guess(&mut Browser::new(&provider), 10).await;
    for device in [
        eves.as_str(),
        &forged,
        "__Host-mxid-device=x",
        "__Host-mxid-device=.",
    ] {
        eve.device = Some(device.to_owned());
        assert_eq!(right_password(&mut eve).await, 429, "{device}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_cookie_of_a_known_browser_lasts_and_names_nobody(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let refused = browser.type_in(&path, EMAIL, WRONG).await;
    assert!(refused.headers().get("set-cookie").is_none());
    let answer = browser.type_in(&path, EMAIL, PASSWORD).await;
    let set = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|it| it.to_str().expect("text"))
        .find(|it| it.starts_with("__Host-mxid-device="))
        .expect("a cookie");
    let (pair, attributes) = set.split_once("; ").expect("attributes");
    assert!(!pair.to_lowercase().contains("ada"), "{pair}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    let expected = [
        "HttpOnly",
        "Max-Age=31536000",
        "Path=/",
        "SameSite=Lax",
        "Secure",
    ];
    assert_eq!(attributes, expected);
}
