//! What is asked of another instance when one fails, and what is not.

use std::{sync::Arc, time::Duration};

use cell::ingress::{config::IngressConfig, route::Unserved};
use tokio::time::timeout;

use crate::stage::{Act, HOST, LIMIT, Stage, ok, read_message, send_all};

/// Sends one request per instance, so that the failing one is certainly asked.
async fn each_answers_good(stage: &Stage, request: &str, answered: &str) {
    for _ in 0..4 {
        let answer = stage.send(request).await;
        assert_eq!(
            (answer.status(), answer.text().as_str()),
            (200, answered),
            "{request}"
        );
    }
}

fn bare(method: &str) -> String {
    format!("{method} / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn what_could_not_connect_goes_elsewhere_even_a_post() {
    let stage = Stage::new().await;
    let good = stage.instance(0, |request| ok(&format!("got {}", request.text())));
    stage.route(&[&stage.absent(1), &good.backend, &stage.absent(2)]);
    each_answers_good(&stage, &bare("GET"), "got ").await;
    for _ in 0..4 {
        assert_eq!(stage.post("/", "once").await.text(), "got once");
    }
}

#[tokio::test]
async fn idempotent_requests_move_on_when_an_instance_breaks_before_its_answer() {
    for method in ["GET", "OPTIONS", "PUT", "DELETE"] {
        let stage = Stage::new().await;
        let good = stage.instance(0, |_| ok("good"));
        let bad = stage.instance(1, |_| Act::Break(String::new()));
        stage.route(&[&bad.backend, &good.backend]);
        each_answers_good(&stage, &bare(method), "good").await;
        assert!(
            !bad.seen().is_empty(),
            "{method} was tried on the bad one first"
        );
    }
}

#[tokio::test]
async fn a_small_answer_cut_off_is_asked_for_again() {
    let stage = Stage::new().await;
    let good = stage.instance(0, |_| ok("good"));
    let bad = stage.instance(1, |_| {
        Act::Break("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this".to_owned())
    });
    stage.route(&[&bad.backend, &good.backend]);
    each_answers_good(&stage, &bare("GET"), "good").await;
    assert!(!bad.seen().is_empty());
}

#[tokio::test]
async fn a_large_answer_cut_off_breaks_the_clients_connection() {
    let stage = Stage::new().await;
    let bad = stage.instance(0, |_| {
        let half = "x".repeat(50_000);
        Act::Break(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{half}"
        ))
    });
    stage.route(&[&bad.backend]);
    assert!(
        stage.try_send(bare("GET")).await.is_none(),
        "the client sees that it is not whole"
    );
    assert_eq!(bad.seen().len(), 1);
    assert_eq!(bad.backend.in_flight(), 0);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    for (request, why) in [
        (
            format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 4\r\n\r\nonce"),
            "a POST",
        ),
        (
            format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 0\r\n\r\n"),
            "an empty POST",
        ),
        (
            format!("PATCH / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 0\r\n\r\n"),
            "a PATCH",
        ),
        (
            format!("PUT / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 4\r\n\r\nbody"),
            "a PUT with a body",
        ),
    ] {
        let stage = Stage::new().await;
        let first = stage.instance(0, |_| Act::Break(String::new()));
        let second = stage.instance(1, |_| Act::Break(String::new()));
        stage.route(&[&first.backend, &second.backend]);
        assert_eq!(stage.send(&request).await.status(), 502, "{why}");
        assert_eq!(
            first.seen().len() + second.seen().len(),
            1,
            "{why} was sent once"
        );
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_request() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| {
        Act::Break(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{:3}",
            request
                .first_line
                .split(' ')
                .next()
                .unwrap_or_default()
                .len()
        ))
    });
    stage.route(&[&instance.backend]);
    for _ in 0..20 {
        assert_eq!(stage.get("/").await.text(), "  3");
        assert_eq!(stage.post("/", "x").await.text(), "  4");
    }
    assert_eq!(instance.seen().len(), 40, "nothing was sent twice");
}

#[tokio::test]
async fn a_request_that_breaks_instances_does_not_break_them_all() {
    let stage = Stage::new().await;
    let instances: Vec<_> = (0..5)
        .map(|index| stage.instance(index, |_| Act::Break(String::new())))
        .collect();
    stage.route(&instances.iter().map(|it| &it.backend).collect::<Vec<_>>());
    assert_eq!(stage.get("/").await.status(), 502);
    assert_eq!(instances.iter().map(|it| it.seen().len()).sum::<usize>(), 3);
}

#[tokio::test]
async fn a_request_waits_for_the_replacement() {
    let stage = Stage::with(IngressConfig {
        patience: LIMIT,
        ..IngressConfig::default()
    })
    .await;
    let bad = stage.instance(0, |_| Act::Break(String::new()));
    stage.route(&[&bad.backend]);
    let mut client = stage.connect().await;
    send_all(client.get_mut(), bare("GET")).await;
    crate::stage::until("the request reached the bad one", || bad.seen().len() == 1).await;

    stage.route_as(&[], None, Unserved::Crashed);
    let replacement = stage.instance(1, |_| ok("replaced"));
    stage.route(&[&replacement.backend]);
    let answer = timeout(LIMIT, read_message(&mut client))
        .await
        .expect("it comes in time");
    assert_eq!(answer.expect("it is whole").text(), "replaced");
}

#[tokio::test]
async fn while_the_app_starts_requests_wait_and_then_are_told() {
    let stage = Stage::with(IngressConfig {
        patience: LIMIT,
        ..IngressConfig::default()
    })
    .await;
    stage.route_as(&[], None, Unserved::Starting);
    let mut client = stage.connect().await;
    let post = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 2\r\n\r\nhi");
    send_all(client.get_mut(), post).await;
    let first = stage.instance(0, |request| ok(&request.text()));
    stage.route(&[&first.backend]);
    let answer = timeout(LIMIT, read_message(&mut client))
        .await
        .expect("it comes in time");
    assert_eq!(answer.expect("it is whole").text(), "hi");

    let hasty = Stage::with(IngressConfig {
        patience: Duration::from_millis(20),
        ..IngressConfig::default()
    })
    .await;
    hasty.route_as(&[], None, Unserved::Starting);
    let answer = hasty.get("/").await;
    assert_eq!((answer.status(), answer.header("retry-after")), (503, "5"));
}

#[tokio::test]
async fn an_instance_that_stays_silent_is_given_up() {
    let stage = Stage::with(IngressConfig {
        answer_timeout: Duration::from_millis(50),
        ..IngressConfig::default()
    })
    .await;
    let silent = stage.instance(0, |_| Act::Take(Box::new(std::mem::forget)));
    let other = stage.instance(1, |_| ok("other"));
    stage.route(&[&silent.backend]);
    assert_eq!(stage.get("/").await.status(), 504);
    assert_eq!(silent.backend.in_flight(), 0);
    let stalling = stage.instance(2, |_| {
        Act::Take(Box::new(|mut stream| {
            tokio::spawn(async move {
                send_all(
                    &mut stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
                )
                .await;
                std::future::pending::<()>().await;
            });
        }))
    });
    stage.route(&[&stalling.backend]);
    assert_eq!(
        stage.get("/").await.status(),
        504,
        "it stalls within its answer"
    );
    assert_eq!(stalling.backend.in_flight(), 0);
    stage.route(&[&Arc::clone(&other.backend)]);
    assert_eq!(stage.get("/").await.text(), "other");
}
