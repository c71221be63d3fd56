//! One attempt at a request: sent to an instance, its answer made one for the client.

use std::sync::atomic::Ordering;

use http::{Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use crate::ingress::{
    backend::InFlight,
    headers,
    proxy::Proxy,
    response_body::{ResponseBody, StreamingBody},
    upstream_connection::{RequestBody, UpstreamConnection},
};

/// The largest answer that is held whole before it is passed on, so that it can still be asked for again.
const HELD_WHOLE: u64 = 64 * 1024;

/// Why an attempt gave no answer.
pub(super) enum Failed {
    /// The instance never saw the request; here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The connection broke after the request may have been seen.
    Broken(hyper::Error),
    /// No answer began in time.
    TimedOut,
}

/// Sends `request` over `upstream` and makes its answer one for the client.
pub(super) async fn exchange(
    proxy: &Proxy,
    mut upstream: UpstreamConnection,
    request: Request<RequestBody>,
    in_flight: InFlight,
) -> Result<Response<ResponseBody>, Failed> {
    let progress = request.body().progress();
    let response = {
        let mut sending = std::pin::pin!(upstream.send(request));
        loop {
            match timeout(proxy.config.answer_timeout, &mut sending).await {
                Ok(Ok(response)) => break response,
                Ok(Err(mut error)) => {
                    return Err(match error.take_message() {
                        Some(request) => Failed::Unsent(Box::new(request)),
                        None => Failed::Broken(error.into_error()),
                    });
                }
                Err(_) => {
                    let goes_on = progress
                        .as_ref()
                        .is_some_and(|it| it.swap(false, Ordering::Relaxed));
                    if !goes_on {
                        return Err(Failed::TimedOut);
                    }
                }
            }
        }
    };
    let length = response.body().size_hint().exact();
    let (head, incoming) = prepare_answer(response);
    let body = StreamingBody::new(incoming, Some(upstream), in_flight);
    let body = if length.is_some_and(|length| length <= HELD_WHOLE) {
        let whole = timeout(proxy.config.answer_timeout, body.whole()).await;
        whole
            .map_err(|_| Failed::TimedOut)?
            .map_err(Failed::Broken)?
    } else {
        ResponseBody::Streaming(body)
    };
    Ok(Response::from_parts(head, body))
}

/// Takes from an answer what concerns only the connection it came over.
pub(super) fn prepare_answer(response: Response<Incoming>) -> (http::response::Parts, Incoming) {
    let (mut head, incoming) = response.into_parts();
    headers::remove_hop_by_hop(&mut head.headers);
    head.version = Version::HTTP_11;
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        head.status = StatusCode::BAD_GATEWAY;
    }
    (head, incoming)
}
