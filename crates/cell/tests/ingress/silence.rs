//! Connections on which nothing comes, or half of something.

use std::time::Duration;

use cell::ingress::config::IngressConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::stage::{Act, HOST, LIMIT, Stage, ok, read_message, send_all, until};

async fn impatient() -> Stage {
    Stage::with(IngressConfig {
        header_timeout: Duration::from_millis(100),
        lingering: Duration::from_millis(100),
        ..IngressConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_silent_connection_is_closed_without_a_word() {
    let stage = impatient().await;
    assert_eq!(stage.raw("").await, (String::new(), true));
    assert_eq!(stage.raw("\r\n\r\n").await, (String::new(), true));
}

#[tokio::test]
async fn empty_lines_are_no_sign_of_life() {
    let stage = impatient().await;
    let mut client = stage.connect().await;
    let sending = async { while client.get_mut().write_all(b"\r\n").await.is_ok() {} };
    timeout(LIMIT, sending).await.expect("it is closed");
}

#[tokio::test]
async fn a_half_sent_head_is_told_that_it_took_too_long() {
    let stage = impatient().await;
    let instance = stage.instance(0, |_| ok("served"));
    stage.route(&[&instance.backend]);
    for begun in [
        "G",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: ",
    ] {
        let (answer, _) = stage.raw(begun).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{begun:?}: {answer}");
        let after = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n{begun}");
        let (answer, _) = stage.raw(after).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            answer.contains("servedHTTP/1.1 408 "),
            "{begun:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_stays_silent_after_a_request_is_closed() {
    let stage = impatient().await;
    let instance = stage.instance(0, |_| ok("served"));
    stage.route(&[&instance.backend]);
    let request = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    let (answer, peaceful) = stage.raw(request).await;
    assert!(answer.ends_with("served") && peaceful, "{answer}");
}

#[tokio::test]
async fn the_time_for_heads_does_not_run_while_a_request_is_answered() {
    let stage = impatient().await;
    let (free, held) = (std::sync::Mutex::new(None), tokio::sync::oneshot::channel());
    let (answer_now, answered) = held;
    *free.lock().expect("no panic while locked") = Some(answered);
    let instance = stage.instance(0, move |_| {
        let answered = free.lock().expect("no panic while locked").take();
        Act::Take(Box::new(|mut stream| {
            tokio::spawn(async move {
                let _ = answered.expect("one request").await;
                send_all(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate",
                )
                .await;
            });
        }))
    });
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    until("it is in flight", || instance.backend.in_flight() == 1).await;
    // Another connection comes to its end meanwhile, twice.
    for _ in 0..2 {
        stage.raw("").await;
    }
    answer_now.send(()).expect("it waits");
    let answer = timeout(LIMIT, read_message(&mut client))
        .await
        .expect("in time");
    assert_eq!(answer.expect("whole").text(), "late");
}

#[tokio::test]
async fn a_client_that_has_ended_its_side_gets_its_answer() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&format!("got {}", request.text())));
    stage.route(&[&instance.backend]);
    for request in [
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 2\r\n\r\nhi"),
        format!("GET / HTTP/1.0\r\nhost: {HOST}\r\n\r\n"),
    ] {
        let mut client = stage.connect().await;
        send_all(client.get_mut(), &request).await;
        client.get_mut().shutdown().await.expect("its side ends");
        let mut all = String::new();
        let read = timeout(LIMIT, client.read_to_string(&mut all)).await;
        read.expect("in time").expect("whole");
        assert!(
            all.starts_with("HTTP/1.") && all.contains("got "),
            "{request:?}: {all}"
        );
    }
}
