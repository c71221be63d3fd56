//! Bodies and upgrades that pass while they are being made.

use std::{sync::Mutex, time::Duration};

use cell::ingress::config::IngressConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::oneshot,
    time::timeout,
};

use crate::stage::{Act, HOST, Instance, LIMIT, Stage, ok, read_chunk, read_head, send_all};

/// An instance that hands its first request's connection to the test.
fn handing_over(stage: &Stage) -> (Instance, oneshot::Receiver<UnixStream>) {
    let (hand_over, taken) = oneshot::channel();
    let hand_over = Mutex::new(Some(hand_over));
    let instance = stage.instance(0, move |_| {
        let hand_over = hand_over.lock().expect("no panic while locked").take();
        Act::Take(Box::new(|stream| {
            let _ = hand_over.expect("one request").send(stream);
        }))
    });
    (instance, taken)
}

#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    let stage = Stage::new().await;
    let (instance, taken) = handing_over(&stage);
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET /events HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");
    send_all(
        &mut stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )
    .await;
    let head = timeout(LIMIT, read_head(&mut client))
        .await
        .expect("the head comes before any event");
    assert_eq!(
        head.expect("it is whole").header("content-type"),
        "text/event-stream"
    );

    for number in 0..5 {
        let event = format!("data: {number}\n\n");
        send_all(&mut stream, format!("{:x}\r\n{event}\r\n", event.len())).await;
        let chunk = timeout(LIMIT, read_chunk(&mut client))
            .await
            .expect("it is not held back");
        assert_eq!(chunk, Some(Some(event.into_bytes())));
    }
    assert_eq!(instance.backend.in_flight(), 1);
    send_all(&mut stream, "0\r\n\r\n").await;
    assert_eq!(read_chunk(&mut client).await, Some(None));
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the request has ended");
}

#[tokio::test]
async fn an_upload_reaches_the_instance_while_it_is_sent() {
    let stage = Stage::new().await;
    let socket = stage.socket(0);
    let listener = tokio::net::UnixListener::bind(&socket).expect("a new socket can be bound");
    stage.route(&[&stage.absent(0)]);
    let mut client = stage.connect().await;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n"
    );
    send_all(client.get_mut(), head).await;
    let (mut stream, _) = listener.accept().await.expect("the ingress connects");
    let request = read_head(&mut stream)
        .await
        .expect("the head comes before the body");
    assert_eq!(request.header("content-length"), "10");
    assert_eq!(request.header("expect"), "");
    let carry_on = read_head(&mut client)
        .await
        .expect("the client is asked for the body");
    assert_eq!(carry_on.status(), 100);

    let mut half = [0; 5];
    for part in ["first", "other"] {
        send_all(client.get_mut(), part).await;
        timeout(LIMIT, stream.read_exact(&mut half))
            .await
            .expect("in time")
            .expect("it comes");
        assert_eq!(half, part.as_bytes());
    }
    send_all(
        &mut stream,
        "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(
        read_head(&mut client)
            .await
            .expect("it is answered")
            .status(),
        201
    );
}

#[tokio::test]
async fn a_large_body_passes_both_ways_unchanged() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&request.text()));
    stage.route(&[&instance.backend]);
    let body: String = (0..400_000)
        .map(|number: u32| char::from(b'a' + (number % 26) as u8))
        .collect();
    assert_eq!(stage.post("/", &body).await.text(), body);
}

#[tokio::test]
async fn a_websocket_passes_both_ways_and_counts_as_in_flight() {
    let stage = Stage::new().await;
    let (instance, taken) = handing_over(&stage);
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!(
            "GET /socket HTTP/1.1\r\nhost: {HOST}\r\nconnection: keep-alive, Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-key: a2V5\r\nsec-websocket-version: 13\r\n\r\n"
        ),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");
    let seen = instance.seen().pop().expect("it was asked");
    assert_eq!(
        (seen.header("connection"), seen.header("upgrade")),
        ("upgrade", "websocket")
    );
    assert_eq!(seen.header("sec-websocket-key"), "a2V5");
    send_all(
        &mut stream,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: YWNjZXB0\r\n\r\nhello",
    )
    .await;
    let head = read_head(&mut client)
        .await
        .expect("the agreement is passed on");
    assert_eq!((head.status(), head.header("upgrade")), (101, "websocket"));
    assert_eq!(head.header("sec-websocket-accept"), "YWNjZXB0");

    let mut bytes = [0; 5];
    client
        .read_exact(&mut bytes)
        .await
        .expect("what came with the agreement is not lost");
    assert_eq!(&bytes, b"hello");
    for _ in 0..3 {
        send_all(client.get_mut(), b"\x81\x00\xffab").await;
        stream
            .read_exact(&mut bytes)
            .await
            .expect("bytes go to the instance");
        send_all(&mut stream, bytes).await;
        client
            .read_exact(&mut bytes)
            .await
            .expect("bytes come back");
        assert_eq!(&bytes, b"\x81\x00\xffab");
    }
    assert_eq!(instance.backend.in_flight(), 1);
    client
        .get_mut()
        .shutdown()
        .await
        .expect("the client can close");
    assert_eq!(
        stream.read(&mut bytes).await.expect("the end is passed on"),
        0
    );
    drop(stream);
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the socket is no longer counted");
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place() {
    let stage = Stage::with(IngressConfig {
        max_connections: 1,
        ..IngressConfig::default()
    })
    .await;
    let (instance, taken) = handing_over(&stage);
    stage.route(&[&instance.backend]);
    let mut socket = stage.connect().await;
    send_all(
        socket.get_mut(),
        format!(
            "GET / HTTP/1.1\r\nhost: {HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        ),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");
    send_all(
        &mut stream,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello",
    )
    .await;
    read_head(&mut socket).await.expect("the agreement");
    let mut bytes = [0; 5];
    socket.read_exact(&mut bytes).await.expect("it is joined");

    let other = stage.instance(1, |_| ok("other"));
    stage.route(&[&other.backend]);
    let refused = stage.get("/").await;
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (429, "5")
    );
    // The socket goes on meanwhile.
    for _ in 0..100 {
        send_all(socket.get_mut(), b"there").await;
        stream.read_exact(&mut bytes).await.expect("it passes");
        send_all(&mut stream, b"back!").await;
        socket.read_exact(&mut bytes).await.expect("it passes");
    }
    assert!(other.seen().is_empty());
    drop((socket, stream));
    let served = async { while stage.get("/").await.text() != "other" {} };
    timeout(LIMIT, served).await.expect("its place is free");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let stage = Stage::with(IngressConfig {
        slow_window: Duration::from_millis(100),
        ..IngressConfig::default()
    })
    .await;
    let instance = stage.instance(0, |_| {
        let length = 64 << 20;
        Act::Answer(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}",
            "x".repeat(length)
        ))
    });
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    read_head(&mut client).await.expect("the answer begins");
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the instance is free again");
    drop(client);
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok("no sockets here"));
    stage.route(&[&stage.absent(1), &instance.backend]);
    for _ in 0..3 {
        let answer = stage
            .send(format!(
                "GET / HTTP/1.1\r\nhost: {HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
            ))
            .await;
        assert_eq!(
            (answer.status(), answer.text().as_str()),
            (200, "no sockets here")
        );
    }
}

#[tokio::test]
async fn a_socket_that_both_sides_leave_silent_is_closed() {
    let stage = Stage::with(IngressConfig {
        tunnel_silence: Duration::from_millis(50),
        ..IngressConfig::default()
    })
    .await;
    let (instance, taken) = handing_over(&stage);
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!(
            "GET / HTTP/1.1\r\nhost: {HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        ),
    )
    .await;
    let mut stream = taken.await.expect("the request reaches the instance");
    send_all(
        &mut stream,
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    )
    .await;
    read_head(&mut client).await.expect("the agreement");
    let mut rest = Vec::new();
    let ended = timeout(LIMIT, client.read_to_end(&mut rest)).await;
    ended.expect("it ends").expect("it is closed");
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the instance is free again");
}

#[tokio::test]
async fn an_upgrade_nobody_asked_for_is_a_broken_answer() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| {
        Act::Answer("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n".to_owned())
    });
    stage.route(&[&instance.backend]);
    assert_eq!(stage.get("/").await.status(), 502);
}
