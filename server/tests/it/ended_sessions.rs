//! What ends sessions: at once, all of a person's, and for good; and what lies of them in the database.

use crate::browser::Browser;
use crate::events::{open, read_to_end};
use crate::test_app::{ADA, OLGA, PASSWORD, TestApp};
use control::{people, sessions};
use reqwest::StatusCode;
use server::cli::people::{PeopleCommand, run};
use server::web::session::COOKIE;
use sqlx::PgPool;
use std::time::Duration;
use tower_sessions::SessionStore;
use tower_sessions::session::Id;

async fn done(app: &TestApp, deed: PeopleCommand) -> String {
    run(&app.state.control, true, deed).await.expect("is done")
}

fn ada() -> String {
    ADA.to_owned()
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/operations").await.status == StatusCode::OK
}

/// Whether the provider signs the browser in without asking.
async fn comes_in_unasked(browser: &Browser) -> bool {
    let page = browser.follow(browser.get("/apps").await).await;
    !page.body.contains("name=\"password\"")
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_new_password_ends_what_the_old_one_began(pool: PgPool) {
    let far = Duration::from_hours(1);
    let app = TestApp::with(pool, |state| state.session_check = far).await;
    let (owner, elsewhere) = (app.signed_in(ADA).await, app.signed_in(ADA).await);
    let olga = app.signed_in(OLGA).await;
    let mut stream = open(&elsewhere, None).await;

    let said = done(&app, PeopleCommand::SetPassword { email: ada() }).await;

    read_to_end(&mut stream).await;
    for browser in [&owner, &elsewhere] {
        assert!(!is_in(browser).await, "a session of before goes on");
        assert!(!comes_in_unasked(browser).await, "MxID's session goes on");
    }
    assert!(is_in(&olga).await, "somebody else's session has ended too");
    let password = said.trim().rsplit(' ').next().expect("a password");
    let again = owner.sign_in("/login", ADA, password).await;
    assert_eq!(again.path, "/apps", "{}", again.body);
    assert!(is_in(&owner).await && !is_in(&elsewhere).await);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_session_that_ended_is_not_revived(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let before = app.signed_in(ADA).await;
    let cookie = before.cookie(COOKIE).expect("a session");
    done(&app, PeopleCommand::Deactivate { email: ada() }).await;
    done(&app, PeopleCommand::Activate { email: ada() }).await;
    assert!(!is_in(&before).await, "activating brought it back");
    before.set_cookie(COOKIE, &cookie);
    assert!(!is_in(&before).await);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_operator_signs_a_person_out_everywhere(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let before = app.signed_in(ADA).await;
    let mut stream = open(&before, None).await;
    let said = done(&app, PeopleCommand::EndSessions { email: ada() }).await;
    assert!(said.contains("is signed out"), "{said}");
    read_to_end(&mut stream).await;
    assert!(!is_in(&before).await && !comes_in_unasked(&before).await);
    let again = before.sign_in("/login", ADA, PASSWORD).await;
    assert_eq!(again.path, "/apps", "{}", again.body);
}

/// However it is done: the rule is the database's.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn whoever_loses_a_right_signs_in_again(pool: PgPool) {
    let far = Duration::from_hours(1);
    let app = TestApp::with(pool.clone(), |state| state.session_check = far).await;
    app.create_app("Quokka", "quokka").await;
    for taking in [
        "update people set role = 'customer_success' where email = $1",
        "update app_members set role = 'viewer' where person_id = (select id from people where email = $1)",
        "delete from app_members where person_id = (select id from people where email = $1)",
    ] {
        let browser = app.signed_in(ADA).await;
        let mut stream = open(&browser, None).await;
        let taken = sqlx::query(taking).bind(ADA).execute(&pool).await;
        assert_eq!(taken.expect("taken").rows_affected(), 1, "{taking}");
        read_to_end(&mut stream).await;
        assert!(!is_in(&browser).await, "{taking}");
    }

    let browser = app.signed_in(ADA).await;
    for kept in [
        "update people set name = 'Ada L.' where email = $1",
        "insert into app_members (company_id, app_id, person_id, role, created_at, updated_at) \
            select a.company_id, a.id, p.id, 'viewer', a.created_at, a.created_at \
            from apps a join people p on p.email = $1",
        "delete from apps where exists (select from people where email = $1)",
    ] {
        let done = sqlx::query(kept).bind(ADA).execute(&pool).await;
        assert_eq!(done.expect("done").rows_affected(), 1, "{kept}");
        assert!(is_in(&browser).await, "{kept}");
    }
}

/// A sign-in whose person was read before the end, and whose session is written after it.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_sign_in_that_was_under_way_is_of_before(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let control = &app.state.control;
    let person = people::by_email(control, ADA).await.expect("asked");
    let person = person.expect("Ada");
    people::end_sessions(control, &person).await.expect("ended");
    let generation = person.session_generation;
    let ctx = people::ctx_of_session(control, person.id, generation, String::new()).await;
    assert!(ctx.expect("asked").is_none());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn saving_brings_no_session_back(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let id: Id = ada.cookie(COOKIE).expect("one").parse().expect("an id");
    let store = &app.state.sessions;
    let record = store.load(&id).await.expect("read").expect("is there");
    ada.post("/logout", &[]).await;
    store.save(&record).await.expect("no error");
    assert!(store.load(&id).await.expect("read").is_none());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_reads_the_table_can_use_nothing_of_it(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let ada = app.signed_in(ADA).await;
    let text = "select string_agg(encode(id_hash, 'escape') || encode(sealed, 'escape'), ' ') || \
        string_agg(encode(id_hash, 'base64'), ' ') from sessions";
    let text: String = sqlx::query_scalar(text)
        .fetch_one(&pool)
        .await
        .expect("all");
    let rows: i64 = sqlx::query_scalar("select count(*) from sessions")
        .fetch_one(&pool)
        .await
        .expect("a number");
    assert_eq!(rows, 1);
    let id = ada.cookie(COOKIE).expect("a session");
    for secret in [id.as_str(), "eyJ", "id_token", "verifier", "person"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_sign_in_in_a_second_tab_shortens_nothing(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let begun = ada.get("/login").await;
    let cookies = begun.headers.get_all("set-cookie").into_iter();
    let of_session = cookies
        .filter_map(|it| it.to_str().ok())
        .find(|it| it.starts_with(COOKIE));
    if let Some(cookie) = of_session {
        let age = cookie.split("Max-Age=").nth(1).expect("an age");
        let age: i64 = age
            .split(';')
            .next()
            .and_then(|it| it.parse().ok())
            .expect("seconds");
        assert!(age > 7 * 3600, "{cookie}");
    }
    app.clock.advance(time::Duration::hours(7));
    assert!(is_in(&ada).await, "the session has ended early");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn sessions_that_are_over_are_swept(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let ada = app.signed_in(ADA).await;
    let many = "insert into sessions select sha256(n::text::bytea), '\\x00', now() - interval '1 day' \
        from generate_series(1, 2500) n";
    sqlx::query(many).execute(&pool).await.expect("made");
    sessions::delete_expired(&app.state.control)
        .await
        .expect("swept");
    let left: i64 = sqlx::query_scalar("select count(*) from sessions")
        .fetch_one(&pool)
        .await
        .expect("a number");
    assert_eq!(left, 1);
    assert!(is_in(&ada).await);
}
