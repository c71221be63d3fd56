//! Whether the router itself is well, for balancers before it: an address of its own on any host.

use http::{
    Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use crate::ingress::{proxy::Proxy, response_body::ResponseBody};

/// The address; no app sees it.
const PATH: &str = "/.well-known/router-health";

/// Whether `request` asks for it.
pub(super) fn is_asked<B>(request: &Request<B>) -> bool {
    request.uri().path() == PATH && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// 200, or 503 once the router takes no more requests.
pub(super) fn answer(proxy: &Proxy) -> Response<ResponseBody> {
    let (status, word) = if proxy.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
    } else {
        (StatusCode::OK, "ok\n")
    };
    let mut answer = Response::new(ResponseBody::own(word));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    answer
}
