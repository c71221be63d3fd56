//! Cookies stay with the app that sets them: apps of several companies share one parent domain.

use http::{
    HeaderMap, HeaderValue,
    header::{Entry, SET_COOKIE},
};

/// Takes from each cookie of an answer by `host` a domain wider than that host, so that the browser keeps it for
/// the host alone.
pub(super) fn keep_to(host: &str, headers: &mut HeaderMap) {
    let Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) else {
        return;
    };
    for cookie in cookies.iter_mut() {
        if let Some(narrowed) = narrowed(host, cookie.as_bytes()) {
            *cookie = narrowed;
        }
    }
}

/// The cookie without domains other than `host`; none when it has none of these.
fn narrowed(host: &str, cookie: &[u8]) -> Option<HeaderValue> {
    let parts = || cookie.split(|byte| *byte == b';');
    let is_wide = |part: &&[u8]| domain(part).is_some_and(|domain| !is_own(domain, host));
    // What comes first is the cookie itself, whatever its name.
    parts().skip(1).find(is_wide)?;
    let own = parts().skip(1).filter(|part| !is_wide(part));
    let kept: Vec<&[u8]> = parts().take(1).chain(own).collect();
    HeaderValue::from_bytes(&kept.join(&b';')).ok()
}

/// What an attribute says the domain is, if it is that one.
fn domain(attribute: &[u8]) -> Option<&[u8]> {
    let attribute = attribute.trim_ascii();
    let equals = attribute.iter().position(|byte| *byte == b'=')?;
    let (name, value) = attribute.split_at(equals);
    let is_domain = name.trim_ascii_end().eq_ignore_ascii_case(b"domain");
    is_domain.then(|| value[1..].trim_ascii())
}

fn is_own(domain: &[u8], host: &str) -> bool {
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    domain.is_empty() || domain.eq_ignore_ascii_case(host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::narrowed;

    #[test]
    fn a_domain_wider_than_the_host_is_dropped_and_nothing_else() {
        for (cookie, kept) in [
            ("a=b; Domain=apps.localhost; Path=/", Some("a=b; Path=/")),
            ("a=b;domain=.APPS.localhost", Some("a=b")),
            (
                "a=b; DOMAIN = \"apps.localhost\" ; Secure",
                Some("a=b; Secure"),
            ),
            (
                "a=b; Domain=localhost; Domain=shop.apps.localhost",
                Some("a=b; Domain=shop.apps.localhost"),
            ),
            ("a=b; Domain=other.apps.localhost", Some("a=b")),
            ("a=b; Domain=shop.apps.localhost", None),
            ("a=b; Domain=.Shop.apps.localhost; HttpOnly", None),
            ("a=b; Domain=; Path=/", None),
            ("a=b; Domain", None),
            ("domain=apps.localhost; Path=/", None),
            ("a=Domain=apps.localhost", None),
            ("a=b; Path=/; SameSite=Lax", None),
        ] {
            let narrowed = narrowed("shop.apps.localhost", cookie.as_bytes());
            let narrowed = narrowed.as_ref().map(|it| it.to_str().expect("text"));
            assert_eq!(narrowed, kept, "{cookie}");
        }
    }
}
