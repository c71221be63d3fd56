//! What instances get to see, and the ingress's own answers.

use std::time::Duration;

use cell::ingress::{config::IngressConfig, route::Unserved};
use tokio::{io::AsyncReadExt as _, time::timeout};

use crate::stage::{Act, HOST, LIMIT, Stage, ok, read_message, send_all};

#[tokio::test]
async fn forwarded_headers_are_ours_alone() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok(""));
    stage.route(&[&instance.backend]);
    stage
        .send(format!(
            "GET /a%20b?c=d HTTP/1.1\r\nHost: {HOST}:8080\r\nX-Forwarded-For: 6.6.6.6\r\n\
             X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\
             X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /x\r\nForwarded: for=6.6.6.6\r\n\
             X-Real-IP: 6.6.6.6\r\nSSL-Client-S-DN: CN=root\r\nSSL_Client_Verify: SUCCESS\r\n\
             X-Client-Certificate: evil\r\nConnection: x-forwarded-for, x-private\r\n\
             X-Private: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic eA==\r\n\
             Upgrade: h2c\r\nCookie: a=b\r\n\r\n"
        ))
        .await;
    let seen = instance.seen().pop().expect("the instance was asked");
    assert_eq!(seen.first_line, "GET /a%20b?c=d HTTP/1.1");
    for (name, value) in [
        ("host", "shop.apps.localhost:8080"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "shop.apps.localhost:8080"),
        (
            "forwarded",
            "for=127.0.0.1;host=\"shop.apps.localhost:8080\";proto=http",
        ),
        ("cookie", "a=b"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    assert_eq!(seen.header("x-request-id").len(), 32);
    let names: Vec<_> = seen.headers.keys().map(String::as_str).collect();
    assert_eq!(names.len(), 8, "nothing else came through: {names:?}");
}

#[tokio::test]
async fn a_request_id_from_outside_is_kept() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok(""));
    stage.route(&[&instance.backend]);
    stage
        .send(format!(
            "GET / HTTP/1.1\r\nhost: {HOST}\r\nx-request-id: abc\r\n\r\n"
        ))
        .await;
    assert_eq!(instance.seen()[0].header("x-request-id"), "abc");
}

#[tokio::test]
async fn an_answers_own_headers_arrive_and_its_connections_do_not() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| {
        Act::Answer(
            "HTTP/1.1 404 Gone Fishing\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-own: yes\r\n\
             keep-alive: timeout=5\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: 2\r\n\r\nno"
                .to_owned(),
        )
    });
    stage.route(&[&instance.backend]);
    let answer = stage.get("/").await;
    assert_eq!((answer.status(), answer.text().as_str()), (404, "no"));
    assert_eq!(answer.headers["set-cookie"], ["a=1", "b=2"]);
    assert_eq!(answer.header("x-own"), "yes");
    for name in ["keep-alive", "connection", "x-hop"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn head_and_empty_answers_keep_the_connection_usable() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| match request.first_line.split(' ').next() {
        Some("HEAD") => Act::Answer("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n".to_owned()),
        Some("DELETE") => Act::Answer("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        _ => ok("content"),
    });
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    for _ in 0..3 {
        send_all(
            client.get_mut(),
            format!("HEAD / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        let head = crate::stage::read_head(&mut client).await.expect("a head");
        assert_eq!((head.status(), head.header("content-length")), (200, "7"));
        send_all(
            client.get_mut(),
            format!("DELETE / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        assert_eq!(
            read_message(&mut client).await.expect("whole").status(),
            204
        );
        send_all(
            client.get_mut(),
            format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        assert_eq!(
            read_message(&mut client).await.expect("whole").text(),
            "content"
        );
    }
    assert_eq!(instance.connections(), 1);
}

#[tokio::test]
async fn doubtful_framing_is_refused_or_made_plain() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&request.text()));
    stage.route(&[&instance.backend]);
    for bad in [
        "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "content-length: +3\r\n\r\nabc",
        "content-length: 3, 3\r\n\r\nabc",
        "transfer-encoding: gzip\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding : chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "x: a\r\n folded: b\r\n\r\n",
        "x: a\0b\r\n\r\n",
    ] {
        let answer = stage
            .send(format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n{bad}"))
            .await;
        assert_eq!(answer.status(), 400, "{bad:?}");
    }
    assert!(
        instance.seen().is_empty(),
        "none of them reached the instance"
    );
}

#[tokio::test]
async fn both_framings_at_once_are_refused_and_nothing_hides_behind_them() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&request.text()));
    stage.route(&[&instance.backend]);
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ] {
        let mut client = stage.connect().await;
        send_all(
            client.get_mut(),
            format!(
                "POST / HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n\r\n0\r\n\r\n\
                 GET /hidden HTTP/1.1\r\nhost: {HOST}\r\n\r\n"
            ),
        )
        .await;
        let answer = read_message(&mut client).await.expect("it is answered");
        assert_eq!(answer.status(), 400, "{framing:?}");
        let mut rest = Vec::new();
        let _ = timeout(LIMIT, client.read_to_end(&mut rest))
            .await
            .expect("the connection ends");
        assert!(rest.is_empty(), "nothing after it is answered");
    }
    assert!(
        instance.seen().is_empty(),
        "none of it reached the instance"
    );
    let fine = stage
        .send(format!(
            "POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n\
             1c\r\ncontent-length: 5\r\nin a body\r\n0\r\n\r\n"
        ))
        .await;
    assert_eq!(fine.text(), "content-length: 5\r\nin a body");
}

#[tokio::test]
async fn both_framings_are_refused_behind_the_body_of_another_request_too() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&request.text()));
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!(
            "POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n\
             2\r\nhi\r\n0\r\n\r\n\
             POST /hidden HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\
             content-length: 5\r\n\r\n0\r\n\r\n"
        ),
    )
    .await;
    let first = read_message(&mut client).await.expect("answered");
    assert_eq!((first.status(), first.text().as_str()), (200, "hi"));
    let second = read_message(&mut client).await.expect("answered");
    assert_eq!(second.status(), 400);
    assert!(second.text().contains("states its length twice"));
    assert_eq!(instance.seen().len(), 1, "the second did not reach it");
}

#[tokio::test]
async fn a_request_needs_exactly_one_valid_host() {
    let stage = Stage::new().await;
    for hosts in [
        "",
        "host: a b\r\n",
        "host: a@b\r\n",
        "host:\r\n",
        "host: a\r\nhost: b\r\n",
    ] {
        let answer = stage.send(format!("GET / HTTP/1.1\r\n{hosts}\r\n")).await;
        assert_eq!(answer.status(), 400, "{hosts:?}");
    }
    assert_eq!(
        stage
            .send("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n")
            .await
            .status(),
        405
    );
    let trace = format!("TRACE / HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    assert_eq!(stage.send(trace).await.status(), 405);
}

#[tokio::test]
async fn pages_say_what_is_the_matter_and_run_nothing() {
    let stage = Stage::new().await;
    let unknown = stage.get("/").await;
    assert_eq!(unknown.status(), 404);
    for (state, word) in [
        (Unserved::NeverDeployed, "empty"),
        (Unserved::Stopped, "stopped"),
        (Unserved::Starting, "starting"),
        (Unserved::Crashed, "crashed"),
        (Unserved::Unknown, "cannot be reached"),
    ] {
        stage.route_as(&[], None, state);
        let page = stage.get("/").await;
        assert_eq!(page.status(), 503, "{word}");
        assert!(page.header("retry-after").parse::<u16>().is_ok(), "{word}");
        assert!(
            page.text().contains("<h1>Shop &lt;Test&gt;"),
            "{word}: the title is escaped"
        );
        assert!(page.text().contains(word), "{word}");
        assert!(!page.text().contains("<script"), "{word}");
        let policy = page.header("content-security-policy");
        let nonce = policy
            .split('\'')
            .find_map(|part| part.strip_prefix("nonce-"));
        let style = format!(
            "<style nonce=\"{}\">",
            nonce.expect("the style has a nonce")
        );
        assert!(policy.starts_with("default-src 'none';") && page.text().contains(&style));
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
    let json = stage
        .send(format!(
            "GET / HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n\r\n"
        ))
        .await;
    assert_eq!(json.header("content-type"), "application/json");
    let value: serde_json::Value = serde_json::from_slice(&json.body).expect("it is JSON");
    assert!(
        value["error"]
            .as_str()
            .is_some_and(|it| it.starts_with("Shop <Test> cannot"))
    );
}

#[tokio::test]
async fn slow_and_oversized_heads_are_cut_off() {
    let stage = Stage::with(IngressConfig {
        header_timeout: Duration::from_millis(100),
        max_header_bytes: 8 * 1024,
        ..IngressConfig::default()
    })
    .await;
    let mut slow = stage.connect().await;
    send_all(
        slow.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\nx: "),
    )
    .await;
    let mut rest = Vec::new();
    let ended = timeout(LIMIT, slow.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is closed");
    assert!(!rest.starts_with(b"HTTP/1.1 2"));

    let long = "x".repeat(16 * 1024);
    let answer = stage
        .send(format!(
            "GET / HTTP/1.1\r\nhost: {HOST}\r\nx: {long}\r\n\r\n"
        ))
        .await;
    assert_eq!(answer.status(), 431);
}
