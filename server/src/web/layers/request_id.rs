//! A new id for every request: in the log, in the audit trail and in the answer.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives the request its id; one that came from outside is not believed.
pub async fn set(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    let header = HeaderValue::from_str(&id).ok();
    request.extensions_mut().insert(RequestId(id));
    if let Some(header) = &header {
        request.headers_mut().insert(HEADER, header.clone());
    }
    let mut response = next.run(request).await;
    if let Some(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}
