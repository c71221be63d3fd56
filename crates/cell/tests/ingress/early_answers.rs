//! An app that answers before it has heard all: its answer comes whole.

use std::sync::Arc;

use cell::ingress::backend::Backend;
use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::stage::{HOST, LIMIT, Stage, read_head, read_message, send_all};

/// An instance that answers when it has seen the head, then closes without reading on.
fn early(stage: &Stage, answer: String) -> Arc<Backend> {
    let listener = UnixListener::bind(stage.socket(8)).expect("a new socket");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move { answer_head(&mut stream, &answer).await });
        }
    });
    stage.absent(8)
}

async fn answer_head(stream: &mut UnixStream, answer: &str) {
    if read_head(stream).await.is_some() {
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn an_early_answer_comes_whole_however_the_body_is_sent() {
    const MIB: usize = 1 << 20;
    let stage = Stage::new().await;
    let body = "{\"error\":\"too large\"}".repeat(500);
    let answer = format!(
        "HTTP/1.1 413 Content Too Large\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stage.route(&[&early(&stage, answer)]);
    let piece = vec![b'x'; 64 << 10];
    for way in ["length", "chunked", "expect"] {
        for round in 0..5 {
            let client = stage.connect().await;
            let (mut from, mut to) = tokio::io::split(client.into_inner());
            let framing = match way {
                "chunked" => "transfer-encoding: chunked".to_owned(),
                "expect" => format!("content-length: {}\r\nexpect: 100-continue", 8 * MIB),
                _ => format!("content-length: {}", 8 * MIB),
            };
            send_all(
                &mut to,
                format!("PUT / HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n\r\n"),
            )
            .await;
            // All of it is sent before anything is read, as simple clients do.
            for _ in 0..128 {
                let sent = if way == "chunked" {
                    let chunk = [b"10000\r\n", &piece[..], b"\r\n"].concat();
                    to.write_all(&chunk).await
                } else {
                    to.write_all(&piece).await
                };
                if sent.is_err() {
                    break;
                }
            }
            let mut got = timeout(LIMIT, read_message(&mut from))
                .await
                .expect("in time");
            while got.as_ref().is_some_and(|got| got.status() == 100) {
                got = timeout(LIMIT, read_message(&mut from))
                    .await
                    .expect("in time");
            }
            let got = got.unwrap_or_else(|| panic!("{way}, round {round}: no answer"));
            assert_eq!(
                (got.status(), got.text()),
                (413, body.clone()),
                "{way}, round {round}"
            );
        }
    }
}
