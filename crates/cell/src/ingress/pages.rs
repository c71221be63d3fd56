//! The ingress's own answers, when no instance can give one: small pages without script, or JSON.

use http::{
    HeaderValue, Response,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::json;

use crate::ingress::{
    pages::words::{Refusal, Words, words},
    response_body::ResponseBody,
};

pub(super) mod words;

const STYLE: &str = include_str!("pages/style.css");

/// What the client reads best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
}

impl Form {
    /// JSON for clients whose lines of `Accept` accept it more readily than HTML.
    pub(super) fn of<'a>(accepted: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut html, mut json) = (0.0_f32, 0.0_f32);
        let accepted = accepted.filter_map(|line| std::str::from_utf8(line).ok());
        for range in accepted.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if kind == "text/html" || kind == "application/xhtml+xml" {
                html = html.max(weight);
            } else if kind == "application/json" || kind.ends_with("+json") {
                json = json.max(weight);
            }
        }
        if json > html { Self::Json } else { Self::Html }
    }
}

/// The answer for `refusal`.
pub(super) fn render(refusal: &Refusal, form: Form) -> Response<ResponseBody> {
    answer(refusal, form).map(ResponseBody::own)
}

/// The answer for `refusal` as it is sent, the last one on its connection.
pub(super) fn last_words(refusal: &Refusal, form: Form) -> Vec<u8> {
    let answer = answer(refusal, form);
    let mut bytes = format!("HTTP/1.1 {}\r\n", answer.status()).into_bytes();
    for (name, value) in answer.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let length = answer.body().len();
    let end = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
    bytes.extend(end.into_bytes());
    bytes.extend(answer.into_body().into_bytes());
    bytes
}

fn answer(refusal: &Refusal, form: Form) -> Response<String> {
    let words = words(refusal);
    let nonce = format!("{:032x}", rand::random::<u128>());
    let (kind, body) = match form {
        Form::Html => ("text/html; charset=utf-8", html(&words, &nonce)),
        Form::Json => {
            let sentence = format!("{}. {}", words.heading, words.text);
            ("application/json", json!({ "error": sentence }).to_string())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = words.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(seconds) = words.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn html(words: &Words, nonce: &str) -> String {
    let heading = escaped(&words.heading);
    let Words {
        status,
        text,
        retry_after,
        ..
    } = words;
    let refresh = match retry_after {
        Some(seconds) if *seconds <= 15 => {
            format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n")
        }
        _ => String::new(),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"robots\" content=\"noindex\">\n{refresh}\
         <title>{heading}</title>\n<style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<p class=\"status\">{code}</p>\n<h1>{heading}</h1>\n<p>{text}</p>\n\
         </main>\n</body>\n</html>\n",
        code = status.as_u16(),
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn json_goes_to_those_who_prefer_it() {
        let wanted = |accept: &str| Form::of([accept.as_bytes()].into_iter());
        assert_eq!(wanted("application/json"), Form::Json);
        assert_eq!(wanted("text/html;q=0.5, application/json"), Form::Json);
        assert_eq!(wanted("application/problem+json, */*"), Form::Json);
        assert_eq!(
            wanted("text/html, application/json;q=0.9, */*;q=0.8"),
            Form::Html
        );
        assert_eq!(wanted("*/*"), Form::Html);
        assert_eq!(Form::of(std::iter::empty()), Form::Html);
    }
}
