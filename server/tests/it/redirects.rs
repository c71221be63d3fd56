//! Nothing that a stranger puts into an address leads to the stranger's site.

use crate::raw::{Raw, header};
use crate::test_app::{ADA, PASSWORD, TestApp};
use reqwest::StatusCode;
use sqlx::PgPool;
use url::Url;

/// Ways to write another host where a path is expected.
const HOSTILE: [&str; 16] = [
    "//evil.example",
    "///evil.example",
    "//evil.example/%2e%2e",
    "/\\evil.example",
    "/\\/evil.example",
    "\\\\evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
    "/%2e%2e//evil.example",
    "/./\\evil.example",
    "/%09/evil.example",
    "//evil.example@portal",
    "https://evil.example/",
    "/;//evil.example",
];

/// Where a browser at the portal would go, twice over: at once, and if it wrote the path down in between.
fn leads_away(portal: &str, location: &str) -> bool {
    let base = Url::parse(portal).expect("an address");
    let first = base.join(location).expect("an address");
    let again = base.join(&first[url::Position::BeforePath..]);
    first.origin() != base.origin() || again.is_ok_and(|it| it.origin() != base.origin())
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_path_leads_to_another_site(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let host = app.url.trim_start_matches("http://");
    for path in HOSTILE {
        for query in [
            "",
            "?refused=x",
            "?__err=x&a=1",
            "?__path=x&return_to=//evil.example",
        ] {
            for prefix in ["", "/pkg", "/pkg/", "/theme", "/apps/x"] {
                let mut raw = Raw::open(&app.url).await;
                raw.send(format!(
                    "GET {prefix}{path}{query} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\nconnection: close\r\n\r\n"
                ))
                .await;
                let head = raw.head().await;
                assert!(
                    head.starts_with("HTTP/1.1 "),
                    "{prefix}{path}{query}: {head:?}"
                );
                if let Some(location) = header(&head, "location") {
                    assert!(
                        !leads_away(&app.url, location),
                        "{prefix}{path}{query} leads to {location}"
                    );
                }
            }
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn no_page_to_return_to_is_at_another_site(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    for path in HOSTILE {
        let chosen = ada
            .post("/theme", &[("theme", "dark"), ("return_to", path)])
            .await;
        let location = chosen.location().expect("a way back");
        assert!(
            !leads_away(&app.url, location),
            "{path} leads to {location}"
        );
    }
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for path in ["/.//evil.example", "/x/..//evil.example", "/\\evil.example"] {
        let browser = app.browser();
        let start = format!("/login?return_to={}", encoded(path));
        let page = browser.sign_in(&start, ADA, PASSWORD).await;
        assert_eq!(page.path, "/apps", "{path}");
    }
}

/// A form without a script is sent back to the page it came from, which the browser names.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_form_is_not_sent_back_to_another_site(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let ada = app.signed_in(ADA).await;
    let cancel = "/api/fn/app/operations/api/cancel_operation";
    for referer in [
        "https://evil.example/x",
        "//evil.example",
        "/\\evil.example",
        "evil",
    ] {
        let form = ada
            .request(reqwest::Method::POST, cancel)
            .header("accept", crate::browser::PAGE)
            .header("referer", referer)
            .form(&[("operation", "00000000-0000-0000-0000-000000000000")]);
        let answer = ada.send(form).await;
        if let Some(location) = answer.location() {
            assert!(!leads_away(&app.url, location), "{referer}: {location}");
        }
        assert_ne!(
            answer.status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{referer}"
        );
    }
}
