//! Cookies of other programs at the same host: what they hold hides none of the portal's own.
//!
//! Libraries read a line of cookies as text, whole or not at all. A byte beyond ASCII, which browsers send as it was
//! set, would take the session with it. So each cookie is looked at by itself, and those that nobody here could read
//! are left out.

use axum::extract::Request;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// Leaves the cookies that can be read, in one line.
pub async fn read_one_by_one(mut request: Request, next: Next) -> Response {
    keep_readable(request.headers_mut());
    next.run(request).await
}

fn keep_readable(headers: &mut HeaderMap) {
    let lines = headers.get_all(COOKIE);
    let cookies = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let readable: Vec<&[u8]> = cookies
        .map(<[u8]>::trim_ascii)
        .filter(|cookie| cookie.iter().all(|byte| matches!(byte, b' '..=b'~')))
        .filter(|cookie| cookie.contains(&b'='))
        .collect();
    let line = HeaderValue::from_bytes(&readable.join(&b"; "[..])).ok();
    headers.remove(COOKIE);
    if let Some(line) = line.filter(|line| !line.is_empty()) {
        headers.insert(COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::keep_readable;
    use axum::http::header::COOKIE;
    use axum::http::{HeaderMap, HeaderValue};

    #[test]
    fn what_cannot_be_read_is_left_out_alone() {
        for (lines, kept) in [
            (&[&b"a=1; own=x"[..]][..], Some("a=1; own=x")),
            (&[b"city=caf\xe9; own=x"], Some("own=x")),
            (&[b"own=x;city=\xc5\x81\xc3\xb3d\xc5\xba"], Some("own=x")),
            (&[b"\xf0\x9f\x8d\xaa=1; own=x; t=a\tb"], Some("own=x")),
            (&[b"; ;flag;own=x;;"], Some("own=x")),
            (&[b"a=1", b"city=\xff", b"own=x"], Some("a=1; own=x")),
            (&[b"city=\xff"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                let line = HeaderValue::from_bytes(line).expect("a value");
                headers.append(COOKIE, line);
            }
            keep_readable(&mut headers);
            let found = headers.get(COOKIE).map(|it| it.to_str().expect("text"));
            assert_eq!(found, kept, "{lines:?}");
        }
    }
}
