//! Against a listener that says what each test wants.

use super::{Error, send, send_for_head};
use bytes::Bytes;
use http::Request;
use http::header::HOST;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// A listener that answers one connection with `answer`; gives what it was sent.
fn listener(answer: &'static str) -> (TempDir, PathBuf, JoinHandle<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).expect("bound");
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            seen.push(stream.read_u8().await.expect("a head"));
        }
        stream.write_all(answer.as_bytes()).await.expect("answered");
        String::from_utf8(seen).expect("a head is text")
    });
    (folder, socket, seen)
}

fn request() -> Request<Bytes> {
    let request = Request::get("/info").header(HOST, "cell");
    request.body(Bytes::new()).expect("a request")
}

#[tokio::test]
async fn the_whole_answer_is_read_and_the_connection_is_not_kept() {
    let (_folder, socket, seen) = listener("HTTP/1.1 404 No\r\ncontent-length: 4\r\n\r\nnone");
    let answer = send(&socket, request(), 4).await.expect("answered");
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (404, &b"none"[..])
    );
    let seen = seen.await.expect("seen").to_ascii_lowercase();
    assert!(seen.starts_with("get /info http/1.1\r\n"), "{seen}");
    assert!(seen.contains("connection: close"), "{seen}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read() {
    let (_folder, socket, _seen) = listener("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnone");
    let error = send(&socket, request(), 3).await.expect_err("refused");
    assert!(matches!(error, Error::TooLarge(3)), "{error:?}");
}

#[tokio::test]
async fn a_broken_answer_and_nobody_at_all_are_told_apart() {
    let (_folder, socket, _seen) = listener("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    let error = send(&socket, request(), 64).await.expect_err("broken off");
    assert!(matches!(error, Error::Dropped(_)), "{error:?}");
    std::fs::remove_file(&socket).expect("removed");
    let error = send(&socket, request(), 64).await.expect_err("nobody");
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_head_is_there_before_its_body() {
    let (_folder, socket, _seen) = listener("HTTP/1.1 503 Busy\r\ncontent-length: 9\r\n\r\n");
    let head = send_for_head(&socket, request()).await.expect("a head");
    assert_eq!(head.status.as_u16(), 503);
}
