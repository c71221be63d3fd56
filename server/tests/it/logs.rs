//! Canaries: what must never be in a log is sent through the portal, and looked for in all it logs.

use crate::test_app::{ADA, CLIENT_SECRET, PASSWORD, TestApp};
use reqwest::StatusCode;
use server::routes::login::client::CALLBACK;
use sqlx::PgPool;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;

const WRONG_PASSWORD: &str = "a canary instead of a password";
const IN_A_QUERY: &str = "canary-in-a-query";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// More than the default says is logged here, since an operator may want to see more.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_secret_reaches_the_log(pool: PgPool) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, what another thread comes across first would count as wanted by none.
    let _second = Dispatch::new(tracing_subscriber::registry());
    let logging = tracing::subscriber::set_default(subscriber);

    let app = TestApp::new(pool).await;
    app.create_app("Quokka", "quokka").await;
    let browser = app.browser();
    browser.give_password("/login", ADA, WRONG_PASSWORD).await;
    let answer = browser.give_password("/login", ADA, PASSWORD).await;
    let answer = browser.follow_until(answer, CALLBACK).await;
    let callback = answer.location().expect("the callback").to_owned();
    browser.follow(answer).await;
    let page = browser
        .get(&format!("/operations?after={IN_A_QUERY}"))
        .await;
    assert_ne!(page.status, StatusCode::FOUND, "is signed in");
    let revealed = browser
        .call(
            "/api/fn/app/environments/api/reveal_debugger_password",
            &[("app", "quokka"), ("environment", "test")],
        )
        .await;
    assert_eq!(revealed.status, StatusCode::OK, "{}", revealed.body);
    let cookies = [
        server::web::session::COOKIE,
        "__Host-mxid",
        "__Host-mxid-device",
    ];
    let cookies: Vec<_> = cookies.iter().filter_map(|it| browser.cookie(it)).collect();
    assert!(cookies.len() > 1, "there are cookies to look for");
    browser.post("/logout", &[]).await;
    drop(logging);

    let log = log.text();
    assert!(log.contains("/operations"), "requests are logged");
    let url = url::Url::parse(&app.url).and_then(|base| base.join(&callback));
    let url = url.expect("an address");
    let carried: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| name != "iss")
        .map(|(_, value)| value.into_owned())
        .collect();
    assert!(carried.len() > 1, "a code and a state");
    let password = revealed.body.trim_matches('"');
    let constants = [
        PASSWORD,
        WRONG_PASSWORD,
        CLIENT_SECRET,
        IN_A_QUERY,
        password,
    ];
    // Every signed token begins like this.
    let canaries = constants.into_iter().chain(["eyJ"]);
    let canaries = canaries.chain(carried.iter().map(String::as_str));
    for canary in canaries.chain(cookies.iter().map(String::as_str)) {
        assert!(canary.len() > 2, "something to look for");
        let line = log.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "`{canary}` was logged");
    }
}
