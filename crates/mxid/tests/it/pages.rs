//! What people read when something is not as they meant it, and what every page has.

use sqlx::PgPool;
use url::Url;

use crate::browser::Browser;
use crate::provider::{Answer, EMAIL, ORIGIN, PASSWORD, TestProvider, header};

fn is_designed(answer: &Answer) -> bool {
    header(answer, "content-type") == "text/html; charset=utf-8"
        && answer.body().starts_with("<!DOCTYPE html>")
        && answer.body().contains("<h1>")
}

/// What a `link` of the page leads to, for a browser at this path.
fn linked(answer: &Answer, path: &str, relation: &str) -> String {
    let mut tags = answer.body().split("<link ").skip(1);
    let tag = tags
        .find(|tag| tag.starts_with(&format!("rel=\"{relation}\"")))
        .expect("a link");
    let (_, rest) = tag.split_once("href=\"").expect("an address");
    let (href, _) = rest.split_once('"').expect("an end");
    let page = Url::parse(ORIGIN)
        .and_then(|it| it.join(path))
        .expect("an address");
    page.join(href).expect("an address").path().to_owned()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_field_over_its_limit_is_refused_at_the_field(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let long_email = format!("{}@example.com", "a".repeat(243));
    let long_password = "ü".repeat(129);

    for _ in 0..11 {
        let answer = browser.type_in(&path, EMAIL, &long_password).await;
        assert_eq!(answer.status(), 422, "counts as no attempt");
        assert!(answer.body().contains(
            "id=\"password-error\">The password is too long: use at most 128 characters.</p>"
        ));
        assert!(!answer.body().contains("email-error"));
        assert!(!answer.body().contains("üü"));
    }
    let answer = browser.type_in(&path, &long_email, PASSWORD).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.body().contains(
        "id=\"email-error\">The email address is too long: use at most 254 characters.</p>"
    ));
    assert!(!answer.body().contains("password-error"));
    let focused = format!(
        "value=\"{long_email}\" required aria-invalid=\"true\" aria-describedby=\"email-error\" autofocus"
    );
    assert!(answer.body().contains(&focused), "{}", answer.body());
    assert!(provider.events().await.is_empty());

    let longest = &long_password[..256];
    let answer = browser.type_in(&path, &long_email[1..], longest).await;
    assert!(answer.body().contains("do not match an account"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_form_over_the_limit_gets_a_page_with_a_way_back(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let path = browser.start_sign_in(&[]).await;
    let answer = browser.type_in(&path, EMAIL, &"x".repeat(20_000)).await;
    assert_eq!(answer.status(), 413);
    assert!(is_designed(&answer), "{}", answer.body());
    assert!(answer.body().contains("<h1>This form is too long</h1>"));
    let back = path.strip_prefix("/mxid/").expect("a path");
    let link = format!("<a href=\"{back}\">Back to the sign-in</a>");
    assert!(answer.body().contains(&link), "{}", answer.body());
    assert_eq!(browser.get(&path).await.status(), 200);
    assert!(provider.events().await.is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_path_that_is_none_gets_a_page_with_a_link_to_the_portal(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    for path in ["/mxid/nope", "/mxid/nothing/here/", "/mxid"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(is_designed(&answer), "{path}: {}", answer.body());
        assert!(answer.body().contains("<h1>There is no such page</h1>"));
        assert!(
            answer
                .body()
                .contains("<a href=\"/\">Back to the portal</a>")
        );
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_page_names_an_icon_and_a_style_that_are_there(pool: PgPool) {
    let provider = TestProvider::new(pool).await;
    let mut browser = Browser::new(&provider);
    let sign_in = browser.start_sign_in(&[]).await;
    let too_long = browser.type_in(&sign_in, EMAIL, &"x".repeat(20_000)).await;
    let mut pages = vec![(sign_in.as_str(), too_long)];
    for path in [
        sign_in.as_str(),
        "/mxid/sign-in",
        "/mxid/authorize",
        "/mxid/end-session",
        "/mxid/nothing/here/",
        "/mxid",
    ] {
        pages.push((path, browser.get(path).await));
    }
    for (path, page) in pages {
        let icon = browser.get(&linked(&page, path, "icon")).await;
        assert_eq!(icon.status(), 200, "{path}");
        assert_eq!(header(&icon, "content-type"), "image/svg+xml", "{path}");
        let style = browser.get(&linked(&page, path, "stylesheet")).await;
        assert_eq!(style.status(), 200, "{path}");
        assert!(
            page.body()
                .contains("<p class=\"foot\">Signs you in to the portal</p>"),
            "{path}"
        );
        assert!(!page.body().contains("your apps"), "{path}");
    }
}
