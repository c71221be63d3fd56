//! One browser, several tabs: whoever types the right password ends at a page of the portal, signed in.

use crate::browser::{Browser, Page};
use crate::sign_in::stop_before_callback;
use crate::test_app::{ADA, OLGA, PASSWORD, TestApp};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use server::routes::login::attempt::COOKIE_PREFIX;
use server::routes::login::client::CALLBACK;
use server::web::session::COOKIE;
use sqlx::PgPool;
use time::Duration;

/// Opens a page in a tab; the sign-in form that it shows.
async fn tab(browser: &Browser, path: &str) -> Page {
    browser.follow(browser.get(path).await).await
}

/// Fills in a tab's form; the page that it leads to.
async fn sign_in(browser: &Browser, tab: &Page, email: &str) -> Page {
    let answer = browser.fill_in(tab, email, PASSWORD).await;
    browser.follow(answer).await
}

async fn check_signed_in(browser: &Browser, page: &Page, wanted: &str) {
    assert_eq!(
        (page.status, page.path.as_str()),
        (StatusCode::OK, wanted),
        "{}",
        page.body
    );
    assert_eq!(browser.get("/apps").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn two_tabs_are_signed_in_in_any_order(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for order in [["/apps", "/operations"], ["/operations", "/apps"]] {
        let browser = app.browser();
        let tabs = [
            tab(&browser, "/apps").await,
            tab(&browser, "/operations").await,
        ];
        for wanted in order {
            let tab = if wanted == "/apps" {
                &tabs[0]
            } else {
                &tabs[1]
            };
            let page = sign_in(&browser, tab, ADA).await;
            check_signed_in(&browser, &page, wanted).await;
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn eight_tabs_at_once_are_all_signed_in(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let paths: Vec<String> = (0..8).map(|number| format!("/apps?tab={number}")).collect();
    let tabs = join_all(paths.iter().map(|path| tab(&browser, path))).await;
    for number in [0, 3, 7] {
        let page = sign_in(&browser, &tabs[number], ADA).await;
        check_signed_in(&browser, &page, &paths[number]).await;
    }
    // All at once: some answers end the session that others' codes were made in.
    let again = app.browser();
    let tabs = join_all(paths.iter().map(|path| tab(&again, path))).await;
    let pages = join_all(tabs.iter().map(|tab| sign_in(&again, tab, ADA))).await;
    for page in &pages {
        assert_eq!(page.status, StatusCode::OK, "{}: {}", page.path, page.body);
        assert!(page.path.starts_with("/apps"), "{}", page.path);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_browser_keeps_twenty_attempts_and_drops_the_oldest(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let mut tabs = Vec::new();
    for number in 0..21 {
        tabs.push(tab(&browser, &format!("/apps?tab={number}")).await);
        app.clock.advance(Duration::seconds(1));
    }
    let names = browser.cookie_names();
    let attempts = names.iter().filter(|name| name.starts_with(COOKIE_PREFIX));
    assert_eq!(attempts.count(), 20, "{names:?}");
    let page = sign_in(&browser, &tabs[1], ADA).await;
    check_signed_in(&browser, &page, "/apps?tab=1").await;
    let page = sign_in(&browser, &tabs[0], ADA).await;
    check_signed_in(&browser, &page, "/apps?tab=0").await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn back_and_reload_lead_on(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let form = tab(&browser, "/operations").await;
    let answer = browser.fill_in(&form, ADA, PASSWORD).await;
    let answer = browser.follow_until(answer, CALLBACK).await;
    let callback = answer.location().expect("the callback").to_owned();
    let first = browser.follow(browser.get(&callback).await).await;
    check_signed_in(&browser, &first, "/operations").await;
    let reloaded = browser.follow(browser.get(&callback).await).await;
    check_signed_in(&browser, &reloaded, "/operations").await;
    let sent_again = sign_in(&browser, &form, ADA).await;
    check_signed_in(&browser, &sent_again, "/operations").await;
    app.clock.advance(Duration::seconds(1));
    let form_reloaded = tab(&browser, &form.path).await;
    check_signed_in(&browser, &form_reloaded, "/operations").await;

    // A form of before that somebody else fills in: it is that person who is signed in.
    let other = sign_in(&browser, &form, OLGA).await;
    check_signed_in(&browser, &other, "/operations").await;
    assert!(other.body.contains("Olga Southgate"), "{}", other.body);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_button_pressed_twice_signs_in(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let form = tab(&browser, "/operations").await;
    let press = || browser.fill_in(&form, ADA, PASSWORD);
    let (one, two) = tokio::join!(press(), press());
    // Both answers at once, then one of them once more at once.
    let (first, second) = tokio::join!(browser.follow(one), browser.follow(two));
    for page in [&first, &second] {
        check_signed_in(&browser, page, "/operations").await;
    }
    let fresh = app.browser();
    let callback = stop_before_callback(&app, &fresh, "/operations").await;
    let load = || async { fresh.follow(fresh.get(&callback).await).await };
    let (first, second) = tokio::join!(load(), load());
    for page in [&first, &second] {
        check_signed_in(&fresh, page, "/operations").await;
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_person_in_the_second_tab_is_who_is_signed_in(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let (first, second) = (tab(&browser, "/apps").await, tab(&browser, "/apps").await);
    let page = sign_in(&browser, &first, ADA).await;
    assert!(page.body.contains("Ada Lindqvist"));
    let page = sign_in(&browser, &second, OLGA).await;
    check_signed_in(&browser, &page, "/apps").await;
    assert!(page.body.contains("Olga Southgate") && !page.body.contains("Ada Lindqvist"));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_answer_that_comes_too_late_begins_one_new_attempt(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser, "/operations").await;
    app.clock.advance(Duration::hours(1));
    let page = browser.follow(browser.get(&callback).await).await;
    check_signed_in(&browser, &page, "/operations").await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn without_cookies_it_is_said_and_nothing_goes_round(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let mut page = browser.get("/apps").await;
    for _ in 0..10 {
        browser.lose_cookies();
        let Some(to) = page.location().map(str::to_owned) else {
            break;
        };
        page = browser.get(&to).await;
    }
    let mut answer = browser.fill_in(&page, ADA, PASSWORD).await;
    for _ in 0..10 {
        browser.lose_cookies();
        let Some(to) = answer.location().map(str::to_owned) else {
            break;
        };
        answer = browser.get(&to).await;
    }
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("Allow cookies"), "{}", answer.body);

    // Where only the portal's own are taken away, one new attempt ends with the same words.
    let callback = stop_before_callback(&app, &browser, "/apps").await;
    let mut answer = browser.get(&callback).await;
    let mut round = 0;
    while let Some(to) = answer.location().map(str::to_owned) {
        round += 1;
        assert!(round < 10, "goes round: {to}");
        for name in browser.cookie_names() {
            if name.starts_with(COOKIE_PREFIX) {
                browser.forget_cookie(&name);
            }
        }
        answer = browser.get(&to).await;
    }
    assert!(
        answer.path == "/apps" || answer.body.contains("Allow cookies"),
        "{}: {}",
        answer.path,
        answer.body
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn cookies_of_others_hide_no_attempt(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let callback = stop_before_callback(&app, &browser, "/operations").await;
    let own: Vec<String> = browser
        .cookie_names()
        .iter()
        .map(|name| format!("{name}={}", browser.cookie(name).unwrap_or_default()))
        .collect();
    let cookies = [b"city=caf\xe9; ".as_slice(), own.join("; ").as_bytes()].concat();
    let plain = app.browser();
    let answer = plain
        .send(
            plain
                .request(Method::GET, &callback)
                .header("cookie", cookies),
        )
        .await;
    assert_eq!(answer.location(), Some("/operations"));
    assert!(plain.cookie(COOKIE).is_some());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_first_sign_in_in_two_tabs_at_once_is_nobody_s_refusal(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browsers = [app.browser(), app.browser(), app.browser()];
    let pages = join_all(browsers.iter().map(|it| it.sign_in("/apps", ADA, PASSWORD))).await;
    for page in &pages {
        assert_eq!((page.status, page.path.as_str()), (StatusCode::OK, "/apps"));
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_browser_without_fetch_metadata_signs_in(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let form = tab(&browser, "/apps").await;
    let policy = form.header("referrer-policy").to_owned();
    let old = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client");
    let send = async |origin: &str| {
        let action = crate::browser::between(&form.body, "action=\"", "\"");
        old.post(format!("{}/mxid/{action}", app.url))
            .header("origin", origin)
            .form(&[("email", ADA), ("password", PASSWORD)])
            .send()
            .await
            .expect("an answer")
            .status()
    };
    // The Fetch standard: a form of a page under this policy has the origin `null`.
    let origin = if policy == "no-referrer" {
        "null"
    } else {
        &app.url
    };
    assert_eq!(send(origin).await, StatusCode::SEE_OTHER, "{policy}");
    for foreign in [
        "null",
        "https://evil.example",
        &format!("{}.evil.example", app.url),
    ] {
        assert_eq!(send(foreign).await, StatusCode::FORBIDDEN, "{foreign}");
    }
}
