//! What is answered when a request handler panics: to a script in JSON, to people as a page.

use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use crate::web::layers::session_guard::{asks_a_script, in_json};
use app::error::AppError;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// Answers in the place of a handler that panicked; its text goes to the log.
pub async fn answer(request: Request, next: Next) -> Response {
    let to_a_script = asks_a_script(request.headers());
    let extensions = request.extensions().clone();
    // What the handler leaves half done is its own; nothing of it is looked at again.
    let panic = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => return response,
        Err(panic) => panic,
    };
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(
        panic = text.unwrap_or("of unknown kind"),
        "a request handler panicked"
    );
    let request_id = extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    if to_a_script {
        return in_json(&AppError::Internal { request_id });
    }
    let page = ErrorPage {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Something went wrong",
        text: format!(
            "Something went wrong in the portal itself. Try again; if it happens again, tell your administrator the request id {request_id}."
        ),
        action: ("/", "Back to your apps"),
    };
    page.answer(&extensions)
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::web::layers::request_id::{self, HEADER};
    use app::error::AppError;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use leptos::server_fn::error::FromServerFnError;
    use tower::ServiceExt;

    async fn panicking() {
        panic!("of a test");
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_it_was_asked() {
        for (accept, kind) in [
            ("text/html", "text/html"),
            ("application/json", "application/json"),
        ] {
            let router = Router::new()
                .route("/", get(panicking))
                .layer(from_fn(answer))
                .layer(from_fn(request_id::set));
            let request = Request::get("/").header("accept", accept);
            let request = request.body(Body::empty()).expect("a request");
            let answer = router.oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let of = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
            let (id, is) = (of(HEADER.as_str()), of("content-type"));
            assert!(is.starts_with(kind), "{is}");
            let body = to_bytes(answer.into_body(), 1 << 16).await.expect("a body");
            let text = String::from_utf8_lossy(&body).into_owned();
            assert!(text.contains(&id), "the request's id is told: {text}");
            if accept == "application/json" {
                assert_eq!(AppError::de(body), AppError::Internal { request_id: id });
            }
        }
    }
}
