//! The sign-in page, its form and its cookie.

use http::Request;
use sqlx::PgPool;
use time::Duration;

use crate::browser::{Browser, cross_site_post, is_signed_in};
use crate::provider::{EMAIL, ORIGIN, PASSWORD, TestProvider, form, header, location};

#[sqlx::test(migrations = "../../migrations")]
async fn an_unknown_account_and_a_wrong_password_look_alike(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let wrong = browser.type_in(&path, EMAIL, "a loud walk at noon").await;
    let unknown = browser
        .type_in(&path, "eve@example.com", "a loud walk at noon")
        .await;
    assert_eq!(wrong.status(), 422);
    assert_eq!(wrong.status(), unknown.status());
    assert_eq!(wrong.headers(), unknown.headers());
    assert_eq!(
        wrong.body().replace(EMAIL, "eve@example.com"),
        *unknown.body()
    );
    assert!(wrong.body().contains("do not match an account"));
    assert!(browser.cookie.is_none());
    assert_eq!(
        provider.events().await,
        ["sign_in_refused", "sign_in_refused"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_sign_in_with_the_old_password_does_not_outlive_it(pool: PgPool) {
    let provider = TestProvider::new(pool.clone()).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let mut reset = pool.begin().await.expect("a transaction");
    sqlx::query("update mxid.accounts set password_hash = password_hash || 'x'")
        .execute(&mut *reset)
        .await
        .expect("another password");
    let waits = async {
        // The password was compared; now the sign-in waits for the account.
        let waiting = "select exists (select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waiting)
            .fetch_one(&pool)
            .await
            .expect("locks")
        {}
        reset.commit().await.expect("committed");
    };
    let (answer, ()) = tokio::join!(browser.type_in(&path, EMAIL, PASSWORD), waits);
    assert_eq!(answer.status(), 422, "{}", answer.body());
    assert!(browser.cookie.is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_oldest_requests_make_room(pool: PgPool) {
    let provider = TestProvider::new(pool.clone()).await;
    let mut browser = Browser::new(&provider);
    let oldest = browser.start_sign_in(&[]).await;
    sqlx::query(
        "insert into mxid.authorization_requests
            (id_hash, client_id, redirect_uri, scope, code_challenge, created_at, expires_at)
        select decode(md5(n::text), 'hex'), 'portal', 'x', 'openid', 'x', now(), now() + interval '1 hour'
        from generate_series(1, 19999) n",
    )
    .execute(&pool)
    .await
    .expect("many wait");
    assert_eq!(browser.get(&oldest).await.status(), 200);
    let newest = browser.start_sign_in(&[]).await;
    assert_ne!(browser.get(&oldest).await.status(), 200);
    let waiting: i64 = sqlx::query_scalar("select count(*) from mxid.authorization_requests")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(waiting, 20_000);
    assert_eq!(browser.get(&newest).await.status(), 200);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_was_typed_is_kept_and_is_no_markup(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let answer = browser
        .type_in(&path, "\"><script>\0@x.y", "wrong and long")
        .await;
    assert_eq!(answer.status(), 422);
    assert!(answer.body().contains("value=\"&quot;&gt;&lt;script&gt;"));
    assert!(!answer.body().contains("<script"));
    assert!(!answer.body().contains("wrong and long"));
    let answer = browser.type_in(&path, " ", "").await;
    assert!(answer.body().contains("Enter your email address."));
    assert!(answer.body().contains("Enter your password."));
    let path = browser.start_sign_in(&[("login_hint", EMAIL)]).await;
    assert!(
        browser
            .get(&path)
            .await
            .body()
            .contains(&format!("value=\"{EMAIL}\""))
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_address_may_be_typed_in_capitals(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    assert!(is_signed_in(
        &browser.type_in(&path, " ADA@Example.com ", PASSWORD).await
    ));
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_cookie_is_bound_to_this_host_and_is_new_each_time(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let answer = browser.type_in(&path, EMAIL, PASSWORD).await;
    let set = header(&answer, "set-cookie");
    let (pair, attributes) = set.split_once("; ").expect("attributes");
    assert!(pair.starts_with("__Host-mxid="));
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);

    let old = browser.cookie.clone().expect("a cookie");
    browser.sign_in(&[("prompt", "login")]).await;
    assert_ne!(browser.cookie.as_ref(), Some(&old));
    browser.cookie = Some(old);
    browser.start_sign_in(&[]).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_cookie_that_was_planted_before_is_not_taken_over(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    browser.cookie = Some("__Host-mxid=planted".to_owned());
    browser.sign_in(&[]).await;
    assert_ne!(browser.cookie.as_deref(), Some("__Host-mxid=planted"));
    browser.cookie = Some("__Host-mxid=planted".to_owned());
    browser.start_sign_in(&[]).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_form_from_another_site_is_refused(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let fields = form(&[("email", EMAIL), ("password", PASSWORD)]);
    let plain = || Request::post(&path);
    let foreign = [
        cross_site_post(&path),
        plain().header("sec-fetch-site", "same-site"),
        plain().header("sec-fetch-site", "none"),
        plain().header("origin", "https://evil.example"),
        plain().header("origin", "null"),
        plain(),
    ];
    for request in foreign {
        assert_eq!(browser.send(request, fields.clone()).await.status(), 403);
    }
    assert!(browser.cookie.is_none());
    let own = plain().header("origin", ORIGIN);
    assert!(is_signed_in(&browser.send(own, fields).await));
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_form_needs_a_request_that_lives(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    for path in [
        "/mxid/sign-in",
        "/mxid/sign-in?request=",
        "/mxid/sign-in?request=made-up",
    ] {
        assert_eq!(browser.get(path).await.status(), 400);
        assert_eq!(browser.type_in(path, EMAIL, PASSWORD).await.status(), 400);
    }
    let path = browser.start_sign_in(&[]).await;
    provider.pass(Duration::minutes(31));
    let answer = browser.type_in(&path, EMAIL, PASSWORD).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.body().contains("<h1>This sign-in has expired</h1>"));
    assert!(browser.cookie.is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn guessing_is_stopped_at_one_address_and_nobody_else_is(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut guesser = Browser::new(&provider).with_address("198.51.100.7");
    let path = guesser.start_sign_in(&[]).await;
    for _ in 0..10 {
        assert_eq!(
            guesser
                .type_in(&path, EMAIL, "a loud walk at noon")
                .await
                .status(),
            422
        );
    }
    let stopped = guesser.type_in(&path, EMAIL, PASSWORD).await;
    assert_eq!(stopped.status(), 429);
    let wait: u64 = header(&stopped, "retry-after").parse().expect("seconds");
    assert!(wait >= 1);
    assert!(
        stopped
            .body()
            .contains("There were too many attempts. Try again in")
    );
    assert!(stopped.body().contains(EMAIL));
    assert!(guesser.cookie.is_none());
    assert_eq!(
        provider.events().await.last().map(String::as_str),
        Some("sign_in_limited")
    );

    let mut owner = Browser::new(&provider).with_address("192.0.2.1");
    owner.sign_in(&[]).await;
    assert!(owner.cookie.is_some());
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_events_say_who_and_from_where_and_hold_nothing_typed(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    browser
        .type_in(&path, PASSWORD, "typed into the wrong field")
        .await;
    location(&browser.type_in(&path, EMAIL, PASSWORD).await);
    let rows: Vec<String> = sqlx::query_scalar("select e::text from mxid.events e order by id")
        .fetch_all(&provider.pool)
        .await
        .expect("events");
    assert!(
        rows[0].contains("sign_in_refused,,portal,request-7,192.0.2.1"),
        "{rows:?}"
    );
    assert!(rows[1].contains("signed_in,"), "{rows:?}");
    assert!(!rows.concat().contains("walk") && !rows.concat().contains("typed"));
    let changed = sqlx::query("delete from mxid.events")
        .execute(&provider.pool)
        .await;
    assert!(changed.is_err(), "events stay");
}
