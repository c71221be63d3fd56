//! Whom limits and trails count behind a reverse proxy.

use crate::browser::Browser;
use crate::test_app::{ADA, PASSWORD, TestApp};
use domain::networks::read_networks;
use reqwest::StatusCode;
use sqlx::PgPool;

const EVE: &str = "203.0.113.9";
const OF_ADA: &str = "192.0.2.1";

async fn behind_a_proxy(pool: PgPool) -> TestApp {
    let here = read_networks("TRUSTED_PROXIES", "127.0.0.0/8").expect("a network");
    TestApp::with(pool, |state| state.trusted_proxies = here.into()).await
}

/// Whether so many steps of signing in are too many, with a new browser and address for each.
async fn is_stopped(app: &TestApp, addresses: &[&'static str]) -> bool {
    for n in 0..200 {
        let browser = app.browser().forwarded_for(addresses[n % addresses.len()]);
        let page = browser.get("/login/callback").await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            return true;
        }
    }
    false
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_tries_too_often_stops_nobody_else_behind_the_same_proxy(pool: PgPool) {
    let app = behind_a_proxy(pool.clone()).await;
    // What Eve writes before the proxy's entry is hers, and changes nothing.
    let forged = ["192.0.2.1, 203.0.113.9", "192.0.2.2, 203.0.113.9"];
    assert!(is_stopped(&app, &forged).await);
    let ada = app.browser().forwarded_for(OF_ADA);
    let page = ada.sign_in("/login", ADA, PASSWORD).await;
    assert_eq!(page.path, "/apps", "{}", page.body);

    ada.post("/logout", &[]).await;
    let seen: Vec<(String, Option<String>)> = sqlx::query_as(
        "select action, from_address from audit_events where person_id is not null order by action",
    )
    .fetch_all(&pool)
    .await
    .expect("the trail");
    let from = |action: &str| (action.to_owned(), Some(OF_ADA.to_owned()));
    let expected = ["person.bind", "person.sign_in", "person.sign_out"].map(from);
    assert_eq!(seen, expected);
    let at_the_provider: Vec<String> =
        sqlx::query_scalar("select distinct from_address from mxid.events")
            .fetch_all(&pool)
            .await
            .expect("events");
    assert_eq!(at_the_provider, [OF_ADA]);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn guesses_from_elsewhere_lock_nobody_out_of_an_account(pool: PgPool) {
    let app = behind_a_proxy(pool).await;
    let eve = app.browser().forwarded_for(EVE);
    for _ in 0..12 {
        eve.give_password("/login", ADA, "a wrong guess").await;
    }
    let guess = eve.give_password("/login", ADA, PASSWORD).await;
    assert_eq!(guess.status, StatusCode::TOO_MANY_REQUESTS);
    let ada = app.browser().forwarded_for(OF_ADA);
    let page = ada.sign_in("/login", ADA, PASSWORD).await;
    assert_eq!(page.path, "/apps", "{}", page.body);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_a_trusted_proxy_the_header_says_nothing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    assert!(is_stopped(&app, &["192.0.2.1", "192.0.2.2", "192.0.2.3"]).await);
    let other: Browser = app.browser().forwarded_for("192.0.2.4");
    assert_eq!(
        other.get("/login").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}
