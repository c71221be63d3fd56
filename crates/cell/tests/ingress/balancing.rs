//! Which instance a request goes to, and when an instance has nothing left to do.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cell::ingress::{
    config::IngressConfig,
    route::{Route, Unserved},
};
use futures::FutureExt as _;
use tokio::{io::AsyncWriteExt as _, sync::oneshot, time::timeout};
use uuid::Uuid;

use crate::stage::{Act, HOST, LIMIT, Stage, ok, read_head, read_message, send_all, until};

#[tokio::test]
async fn requests_are_shared_out_evenly_over_pooled_connections() {
    let stage = Stage::new().await;
    let instances: Vec<_> = (0..3)
        .map(|index| stage.instance(index, move |_| ok(&index.to_string())))
        .collect();
    stage.route(
        &instances
            .iter()
            .map(|instance| &instance.backend)
            .collect::<Vec<_>>(),
    );

    let mut counts = BTreeMap::new();
    let mut client = stage.connect().await;
    for _ in 0..30 {
        send_all(
            client.get_mut(),
            format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        let answer = read_message(&mut client)
            .await
            .expect("the answer is whole");
        *counts.entry(answer.text()).or_insert(0) += 1;
    }

    assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    for instance in &instances {
        assert_eq!(
            instance.connections(),
            1,
            "one connection is used again and again"
        );
    }
}

#[tokio::test]
async fn the_same_route_again_does_not_begin_the_turn_anew() {
    let stage = Stage::new().await;
    let instances: Vec<_> = (0..3)
        .map(|index| stage.instance(index, move |_| ok(&index.to_string())))
        .collect();
    let backends: Vec<_> = instances.iter().map(|it| &it.backend).collect();
    // Once exactly the same, once with a change that concerns no instance.
    for states in [
        [Unserved::Unknown, Unserved::Unknown],
        [Unserved::Unknown, Unserved::Starting],
    ] {
        let mut counts = BTreeMap::new();
        for number in 0..30 {
            stage.route_as(&backends, None, states[number % 2]);
            *counts.entry(stage.get("/").await.text()).or_insert(0) += 1;
        }
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 10]);
    }
}

#[tokio::test]
async fn a_busy_instance_gets_fewer_requests() {
    let stage = Stage::new().await;
    let (started, starts) = oneshot::channel();
    let started = std::sync::Mutex::new(Some(started));
    let busy = stage.instance(0, move |_| {
        if let Some(started) = started.lock().expect("no panic while locked").take() {
            let _ = started.send(());
        }
        Act::Take(Box::new(std::mem::forget))
    });
    stage.route(&[&busy.backend]);
    let mut waiting = stage.connect().await;
    send_all(
        waiting.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    starts.await.expect("the request reaches the instance");

    let free = stage.instance(1, |_| ok("free"));
    stage.route(&[&busy.backend, &free.backend]);
    for _ in 0..10 {
        assert_eq!(stage.get("/").await.text(), "free");
    }
    assert_eq!((busy.backend.in_flight(), busy.seen().len()), (1, 1));
}

#[tokio::test]
async fn the_host_decides_in_any_case_and_with_any_port() {
    let stage = Stage::new().await;
    let shop = stage.instance(0, |_| ok("shop"));
    let other = stage.instance(1, |_| ok("other"));
    stage.route(&[&shop.backend]);
    let another = Uuid::new_v4();
    stage.table.set(
        another,
        Route {
            title: "Other".to_owned(),
            hosts: vec![
                "Other.apps.localhost".to_owned(),
                "www.example.com".to_owned(),
            ],
            backends: vec![Arc::clone(&other.backend)],
            debugger: None,
            state: Unserved::Unknown,
        },
    );

    for (host, expected) in [
        ("SHOP.Apps.Localhost:8080", "shop"),
        ("shop.apps.localhost.", "shop"),
        ("other.apps.localhost", "other"),
        ("www.example.com:80", "other"),
    ] {
        let answer = stage
            .send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"))
            .await;
        assert_eq!(answer.text(), expected, "{host}");
    }
    let absolute = format!("GET http://other.apps.localhost/a?b HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    assert_eq!(
        stage.send(absolute).await.text(),
        "other",
        "an absolute target overrules Host"
    );
    let seen = other.seen().pop().expect("it was asked");
    assert_eq!(seen.first_line, "GET /a?b HTTP/1.1");
    assert_eq!(seen.header("host"), "other.apps.localhost");

    stage.table.remove(another);
    let answer = stage
        .send("GET / HTTP/1.1\r\nhost: www.example.com\r\n\r\n")
        .await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn drained_waits_for_the_last_byte_of_the_body() {
    let stage = Stage::new().await;
    let (hand_over, taken) = oneshot::channel();
    let hand_over = std::sync::Mutex::new(Some(hand_over));
    let instance = stage.instance(0, move |_| {
        let hand_over = hand_over.lock().expect("no panic while locked").take();
        Act::Take(Box::new(|stream| {
            let _ = hand_over.expect("one request").send(stream);
        }))
    });
    stage.route(&[&instance.backend]);
    assert!(
        instance.backend.drained().now_or_never().is_some(),
        "nothing is in flight yet"
    );

    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");
    stage.table.remove(stage.workload);
    let mut drained = Box::pin(instance.backend.drained());
    assert!(drained.as_mut().now_or_never().is_none());

    let half = "x".repeat(50_000);
    send_all(
        &mut stream,
        format!("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{half}"),
    )
    .await;
    let head = read_head(&mut client).await.expect("the head is passed on");
    assert_eq!(head.status(), 200);
    assert!(drained.as_mut().now_or_never().is_none());
    assert_eq!(instance.backend.in_flight(), 1);

    send_all(&mut stream, half).await;
    let mut body = vec![0; 100_000];
    tokio::io::AsyncReadExt::read_exact(&mut client, &mut body)
        .await
        .expect("the body is whole");
    timeout(LIMIT, drained)
        .await
        .expect("drained resolves after the body");
    assert_eq!(instance.backend.in_flight(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_is_no_longer_counted() {
    let stage = Stage::with(IngressConfig {
        leaving: Duration::from_millis(50),
        ..IngressConfig::default()
    })
    .await;
    let instance = stage.instance(0, |_| Act::Take(Box::new(std::mem::forget)));
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    until("the request is in flight", || {
        instance.backend.in_flight() == 1
    })
    .await;

    client
        .get_mut()
        .shutdown()
        .await
        .expect("the client can close");
    drop(client);
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the instance is drained");
}

#[tokio::test]
async fn nothing_fails_while_instances_come_and_go_under_load() {
    let stage = Arc::new(Stage::with(IngressConfig::default()).await);
    let first = stage.instance(0, |_| ok("same"));
    stage.route(&[&first.backend]);
    let answered = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (stage, answered, stop) =
                (Arc::clone(&stage), Arc::clone(&answered), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut client = stage.connect().await;
                while stop.load(Ordering::SeqCst) == 0 {
                    let request = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
                    send_all(client.get_mut(), request).await;
                    let answer = read_message(&mut client)
                        .await
                        .expect("the answer is whole");
                    assert_eq!((answer.status(), answer.text().as_str()), (200, "same"));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();

    let mut old = first;
    for index in 1..20 {
        let next = stage.instance(index, |_| ok("same"));
        let before = answered.load(Ordering::SeqCst);
        if index % 2 == 0 {
            stage.route(&[&old.backend, &next.backend]);
            old.kill().await;
            stage.route(&[&next.backend]);
        } else {
            stage.route(&[&next.backend]);
            timeout(LIMIT, old.backend.drained())
                .await
                .expect("the old one is drained");
            let served = old.seen().len();
            until("requests go on", || {
                answered.load(Ordering::SeqCst) > before + 10
            })
            .await;
            assert_eq!(
                old.seen().len(),
                served,
                "a drained instance gets no further request"
            );
            old.kill().await;
        }
        old = next;
        let before = answered.load(Ordering::SeqCst);
        until("requests go on", || {
            answered.load(Ordering::SeqCst) > before + 20
        })
        .await;
    }
    stop.store(1, Ordering::SeqCst);
    for client in clients {
        timeout(LIMIT, client)
            .await
            .expect("clients end")
            .expect("no request failed");
    }
}

#[tokio::test]
async fn closing_lets_a_running_request_end() {
    let mut stage = Stage::with(IngressConfig {
        closing: Duration::from_secs(15),
        ..IngressConfig::default()
    })
    .await;
    let (hand_over, taken) = oneshot::channel();
    let hand_over = std::sync::Mutex::new(Some(hand_over));
    let instance = stage.instance(0, move |_| {
        let hand_over = hand_over.lock().expect("no panic while locked").take();
        Act::Take(Box::new(|stream| {
            let _ = hand_over.expect("one request").send(stream);
        }))
    });
    stage.route(&[&instance.backend]);
    let idle = stage.connect().await;
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");

    let closing = tokio::spawn(async move {
        stage.close().await;
        stage
    });
    send_all(
        &mut stream,
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlast",
    )
    .await;
    let answer = read_message(&mut client)
        .await
        .expect("the answer is whole");
    assert_eq!(answer.text(), "last");
    timeout(LIMIT, closing)
        .await
        .expect("the ingress ends")
        .expect("it does not panic");
    drop(idle);
}
