//! Whom a client expects, forms instead of addresses, and a second tab at the sign-in page.

use sqlx::PgPool;
use time::Duration;

use crate::browser::{Browser, Tokens, authorize_path, cross_site_post, is_signed_in};
use crate::provider::{EMAIL, PASSWORD, TestProvider, header, in_query, location};

const BOB: &str = "bob@example.com";
const BOBS_PASSWORD: &str = "the second person's";

async fn with_bob(provider: &TestProvider) -> Browser {
    let at = time::OffsetDateTime::UNIX_EPOCH;
    mxid::accounts::create(&provider.pool, BOB, "Bob", &BOBS_PASSWORD.into(), at)
        .await
        .expect("an account");
    let mut bob = Browser::new(provider);
    let page = bob.start_sign_in(&[]).await;
    assert!(is_signed_in(&bob.type_in(&page, BOB, BOBS_PASSWORD).await));
    bob
}

async fn error(browser: &mut Browser, changes: &[(&str, &str)]) -> Option<String> {
    in_query(&location(&browser.authorize(changes).await), "error")
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_is_signed_in_silently_as_another_than_the_hinted(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let Tokens { id, .. } = Browser::new(&provider).tokens().await;
    let mut bob = with_bob(&provider).await;
    let (body, _) = id.rsplit_once('.').expect("a signature");
    let unsigned = format!("{body}.");
    for hint in [id.as_str(), &unsigned, "x.y.z", "x"] {
        let silent = [("id_token_hint", hint), ("prompt", "none")];
        assert_eq!(
            error(&mut bob, &silent).await.as_deref(),
            Some("login_required"),
            "{hint}"
        );
        let page = bob.start_sign_in(&[("id_token_hint", hint)]).await;
        let form = bob.get(&page).await;
        assert_eq!(form.status(), 200, "a form, and no code: {hint}");
    }
    // The session of the hinted person answers at once, also long after the token has expired.
    let mut ada = Browser::new(&provider);
    ada.sign_in(&[]).await;
    provider.pass(Duration::minutes(30));
    for prompt in ["none", "consent"] {
        let own = [("id_token_hint", id.as_str()), ("prompt", prompt)];
        assert!(is_signed_in(&ada.authorize(&own).await), "{prompt}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_hinted_person_may_sign_in_and_no_other(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let Tokens { id, .. } = Browser::new(&provider).tokens().await;
    let mut bob = with_bob(&provider).await;
    let bobs = bob.cookie.clone();
    let page = bob.start_sign_in(&[("id_token_hint", &id)]).await;
    let form = bob.get(&page).await;
    assert!(
        form.body().contains(EMAIL),
        "the expected address stands there"
    );
    let other = bob.type_in(&page, BOB, BOBS_PASSWORD).await;
    assert_eq!(other.status(), 422);
    assert!(
        other.body().contains("expects the person"),
        "{}",
        other.body()
    );
    assert_eq!(bob.cookie, bobs, "no session is begun");
    let events = provider.events().await;
    assert_eq!(events.last().map(String::as_str), Some("sign_in_refused"));
    assert!(is_signed_in(&bob.type_in(&page, EMAIL, PASSWORD).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_token_of_another_client_is_no_hint(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut ada = Browser::new(&provider);
    let Tokens { id, .. } = ada.tokens().await;
    let other = [
        ("client_id", "other"),
        ("redirect_uri", "https://other.example/callback"),
        ("id_token_hint", id.as_str()),
        ("prompt", "none"),
    ];
    assert_eq!(
        error(&mut ada, &other).await.as_deref(),
        Some("login_required")
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_request_may_be_a_form_of_another_site(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.sign_in(&[]).await;
    let session = browser.cookie.clone();
    let address = authorize_path(&[("prompt", "none")]);
    let (_, fields) = address.split_once('?').expect("parameters");

    // Browsers send no cookie with it, and keep that of the page that it leads to.
    browser.cookie = None;
    let sent = cross_site_post("/mxid/authorize");
    let page = location(&browser.send(sent, fields.to_owned()).await);
    browser.cookie = session;
    let query = page.query().expect("a request");
    let led = browser.get(&format!("{}?{query}", page.path())).await;
    assert!(is_signed_in(&led), "{}", led.body());
    let state = in_query(&location(&led), "state");
    assert_eq!(state.as_deref(), Some("state-1"));

    browser.cookie = None;
    let refused = browser.get(&format!("{}?{query}", page.path())).await;
    let refusal = in_query(&location(&refused), "error");
    assert_eq!(
        refusal.as_deref(),
        Some("login_required"),
        "nothing is asked"
    );

    let broken = browser
        .send(
            cross_site_post("/mxid/authorize"),
            "client_id=portal".to_owned(),
        )
        .await;
    assert_eq!(broken.status(), 400);
    let json = http::Request::post("/mxid/authorize").header("content-type", "application/json");
    let answer = browser.send(json, "{}".to_owned()).await;
    assert_eq!(answer.status(), 400);
    assert!(
        answer
            .body()
            .contains("<h1>This request cannot be read</h1>")
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_sign_in_page_leads_on_once_another_tab_has_signed_in(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let first = browser.start_sign_in(&[("state", "one")]).await;
    let second = browser.start_sign_in(&[("state", "two")]).await;
    let again = browser.start_sign_in(&[("prompt", "login")]).await;
    provider.pass(Duration::seconds(1));
    assert!(is_signed_in(
        &browser.type_in(&second, EMAIL, PASSWORD).await
    ));
    for page in [&first, &second, &again] {
        assert!(is_signed_in(&browser.get(page).await), "{page}");
    }
    let led = location(&browser.get(&first).await);
    assert_eq!(in_query(&led, "state").as_deref(), Some("one"));

    // What begins later asks again.
    provider.pass(Duration::seconds(1));
    for changes in [
        [("prompt", "login")],
        [("max_age", "0")],
        [("prompt", "select_account")],
    ] {
        let page = browser.start_sign_in(&changes).await;
        assert_eq!(browser.get(&page).await.status(), 200, "{changes:?}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_a_client_says_besides_is_passed_over_or_kept_to_the_byte(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let state = "a+b %41&=\"<>~ ;,/?#";
    let beside = [
        ("state", state),
        ("login_hint", "adä@example.com"),
        ("claims", r#"{"id_token":{"acr":null}}"#),
        ("display", "wap"),
        ("ui_locales", "tlh"),
        ("acr_values", "9"),
        ("response_mode", "query"),
    ];
    let url = browser.sign_in(&beside).await;
    assert_eq!(in_query(&url, "state").as_deref(), Some(state));
    let hinted = [("login_hint", "ada@example.com"), ("prompt", "login")];
    let page = browser.start_sign_in(&hinted).await;
    assert!(browser.get(&page).await.body().contains(EMAIL));
}

#[sqlx::test(migrations = "../../migrations")]
async fn pages_that_ask_the_database_are_limited(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    for path in [
        "/mxid/sign-in?request=x",
        "/mxid/end-session",
        "/mxid/userinfo",
    ] {
        let address = format!("198.51.100.{}", path.len());
        let mut stranger = Browser::new(&provider).with_address(address.leak());
        let mut limited = None;
        for _ in 0..700 {
            let bearer = http::Request::get(path).header("authorization", "Bearer x");
            let answer = stranger.send(bearer, String::new()).await;
            if answer.status() == 429 {
                limited = Some(answer);
                break;
            }
        }
        let limited = limited.unwrap_or_else(|| panic!("{path} is limited"));
        assert!(
            limited.body().contains("<h1>A moment, please</h1>"),
            "{path}"
        );
        assert!(header(&limited, "retry-after").parse::<u64>().is_ok());
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_method_that_is_not_known_is_refused_in_words(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let put = http::Request::put("/mxid/authorize");
    let answer = Browser::new(&provider).send(put, String::new()).await;
    assert_eq!(answer.status(), 405);
    assert!(answer.body().contains("<h1>This cannot be done here</h1>"));
    let get = Browser::new(&provider).get("/mxid/token").await;
    assert_eq!(get.status(), 405);
}

#[sqlx::test(migrations = "../../migrations")]
async fn events_of_more_than_400_days_go_and_no_others(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    for days in [401, 399] {
        sqlx::query(
            "insert into mxid.events (at, kind, request_id, from_address) \
             values (now() - make_interval(days => $1), 'signed_out', 'r', 'a')",
        )
        .bind(days)
        .execute(&provider.pool)
        .await
        .expect("is added");
    }
    Browser::new(&provider).start_sign_in(&[]).await;
    assert_eq!(provider.events().await.len(), 1);
    provider.pass(Duration::days(500));
    Browser::new(&provider).start_sign_in(&[]).await;
    assert_eq!(provider.events().await.len(), 1, "by the database's clock");
    let one = sqlx::query("delete from mxid.events").execute(&provider.pool);
    assert!(one.await.is_err());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_flood_of_refused_attempts_is_not_all_written_down(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut guesser = Browser::new(&provider);
    let page = guesser.start_sign_in(&[]).await;
    for _ in 0..60 {
        guesser.type_in(&page, EMAIL, "a loud walk at noon").await;
    }
    let limited = provider.events().await;
    let limited = limited.iter().filter(|it| *it == "sign_in_limited").count();
    assert!((1..=10).contains(&limited), "{limited}");
}
