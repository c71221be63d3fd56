//! What the ingress says when it answers itself.

use http::StatusCode;

use crate::ingress::route::Unserved;

/// Why the ingress answers itself.
#[derive(Debug)]
pub(in crate::ingress) enum Refusal {
    BadHead,
    BadTarget,
    BadFraming,
    TwoFramings,
    HeadTooLarge,
    HeadTooSlow,
    BodyTooSlow,
    BodyBroken,
    InvalidHost,
    MethodNotAllowed,
    UnknownHost,
    AddressFull,
    HostFull { title: String },
    Full,
    Unserved { title: String, state: Unserved },
    NoDebugger { title: String },
    Broken,
    Malformed,
    TimedOut,
}

/// One page's words.
pub(super) struct Words {
    pub(super) status: StatusCode,
    pub(super) heading: String,
    pub(super) text: &'static str,
    /// Seconds.
    pub(super) retry_after: Option<u16>,
}

/// The words for `refusal`.
pub(super) fn words(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::HostFull { title } => later(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{title} has too many requests at once"),
            "It answers all that it may have at the same time. Try again shortly.",
            5,
        ),
        Refusal::Unserved { title, state } => {
            let (heading, text, seconds) = unserved(title, *state);
            later(StatusCode::SERVICE_UNAVAILABLE, heading, text, seconds)
        }
        Refusal::NoDebugger { title } => later(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The debugger of {title} cannot be reached"),
            "The instance chosen for debugging is not ready. Try again shortly, or choose another one in the portal.",
            5,
        ),
        Refusal::AddressFull => later(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many connections come from your address".to_owned(),
            "Your address holds all the connections that one may have. Close some and try again.",
            5,
        ),
        Refusal::Full => later(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many connections are open".to_owned(),
            "The router has as many connections as it can hold. Try again shortly.",
            5,
        ),
        Refusal::Broken | Refusal::Malformed | Refusal::TimedOut => of_the_app(refusal),
        _ => of_the_request(refusal),
    }
}

/// What the app did wrong.
fn of_the_app(refusal: &Refusal) -> Words {
    let (status, heading, text) = match refusal {
        Refusal::TimedOut => (
            StatusCode::GATEWAY_TIMEOUT,
            "The app did not answer in time",
            "It may still be working on what you asked for. Check before you try again.",
        ),
        Refusal::Malformed => (
            StatusCode::BAD_GATEWAY,
            "The app's answer cannot be understood",
            "What it sent is not HTTP. It may or may not have done what you asked for: check before you try again.",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "The app broke off its answer",
            "It may or may not have done what you asked for. Check before you try again.",
        ),
    };
    now(status, heading, text)
}

/// What the client did wrong.
fn of_the_request(refusal: &Refusal) -> Words {
    let (status, heading, text) = match refusal {
        Refusal::BadTarget => (
            StatusCode::BAD_REQUEST,
            "This address cannot be passed on",
            "It holds a character that must be written with a percent sign, such as %22 for a quotation mark.",
        ),
        Refusal::BadFraming => (
            StatusCode::BAD_REQUEST,
            "The length of this request cannot be told",
            "Transfer-Encoding may be chunked, once, and nothing else; Content-Length may be one whole number.",
        ),
        Refusal::TwoFramings => (
            StatusCode::BAD_REQUEST,
            "This request states its length twice",
            "A request may carry Content-Length or Transfer-Encoding, not both. Leave one of them out.",
        ),
        Refusal::HeadTooLarge => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "This request has too many or too large headers",
            "A request may have 64 KiB and 94 lines of headers. Most often it is cookies: remove those of this site and try again.",
        ),
        Refusal::HeadTooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "This request did not come in time",
            "Its first line and headers must be sent within half a minute. Try again.",
        ),
        Refusal::BodyTooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "This request came too slowly",
            "At least 4 KiB of its content must be sent in each minute. Try again over a better connection.",
        ),
        Refusal::BodyBroken => (
            StatusCode::BAD_REQUEST,
            "The content of this request cannot be read",
            "It broke off, or its chunks are not as HTTP demands.",
        ),
        Refusal::InvalidHost => (
            StatusCode::BAD_REQUEST,
            "This request names no host",
            "A request must carry exactly one valid Host header. Open the app by its full address.",
        ),
        Refusal::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "This method is not allowed",
            "CONNECT and TRACE are not passed on to apps.",
        ),
        Refusal::UnknownHost => (
            StatusCode::NOT_FOUND,
            "There is no app at this address",
            "Check the address for a typing mistake. The app may also have been deleted.",
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "This request cannot be read",
            "Its first line or one of its headers is not as HTTP/1.1 demands.",
        ),
    };
    now(status, heading, text)
}

fn now(status: StatusCode, heading: &str, text: &'static str) -> Words {
    Words {
        status,
        heading: heading.to_owned(),
        text,
        retry_after: None,
    }
}

fn later(status: StatusCode, heading: String, text: &'static str, seconds: u16) -> Words {
    Words {
        status,
        heading,
        text,
        retry_after: Some(seconds),
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
