//! The ingress's own answers, when no instance can give one: small pages without script, or JSON.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::json;

use crate::ingress::{response_body::ResponseBody, route::Unserved};

const STYLE: &str = include_str!("pages/style.css");

/// Why the ingress answers itself.
pub(super) enum Refusal {
    InvalidHost,
    TwoFramings,
    MethodNotAllowed,
    UnknownHost,
    Unserved { title: String, state: Unserved },
    NoDebugger { title: String },
    Broken,
    TimedOut,
}

/// What the client reads best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Html,
    Json,
}

struct Words {
    status: StatusCode,
    heading: String,
    text: &'static str,
    retry_after: Option<u16>,
}

impl Form {
    /// JSON for clients that accept it more readily than HTML.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let (mut html, mut json) = (0.0_f32, 0.0_f32);
        let accepted = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
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
    let words = words(refusal);
    let nonce = format!("{:032x}", rand::random::<u128>());
    let (kind, body) = match form {
        Form::Html => ("text/html; charset=utf-8", html(&words, &nonce)),
        Form::Json => {
            let sentence = format!("{}. {}", words.heading, words.text);
            ("application/json", json!({ "error": sentence }).to_string())
        }
    };
    let mut response = Response::new(ResponseBody::own(body));
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

fn words(refusal: &Refusal) -> Words {
    let (status, heading, text, retry_after) = match refusal {
        Refusal::InvalidHost => (
            StatusCode::BAD_REQUEST,
            "This request names no host".to_owned(),
            "A request must carry exactly one valid Host header. Open the app by its full address.",
            None,
        ),
        Refusal::TwoFramings => (
            StatusCode::BAD_REQUEST,
            "This request states its length twice".to_owned(),
            "A request may carry Content-Length or Transfer-Encoding, not both. Leave one of them out.",
            None,
        ),
        Refusal::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "This method is not allowed".to_owned(),
            "CONNECT and TRACE are not passed on to apps.",
            None,
        ),
        Refusal::UnknownHost => (
            StatusCode::NOT_FOUND,
            "There is no app at this address".to_owned(),
            "Check the address for a typing mistake. The app may also have been deleted.",
            None,
        ),
        Refusal::Unserved { title, state } => {
            let (heading, text, seconds) = unserved(title, *state);
            (
                StatusCode::SERVICE_UNAVAILABLE,
                heading,
                text,
                Some(seconds),
            )
        }
        Refusal::NoDebugger { title } => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The debugger of {title} cannot be reached"),
            "The instance chosen for debugging is not ready. Try again shortly, or choose another one in the portal.",
            Some(5),
        ),
        Refusal::Broken => (
            StatusCode::BAD_GATEWAY,
            "The app broke off its answer".to_owned(),
            "It may or may not have done what you asked for. Check before you try again.",
            None,
        ),
        Refusal::TimedOut => (
            StatusCode::GATEWAY_TIMEOUT,
            "The app did not answer in time".to_owned(),
            "It may still be working on what you asked for. Check before you try again.",
            None,
        ),
    };
    Words {
        status,
        heading,
        text,
        retry_after,
    }
}

fn unserved(title: &str, state: Unserved) -> (String, &'static str, u16) {
    match state {
        Unserved::NeverDeployed => (
            format!("{title} is still empty"),
            "Nothing has been deployed here yet. Deploy a package in the portal.",
            60,
        ),
        Unserved::Stopped => (
            format!("{title} is stopped"),
            "Somebody stopped it on purpose. It answers again once it is started in the portal.",
            60,
        ),
        Unserved::Starting => (
            format!("{title} is starting"),
            "This usually takes less than a minute. The page reloads by itself.",
            5,
        ),
        Unserved::Crashed => (
            format!("{title} has crashed"),
            "It is being restarted. The reason is on the environment's page in the portal.",
            15,
        ),
        Unserved::Unknown => (
            format!("{title} cannot be reached"),
            "Its state is not known at the moment. Try again shortly.",
            15,
        ),
    }
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
    use http::{HeaderMap, HeaderValue, header::ACCEPT};

    use super::Form;

    #[test]
    fn json_goes_to_those_who_prefer_it() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            Form::wanted(&headers)
        };
        assert_eq!(wanted("application/json"), Form::Json);
        assert_eq!(wanted("text/html;q=0.5, application/json"), Form::Json);
        assert_eq!(wanted("application/problem+json, */*"), Form::Json);
        assert_eq!(
            wanted("text/html, application/json;q=0.9, */*;q=0.8"),
            Form::Html
        );
        assert_eq!(wanted("*/*"), Form::Html);
        assert_eq!(Form::wanted(&HeaderMap::new()), Form::Html);
    }
}
