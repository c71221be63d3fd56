//! Nothing changes at another site's bidding.

use crate::browser::PATIENCE;
use crate::test_app::{ADA, TestApp};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use server::web::router::ROUTES;
use server::web::session::COOKIE;
use sqlx::PgPool;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn every_changing_request_from_elsewhere_is_refused(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let session = app.signed_in(ADA).await.cookie(COOKIE).expect("a session");
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("a client");
    let routes = ROUTES
        .iter()
        .filter(|route| route.method != "GET")
        .map(|route| route.path.replace("{app}", "shop"));
    let functions = server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned());
    let paths: Vec<String> = routes
        .chain(functions)
        .chain(["/mxid/sign-in".to_owned(), "/nowhere".to_owned()])
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in &paths {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", app.url.as_str()),
            ],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ] {
            let request = client
                .request(Method::POST, format!("{}{path}", app.url))
                .headers(header_map(headers))
                .header("cookie", format!("{COOKIE}={session}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body("name=x");
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    let still = app.browser();
    still.set_cookie(COOKIE, &session);
    assert_eq!(
        still.get("/apps").await.status,
        StatusCode::OK,
        "the session was not ended by any of them"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_exact_origin_will_do_where_the_browser_says_no_more(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("a client");
    let answer = client
        .post(format!("{}/theme", app.url))
        .header("origin", &app.url)
        .form(&[("theme", "dark")])
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_server_function_changes_anything_by_a_safe_method(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    for (path, method) in server_fn::axum::server_fn_paths() {
        assert_eq!(method, Method::POST, "{path}");
        assert_eq!(
            ada.get(path).await.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{path}"
        );
    }
}

fn header_map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).expect("a header"),
        )
    };
    headers.iter().map(pair).collect()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stranger_s_link_cannot_speak_with_the_portal_s_voice(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let planted = "/apps/new?__path=%2Fapi%2Ffn%2Fx&__err=e30%3D&after=1";
    let from = async |site: &'static str| {
        let site = HeaderValue::from_static(site);
        let headers = HeaderMap::from_iter([(HeaderName::from_static("sec-fetch-site"), site)]);
        ada.send(ada.request(Method::GET, planted).headers(headers))
            .await
    };
    let stranger = from("cross-site").await;
    assert_eq!(
        (stranger.status, stranger.location()),
        (StatusCode::SEE_OTHER, Some("/apps/new?after=1"))
    );
    assert_eq!(from("same-origin").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_name_of_this_machine_leads_to_the_portal_s_own(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let browser = app.browser();
    let (own, port) = (
        app.url.as_str(),
        app.url.rsplit(':').next().expect("a port"),
    );
    let other = if own.contains("localhost") {
        format!("127.0.0.1:{port}")
    } else {
        format!("localhost:{port}")
    };
    let asked = browser
        .request(Method::GET, "/apps?after=1")
        .header("host", &other)
        .header("sec-fetch-mode", "navigate");
    let led = browser.send(asked).await;
    let expected = format!("{own}/apps?after=1");
    assert_eq!(
        (led.status, led.location()),
        (StatusCode::TEMPORARY_REDIRECT, Some(expected.as_str()))
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refused_function_answers_with_the_status_that_fits(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let missing = ada
        .call("/api/fn/app/apps/api/get_app", &[("app", "nowhere")])
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.body);
}
