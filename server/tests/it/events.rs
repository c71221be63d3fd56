//! The stream of changes: its own company's alone, and no longer than the session.

use crate::browser::Browser;
use crate::test_app::{ADA, OLGA, TestApp};
use control::live_updates::{Audience, Update};
use control::people;
use domain::ids::AppId;
use domain::topics::Topic;
use reqwest::{Method, Response, StatusCode};
use sqlx::PgPool;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_company_hears_of_its_own_changes_alone(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (ada, olga) = (app.signed_in(ADA).await, app.signed_in(OLGA).await);
    let (mut of_ada, mut of_olga) = (open(&ada, None).await, open(&olga, None).await);
    let (northwind, southwind) = (app.ctx(ADA).await.company, app.ctx(OLGA).await.company);
    let [quokka, wombat] = [1, 2].map(|n| Topic::App(AppId::new(Uuid::from_u128(n))));
    for (company, topic) in [(northwind, quokka), (southwind, wombat)] {
        app.state
            .changes
            .send(Update::Changed {
                company,
                topics: vec![topic],
                audience: Audience::Everyone,
            })
            .expect("someone listens");
    }
    let (quokka, wombat) = (quokka.to_string(), wombat.to_string());
    let heard = read_until(&mut of_ada, &quokka).await;
    assert!(
        heard.contains("event: change")
            && heard.contains("id: 1")
            && heard.contains(&format!(r#"data: {{"keys":["{quokka}"]}}"#)),
        "{heard}"
    );
    let heard = read_until(&mut of_olga, &wombat).await;
    assert!(
        !heard.contains(&quokka),
        "another company's change came first and was heard: {heard}"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_change_in_the_database_reaches_the_browser(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, None).await;
    let company = app.ctx(ADA).await.company;
    let payload = serde_json::json!({ "scope": company, "keys": ["apps"] }).to_string();
    let notify = async {
        loop {
            let sent = sqlx::query("select pg_notify('changes', $1)")
                .bind(&payload)
                .execute(&app.state.control.pool)
                .await;
            sent.expect("sent");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        heard = read_until(&mut stream, "\"apps\"") => assert!(heard.contains("event: change"), "{heard}"),
        () = notify => {}
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_comes_back_is_told_to_ask_for_everything(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, Some("41")).await;
    assert!(
        read_until(&mut stream, "data")
            .await
            .contains("event: resync")
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn when_changes_may_have_been_missed_everybody_is_told_to_ask_for_everything(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, None).await;
    let cut = async {
        loop {
            let listening = "select pg_terminate_backend(pid) from pg_stat_activity \
                where datname = current_database() and query ilike 'listen \"changes\"%'";
            let cut = sqlx::query(listening)
                .execute(&app.state.control.pool)
                .await;
            if cut.expect("asked").rows_affected() > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, cut).await.expect("the portal listens");
    read_until(&mut stream, "event: resync").await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_stream_ends_with_the_session(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, None).await;
    ada.post("/logout", &[]).await;
    read_to_end(&mut stream).await;

    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, None).await;
    people::deactivate(&app.state.control, app.person(ADA).await)
        .await
        .expect("deactivated");
    read_to_end(&mut stream).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn whose_access_ends_hears_nothing_more_at_once(pool: PgPool) {
    let far = Duration::from_hours(1);
    let app = TestApp::with(pool, |state| state.session_check = far).await;
    app.add_person("carl@northwind.example", "Carl", "Northwind")
        .await;
    let carl = app.signed_in("carl@northwind.example").await;
    let mut of_carl = open(&carl, None).await;
    let ada = app.signed_in(ADA).await;
    let mut of_ada = open(&ada, None).await;
    people::deactivate(&app.state.control, app.person(ADA).await)
        .await
        .expect("deactivated");
    read_to_end(&mut of_ada).await;
    read_until(&mut of_carl, "event: change").await;

    carl.post("/logout", &[]).await;
    read_to_end(&mut of_carl).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_stream_ends_when_the_program_stops(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let mut stream = open(&ada, None).await;
    app.state.shutdown.cancel();
    read_to_end(&mut stream).await;
}

pub async fn open(browser: &Browser, last_event: Option<&str>) -> Response {
    let request = browser
        .request(Method::GET, "/events")
        .header("accept", "text/event-stream");
    let request = match last_event {
        Some(id) => request.header("last-event-id", id),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    answer
}

async fn read_until(stream: &mut Response, text: &str) -> String {
    let mut heard = String::new();
    while !heard.contains(text) {
        let chunk = timeout(SOON, stream.chunk())
            .await
            .unwrap_or_else(|_| panic!("{text} was not heard, but {heard}"));
        let chunk = chunk
            .expect("no error")
            .unwrap_or_else(|| panic!("the stream ended without {text}: {heard}"));
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    heard
}

pub async fn read_to_end(stream: &mut Response) {
    while timeout(SOON, stream.chunk())
        .await
        .expect("the stream ends")
        .expect("no error")
        .is_some()
    {}
}
