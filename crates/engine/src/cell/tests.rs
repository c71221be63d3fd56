//! Answers of engines, as the driver takes them.

use super::{Answer, CellEngine, check_status, told};
use crate::observation::LogLine;
use crate::{Engine, EngineError};
use bytes::Bytes;
use http::StatusCode;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

fn answer(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Answer::new(Bytes::from_static(body.as_bytes()));
    *answer.status_mut() = status;
    answer
}

#[test]
fn a_refusal_keeps_the_engines_words() {
    let refused = check_status(answer(StatusCode::CONFLICT, r#"{"error":"too old"}"#));
    let Err(EngineError::Refused(text)) = refused else {
        panic!("refused")
    };
    assert_eq!(text, "too old");
}

#[test]
fn what_is_missing_and_what_may_work_later_differ() {
    let missing = check_status(answer(StatusCode::NOT_FOUND, ""));
    assert!(matches!(missing, Err(EngineError::NotFound)));
    let full = check_status(answer(
        StatusCode::SERVICE_UNAVAILABLE,
        r#"{"error":"no space left"}"#,
    ));
    assert!(matches!(full, Err(EngineError::NotNow(text)) if text == "no space left"));
    let broken = check_status(answer(StatusCode::BAD_GATEWAY, ""));
    assert!(matches!(broken, Err(EngineError::Unavailable(_))));
}

#[test]
fn what_a_runtime_wrote_is_passed_on_as_plain_text() {
    let body =
        r#"[{"index":0,"instance":"00000000-0000-0000-0000-000000000001","line":"bo\u0000om"}]"#;
    let lines: Vec<LogLine> = told(&answer(StatusCode::OK, body)).expect("is read");
    assert_eq!(lines[0].line, "boom");
    let refused = check_status(answer(StatusCode::CONFLICT, r#"{"error":"bo\u0000om"}"#));
    assert!(
        matches!(&refused, Err(EngineError::Refused(text)) if text == "boom"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_engine_that_does_not_run_is_unavailable() {
    let engine = CellEngine::new("/nonexistent/cell.sock");
    let outcome = engine.info().await;
    assert!(matches!(outcome, Err(EngineError::Unavailable(_))));
}

/// An engine at `socket` that answers one question with its `version`.
fn answer_once(socket: &Path, version: &str) {
    let listener = UnixListener::bind(socket).expect("bound");
    let version = version.to_owned();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
        let body = format!(
            r#"{{"version":"{version}","sandbox":"runc","unenforced":[],"ingress":"","zones":[],"runtimes":[]}}"#
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.expect("answered");
    });
}

#[tokio::test]
async fn several_engines_are_asked_each_at_its_own_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let sockets = ["one", "two"].map(|name| folder.path().join(name));
    let engines = sockets.clone().map(CellEngine::new);
    for (socket, version) in sockets.iter().zip(["1", "2"]) {
        answer_once(socket, version);
    }
    let (one, two) = tokio::join!(engines[0].info(), engines[1].info());
    let versions = [one, two].map(|info| info.expect("answered").version);
    assert_eq!(versions, ["1", "2"]);
}
