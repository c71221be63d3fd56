//! Pages that only say something.

use std::time::Duration;

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use maud::{Markup, html};

use crate::pages::{Link, layout};

/// A heading and a paragraph.
pub(crate) fn page(status: StatusCode, heading: &str, text: &str) -> Response {
    layout(status, heading, &content(heading, text, None))
}

/// A heading, a paragraph and where to go on.
pub(crate) fn page_with_link(
    status: StatusCode,
    heading: &str,
    text: &str,
    link: &Link<'_>,
) -> Response {
    layout(status, heading, &content(heading, text, Some(link)))
}

/// The page's content.
pub(crate) fn content(heading: &str, text: &str, link: Option<&Link<'_>>) -> Markup {
    html! {
        h1 { (heading) }
        p class="soft" { (text) }
        @if let Some(Link { href, words }) = link {
            p { a href=(href) { (words) } }
        }
    }
}

/// Too many requests from one address.
pub(crate) fn too_often(wait: Duration) -> Response {
    let text = format!(
        "Too many requests came from your address. Try again in {}.",
        words(wait)
    );
    with_retry_after(
        page(StatusCode::TOO_MANY_REQUESTS, "A moment, please", &text),
        wait,
    )
}

/// Adds how long to wait, in whole seconds.
pub(crate) fn with_retry_after(mut response: Response, wait: Duration) -> Response {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    response
}

/// A wait in words, rounded up.
pub(crate) fn words(wait: Duration) -> String {
    match seconds(wait) {
        1 => "1 second".to_owned(),
        seconds @ 2..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words;

    #[test]
    fn a_wait_is_rounded_up() {
        assert_eq!(words(Duration::ZERO), "1 second");
        assert_eq!(words(Duration::from_millis(1001)), "2 seconds");
        assert_eq!(words(Duration::from_secs(91)), "2 minutes");
    }
}
