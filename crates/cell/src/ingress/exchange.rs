//! One attempt at a request: sent to an instance, its answer made one for the client.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use crate::ingress::{
    backend::InFlight,
    cookies, headers,
    proxy::Proxy,
    request_body::{Progress, RequestBody},
    response_body::{ResponseBody, StreamingBody},
    upstream_connection::UpstreamConnection,
};

/// The largest answer that is held whole before it is passed on, so that it can still be asked for again.
const HELD_WHOLE: u64 = 64 * 1024;
/// How long a head is held for the first piece of its body, which may show that the answer is none.
const FIRST_PIECE: Duration = Duration::from_millis(50);

/// Why an attempt gave no answer.
pub(super) enum Failed {
    /// The instance never saw the request; here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The connection broke after the request may have been seen.
    Broken(hyper::Error),
    /// What came is no answer.
    Malformed,
    /// No answer began in time.
    TimedOut,
    /// The client sent its body too slowly.
    TooSlow,
    /// The client's body broke off or is malformed.
    BadBody,
}

impl Failed {
    /// Why `error` came of a request whose body has gone so far.
    pub(super) fn of(error: hyper::Error, progress: Option<&Progress>) -> Self {
        match progress {
            Some(progress) if progress.is_too_slow() => Self::TooSlow,
            Some(progress) if progress.is_broken() => Self::BadBody,
            _ if error.is_parse() => Self::Malformed,
            _ => Self::Broken(error),
        }
    }
}

/// Sends `request` for `host` over `upstream` and makes its answer one for the client.
pub(super) async fn exchange(
    proxy: &Proxy,
    host: &str,
    mut upstream: UpstreamConnection,
    request: Request<RequestBody>,
    in_flight: InFlight,
) -> Result<Response<ResponseBody>, Failed> {
    let progress = request.body().progress();
    let progress = progress.as_deref();
    let response = {
        let mut sending = std::pin::pin!(upstream.send(request));
        loop {
            match timeout(proxy.config.answer_timeout, &mut sending).await {
                Ok(Ok(response)) => break response,
                Ok(Err(mut error)) => {
                    return Err(match error.take_message() {
                        Some(request) => Failed::Unsent(Box::new(request)),
                        None => Failed::of(error.into_error(), progress),
                    });
                }
                Err(_) if progress.is_some_and(Progress::goes_on) => {}
                Err(_) => return Err(Failed::TimedOut),
            }
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failed::Malformed);
    }
    let length = response.body().size_hint().exact();
    let (head, incoming) = prepare_answer(host, response)?;
    let mut body = StreamingBody::new(incoming, Some(upstream), in_flight);
    let body = if length.is_some_and(|length| length <= HELD_WHOLE) {
        let whole = timeout(proxy.config.answer_timeout, body.whole()).await;
        whole
            .map_err(|_| Failed::TimedOut)?
            .map_err(|error| Failed::of(error, progress))?
    } else {
        let begun = timeout(FIRST_PIECE, body.begin()).await;
        begun.unwrap_or(Ok(())).map_err(|_| Failed::Malformed)?;
        ResponseBody::Streaming(body)
    };
    Ok(Response::from_parts(head, body))
}

/// Takes from an answer for `host` what concerns only the connection it came over.
pub(super) fn prepare_answer(
    host: &str,
    response: Response<Incoming>,
) -> Result<(http::response::Parts, Incoming), Failed> {
    let (mut head, incoming) = response.into_parts();
    frame(&mut head.headers, &incoming)?;
    headers::remove_hop_by_hop(&mut head.headers);
    cookies::keep_to(host, &mut head.headers);
    head.version = Version::HTTP_11;
    Ok((head, incoming))
}

/// Leaves an answer one statement of its length at most, the one that it was read by.
fn frame(headers: &mut HeaderMap, incoming: &Incoming) -> Result<(), Failed> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let is_chunked = coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked");
        if !is_chunked || codings.next().is_some() {
            return Err(Failed::Malformed);
        }
        headers.remove(CONTENT_LENGTH);
    } else if headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some()
        && let Some(length) = incoming.size_hint().exact()
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(())
}
