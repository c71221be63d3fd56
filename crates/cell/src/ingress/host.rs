//! Which host a request is for.

use http::{HeaderMap, HeaderValue, Uri, header::HOST};

/// The longest host with its port.
const LONGEST: usize = 260;

/// The host of a request.
pub(super) struct Host {
    /// For the lookup: lower case, without port and final dot.
    pub(super) name: String,
    /// As the client wrote it; holds nothing that needs quoting.
    pub(super) header: HeaderValue,
}

/// The host of a request with this target and these headers; none when it is missing, doubled or malformed.
pub(super) fn requested(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let mut lines = headers.get_all(HOST).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return None;
    }
    let header = match uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok()?,
        None => line?.clone(),
    };
    let name = name(header.to_str().ok()?)?;
    Some(Host { name, header })
}

fn name(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let port_at = match text.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (name, port) = text.split_at(port_at);
    let port_is_valid = match port.strip_prefix(':') {
        Some(digits) => digits.is_empty() || digits.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    let inner = name
        .strip_prefix('[')
        .map_or(name, |rest| rest.trim_end_matches(']'));
    let bracketed = inner.len() != name.len();
    let name_is_valid = !inner.is_empty()
        && inner.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_')
                || bracketed && byte == b':'
        });
    if !port_is_valid || !name_is_valid {
        return None;
    }
    Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn ports_case_and_the_final_dot_do_not_matter() {
        for text in [
            "Shop.Apps.localhost",
            "shop.apps.localhost:8080",
            "SHOP.apps.localhost.:80",
        ] {
            assert_eq!(name(text).as_deref(), Some("shop.apps.localhost"), "{text}");
        }
        assert_eq!(name("[::1]:8080").as_deref(), Some("[::1]"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long = "a".repeat(300);
        for text in [
            "",
            ":80",
            "a b",
            "a/b",
            "user@host",
            "host:port",
            "host:99999",
            "[::1",
            "::1",
            "a\"b",
            &long,
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
