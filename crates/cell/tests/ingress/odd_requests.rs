//! Requests as odd clients send them: passed on to the byte, or refused in words.

use tokio::time::timeout;

use crate::stage::{HOST, LIMIT, Stage, ok, read_head, read_message, send_all};

#[tokio::test]
async fn a_target_is_passed_on_to_the_byte_or_refused_in_words() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok("seen"));
    stage.route(&[&instance.backend]);
    for (target, passes) in [
        ("/a?filter={a:[1|2]}", true),
        ("/a?path=C:\\temp", true),
        ("/a?q=^`", true),
        ("/a?a[]=1&a[]=2", true),
        ("/a?q=100%&r=%zz", true),
        ("/a?p=..%2f..%2fetc", true),
        ("/a?", true),
        ("/a?a=b?c=d", true),
        ("/a;v=1?a=1;b=2", true),
        ("/a?a=1+2%2B3", true),
        ("/a//b/./../c", true),
        ("/a%2fb/%61", true),
        ("/{a}", true),
        ("/a?q=\"b\"", false),
        ("/a?q=<b>", false),
        ("/a\"b\"", true),
        ("/<a>", false),
    ] {
        let answer = stage.get(target).await;
        if passes && answer.status() == 200 {
            let seen = instance.seen().pop().expect("it was asked");
            assert_eq!(seen.first_line, format!("GET {target} HTTP/1.1"));
        } else {
            assert_eq!((answer.status(), passes), (400, false), "{target}");
            assert!(
                answer.text().contains("percent sign"),
                "{target}: {}",
                answer.text()
            );
        }
    }
    let json = format!("GET /a?\"b\" HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n\r\n");
    let answer = stage.send(json).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        answer.text().starts_with("{\"error\":"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn there_is_room_for_the_lines_that_the_ingress_adds() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok("seen"));
    stage.route(&[&instance.backend]);
    for lines in [1, 50, 94, 95, 99, 100, 101, 300] {
        let more = (1..lines).map(|number| format!("x-{number}: v\r\n"));
        let more = more.collect::<Vec<_>>().concat();
        let answer = stage
            .send(format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{more}\r\n"))
            .await;
        if lines <= 94 {
            assert_eq!(answer.status(), 200, "{lines}");
            let seen = instance.seen().pop().expect("it was asked");
            assert_eq!(
                seen.headers.values().map(Vec::len).sum::<usize>(),
                lines + 6
            );
            assert!(lines + 6 <= 100);
        } else {
            assert_eq!(answer.status(), 431, "{lines}");
            assert!(answer.text().contains("94 lines"), "{lines}");
        }
    }
}

#[tokio::test]
async fn doubtful_framing_is_refused_in_words_in_every_form_of_target() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok("seen"));
    stage.route(&[&instance.backend]);
    let absolute = [
        format!("http://{HOST}"),
        format!("http://{HOST}/a"),
        "/a".to_owned(),
        "*".to_owned(),
    ];
    for target in &absolute {
        for framing in [
            "content-length: 6\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ncontent-length: 6",
            "transfer-encoding: chunked, chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: chunked, gzip",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: xchunked",
            "transfer-encoding:",
            "transfer-encoding: chunked;q=1",
            "content-length: 5\r\ncontent-length: 6",
            "content-length: 5, 5",
            "content-length: 0x5",
            "content-length: 5 5",
        ] {
            let sent = format!(
                "POST {target} HTTP/1.1\r\nhost: {HOST}\r\n{framing}\r\n\r\n0\r\n\r\nX\
                 GET /hidden HTTP/1.1\r\nhost: {HOST}\r\n\r\n"
            );
            let (raw, peaceful) = stage.raw(sent).await;
            assert!(
                raw.starts_with("HTTP/1.1 400 ") && peaceful,
                "{target}, {framing}: {raw}"
            );
            assert!(raw.contains("length"), "{framing}: {raw}");
            assert_eq!(raw.matches("HTTP/1.1 ").count(), 1, "{framing}: {raw}");
        }
    }
    assert!(instance.seen().is_empty());
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let stage = Stage::new().await;
    for (sent, status) in [
        ("GET /\r\n\r\n", 400),
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/1.2\r\nhost: a\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\nhost: a\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (
            "PROXY TCP4 192.0.2.1 192.0.2.2 5 6\r\nGET / HTTP/1.1\r\n\r\n",
            400,
        ),
        ("\x16\x03\x01\x00\x05hello", 400),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nx: y\rz\r\n\r\n", 400),
    ] {
        let (raw, peaceful) = stage.raw(sent).await;
        assert!(
            raw.starts_with(&format!("HTTP/1.1 {status} ")) && peaceful,
            "{sent:?}: {raw}"
        );
        assert!(raw.contains("<h1>"), "{sent:?}: {raw}");
    }
}

#[tokio::test]
async fn behind_a_request_that_is_being_answered_a_refusal_waits_for_its_turn() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |request| ok(&format!("first {}", request.text())));
    stage.route(&[&instance.backend]);
    for first in [
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 2\r\n\r\nhi"),
        format!(
            "POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        ),
    ] {
        let (raw, _) = stage
            .raw(format!(
                "{first}GET /?\"x\" HTTP/1.1\r\nhost: {HOST}\r\n\r\n"
            ))
            .await;
        let answers: Vec<&str> = raw.split("HTTP/1.1 ").skip(1).collect();
        assert_eq!(answers.len(), 2, "{raw}");
        assert!(
            answers[0].starts_with("200 ") && answers[1].starts_with("400 "),
            "{raw}"
        );
    }
}

#[tokio::test]
async fn a_refusal_that_the_head_decides_comes_without_100_and_is_heard() {
    let stage = Stage::new().await;
    for (target, host, status) in [("/", "unknown.localhost", 404), ("/", "a b", 400)] {
        let head = format!(
            "PUT {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100000000\r\nexpect: 100-continue\r\n\r\n"
        );
        let mut client = stage.connect().await;
        send_all(client.get_mut(), &head).await;
        let answer = timeout(LIMIT, read_head(&mut client))
            .await
            .expect("in time");
        assert_eq!(answer.expect("a head").status(), status);
        // One that sends all the same, before it reads.
        let mut client = stage.connect().await;
        send_all(client.get_mut(), &head).await;
        for _ in 0..256 {
            send_all(client.get_mut(), vec![b'x'; 32 << 10]).await;
        }
        let answer = timeout(LIMIT, read_message(&mut client))
            .await
            .expect("in time");
        assert_eq!(answer.expect("it is heard").status(), status);
    }
}

const PATH: &str = "/.well-known/router-health";

#[tokio::test]
async fn balancers_can_ask_whether_the_router_is_well() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| ok("the app"));
    stage.route(&[&instance.backend]);
    for request in [
        format!("GET {PATH} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nhost: 192.0.2.1:8080\r\n\r\n"),
        format!("GET {PATH} HTTP/1.1\r\nhost:\r\n\r\n"),
        format!("GET {PATH} HTTP/1.0\r\n\r\n"),
    ] {
        let answer = stage.send(&request).await;
        assert_eq!(
            (answer.status(), answer.text().as_str()),
            (200, "ok\n"),
            "{request}"
        );
    }
    let (head, _) = stage.raw(format!("HEAD {PATH} HTTP/1.0\r\n\r\n")).await;
    assert!(
        head.contains(" 200 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(instance.seen().is_empty());
    assert_eq!(stage.post(PATH, "").await.text(), "the app");
}
