//! The status of what a server function refuses: the framework answers all of it with 500.

use app::error::AppError;
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// No refusal is longer than this, bytes.
const REFUSAL_AT_MOST: usize = 1 << 20;

/// Gives a refusal the status that fits it.
pub async fn set(answer: Response) -> Response {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, REFUSAL_AT_MOST).await else {
        return parts.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&body) {
        parts.status = error.status();
    }
    Response::from_parts(parts, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refusal_gets_the_status_that_fits_and_keeps_its_words() {
        let refusal = serde_json::to_string(&AppError::Conflict("Not now.".to_owned()));
        let refusal = refusal.expect("JSON");
        for (body, status) in [
            (refusal.as_str(), StatusCode::CONFLICT),
            ("a panic", StatusCode::INTERNAL_SERVER_ERROR),
        ] {
            let answer = (StatusCode::INTERNAL_SERVER_ERROR, body.to_owned()).into_response();
            let answer = set(answer).await;
            assert_eq!(answer.status(), status);
            let kept = to_bytes(answer.into_body(), 1024).await.expect("a body");
            assert_eq!(kept, body);
        }
    }
}
