//! Answers that take long, never end, or never come.

use super::failure::Failure;
use crate::runtime::Runtime;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

const SLOWEST_MS: u64 = 30_000;
const CRASHED: i32 = 70;

/// How slow an answer should be.
#[derive(Deserialize)]
pub struct Slow {
    #[serde(default)]
    ms: u64,
}

/// Answers after some time, at most 30 s.
pub async fn slow(Query(slow): Query<Slow>) -> String {
    let ms = slow.ms.min(SLOWEST_MS);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    format!("waited {ms} ms\n")
}

/// A tick each second until the instance ends.
pub async fn events(
    State(runtime): State<Arc<Runtime>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = futures::stream::unfold((0_u64, runtime), |(tick, runtime)| async move {
        let pause = if tick == 0 {
            Duration::ZERO
        } else {
            Duration::from_secs(1)
        };
        tokio::select! {
            () = runtime.ending.cancelled() => return None,
            () = tokio::time::sleep(pause) => {}
        }
        let data = format!(
            r#"{{"tick":{tick},"index":{}}}"#,
            runtime.settings.instance_index
        );
        Some((
            Ok(Event::default().event("tick").data(data)),
            (tick + 1, runtime),
        ))
    });
    Sse::new(ticks).keep_alive(KeepAlive::default())
}

/// Leaves HTTP for a stream that sends back whatever it gets.
pub async fn upgrade(request: Request) -> Result<Response, Failure> {
    let Some(protocol) = request.headers().get(UPGRADE).cloned() else {
        return Err(Failure(StatusCode::UPGRADE_REQUIRED, "Ask for an upgrade."));
    };
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgraded));
            // The peer ends the stream whenever it likes.
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(UPGRADE, protocol);
    response
        .headers_mut()
        .insert(CONNECTION, axum::http::HeaderValue::from_static("upgrade"));
    Ok(response)
}

/// Ends the process at once, with status 70 and without an answer.
pub async fn crash(State(runtime): State<Arc<Runtime>>) -> StatusCode {
    runtime.journal.error("Core", "asked to crash");
    std::process::exit(CRASHED)
}

/// Answers, then stops doing anything at all, the admin protocol and SIGTERM included.
pub async fn hang(State(runtime): State<Arc<Runtime>>) -> Response {
    runtime.journal.error("Core", "asked to hang");
    tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        loop {
            std::thread::park();
        }
    });
    StatusCode::ACCEPTED.into_response()
}
