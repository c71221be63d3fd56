//! People at the command line: added, with new passwords, put out, let in again; and a portal that moves.

use crate::test_app::{ADA, PASSWORD, TestApp, control_state};
use domain::roles::Role;
use reqwest::StatusCode;
use server::cli::people::{New, PeopleCommand, run};
use server::local::demo_people::{Demo, ensure};
use sqlx::PgPool;

const BO: &str = "bo@eastwind.example";

async fn done(app: &TestApp, deed: PeopleCommand) -> String {
    run(&app.state.control, true, deed).await.expect("is done")
}

/// The password that was said.
fn password(said: &str) -> &str {
    said.trim().rsplit(' ').next().expect("a password")
}

fn bo() -> PeopleCommand {
    PeopleCommand::Add(New {
        email: BO.to_owned(),
        name: "Bo".to_owned(),
        company: "Eastwind".to_owned(),
        role: Role::Admin,
    })
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_person_is_added_and_comes_in_until_put_out(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let email = || BO.to_owned();
    let first = done(&app, bo()).await;
    let bo_s = app.browser();
    let page = bo_s.sign_in("/login", BO, password(&first)).await;
    assert_eq!(page.path, "/apps", "{}", page.body);
    let listed = done(&app, PeopleCommand::List).await;
    assert!(
        listed
            .lines()
            .any(|line| line.contains(BO) && line.contains("Admin") && line.contains("Eastwind")),
        "{listed}"
    );

    let second = done(&app, PeopleCommand::SetPassword { email: email() }).await;
    let refused = app
        .browser()
        .give_password("/login", BO, password(&first))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    done(&app, PeopleCommand::Deactivate { email: email() }).await;
    assert_eq!(bo_s.get("/apps").await.status, StatusCode::FOUND);
    let refused = app
        .browser()
        .give_password("/login", BO, password(&second))
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        done(&app, PeopleCommand::List)
            .await
            .contains("deactivated")
    );

    done(&app, PeopleCommand::Activate { email: email() }).await;
    let page = bo_s.sign_in("/login", BO, password(&second)).await;
    assert_eq!(page.path, "/apps", "{}", page.body);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_cannot_be_done_is_said_with_the_remedy(pool: PgPool) {
    let app = TestApp::new(pool).await;
    done(&app, bo()).await;
    let nobody = || "nobody@example.com".to_owned();
    for (built_in, deed, words) in [
        (true, bo(), "in the portal already"),
        (
            true,
            PeopleCommand::Deactivate { email: nobody() },
            "portal people list",
        ),
        (
            false,
            PeopleCommand::SetPassword { email: nobody() },
            "MXID_ISSUER",
        ),
    ] {
        let refused = run(&app.state.control, built_in, deed).await;
        let refused = format!("{:#}", refused.expect_err("is refused"));
        assert!(refused.contains(words), "{refused}");
    }
}

/// As when `PORTAL_ADDR` or `PORTAL_URL` changes: the built-in issuer is named after it.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn people_get_in_after_the_portal_has_moved(pool: PgPool) {
    let before = TestApp::new(pool.clone()).await;
    before.signed_in(ADA).await;
    let after = TestApp::new(pool).await;
    assert_ne!(before.url, after.url);
    let page = after.browser().sign_in("/login", ADA, PASSWORD).await;
    assert_eq!(page.path, "/apps", "{}", page.body);
}

/// One of them may do everything, so they are for a trial on one's own machine alone.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn demo_people_are_made_at_localhost_alone_and_said_once(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("demo-people.json");
    let first = ensure(&app.state.control, &file).await.expect("made");
    let Demo::Made(people) = first else {
        panic!("they are made at {}", app.url);
    };
    let admin = people
        .iter()
        .find(|it| it.role == "admin")
        .expect("an admin");
    let browser = app.browser();
    let page = browser
        .sign_in("/login", &admin.email, admin.password())
        .await;
    assert_eq!(page.path, "/apps", "{}", page.body);
    let again = ensure(&app.state.control, &file).await.expect("kept");
    assert!(matches!(again, Demo::Kept), "their passwords are said once");

    let elsewhere = control_state(
        pool,
        "https://portal.example.com",
        &folder,
        app.clock.clone(),
    );
    let none = ensure(&elsewhere, &folder.path().join("none.json")).await;
    assert!(matches!(none, Ok(Demo::None { of_before: false })));
    let none = ensure(&elsewhere, &file).await;
    assert!(matches!(none, Ok(Demo::None { of_before: true })));
}
