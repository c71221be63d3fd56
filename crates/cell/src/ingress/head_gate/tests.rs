//! What passes the gate, and what does not.

use super::{HeadGate, Next, Refusal};

/// What passes of `sent` when it arrives in pieces of `size` bytes, and why the rest does not.
fn passed(sent: &str, size: usize) -> (String, Option<Refusal>) {
    let mut gate = HeadGate::new(4096);
    let (mut held, mut through) = (Vec::new(), Vec::new());
    for piece in sent.as_bytes().chunks(size) {
        let seen = held.len();
        held.extend_from_slice(piece);
        let go = gate.pass(&held, seen);
        through.extend(held.drain(..go));
    }
    let refusal = gate.take_refusal().map(|(refusal, _)| refusal);
    (String::from_utf8(through).expect("text"), refusal)
}

const BEFORE: [&str; 4] = [
    "",
    "\r\nGET /a HTTP/1.1\r\nhost: a\r\n\r\n",
    "POST /a HTTP/1.1\r\ncontent-length: 41\r\n\r\ntransfer-encoding: x\r\ncontent-length: 3\r\n",
    "POST /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n\
     13;x=y\r\ncontent-length: 3\r\n\r\n2\r\nab\r\n0\r\nContent-Length: 7\r\n\r\n",
];

#[test]
fn what_is_refused_never_passes_whatever_came_before_it_and_however_it_comes() {
    let many = "x: y\r\n".repeat(101);
    let long = format!("x: {}\r\n", "y".repeat(5000));
    for (head, kind) in [
        (
            "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            "TwoFramings",
        ),
        (
            "POST http://a HTTP/1.1\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n",
            "TwoFramings",
        ),
        (
            "POST /b HTTP/1.1\r\ntransfer-encoding: chunked, chunked\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ntransfer-encoding: xchunked\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ncontent-length: +5\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ncontent-length: 5, 5\r\n\r\n",
            "BadFraming",
        ),
        ("POST /b HTTP/1.1\r\ncontent-length: \r\n\r\n", "BadFraming"),
        (
            "POST /b HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "BadFraming",
        ),
        (
            "POST /b HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n",
            "BadFraming",
        ),
        ("GET /b?<a> HTTP/1.1\r\n\r\n", "BadTarget"),
        ("GET /b?\"a\" HTTP/1.1\r\n\r\n", "BadTarget"),
        ("GET /b HTTP/1.1\r\nx : y\r\n\r\n", "BadHead"),
        ("GET /b HTTP/1.1\r\nx: y\r\n z\r\n\r\n", "BadHead"),
        ("GET /b HTTP/1.1\r\nx: a\0b\r\n\r\n", "BadHead"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "BadHead"),
        ("GET /b\r\n\r\n", "BadHead"),
        (&format!("GET /b HTTP/1.1\r\n{many}\r\n"), "HeadTooLarge"),
        (&format!("GET /b HTTP/1.1\r\n{long}\r\n"), "HeadTooLarge"),
    ] {
        for before in BEFORE {
            let sent = format!("{before}{head}GET /hidden HTTP/1.1\r\n\r\n");
            for size in [1, 2, 7, 64, sent.len()] {
                let (through, refusal) = passed(&sent, size);
                let refusal = format!("{:?}", refusal.expect("is refused"));
                assert_eq!(
                    (through.as_str(), refusal.as_str()),
                    (before, kind),
                    "{sent:?} by {size}"
                );
            }
        }
    }
}

#[test]
fn trailers_that_end_a_line_with_a_newline_alone_are_refused() {
    let head = "POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
    let hidden = "GET /hidden HTTP/1.1\r\n\r\n";
    for trailers in ["\n", "a: b\n\r\n", "a: b\r\n\n", "a: b\n\n"] {
        let sent = format!("{head}{trailers}{hidden}");
        for size in [1, 7, sent.len()] {
            let (through, _) = passed(&sent, size);
            assert_eq!(through, head, "{sent:?} by {size}");
        }
    }
}

#[test]
fn what_can_be_understood_passes_unchanged() {
    for target in [
        "/a?x={y|z}&%zz",
        "/caf%C3%A9;v=1",
        "http://a",
        "*",
        "/a?b^`c",
        "/a?b\\c",
    ] {
        for before in BEFORE {
            let sent = format!("{before}GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
            for size in [1, 7, sent.len()] {
                let (through, refusal) = passed(&sent, size);
                assert_eq!(
                    (through, refusal.is_none()),
                    (sent.clone(), true),
                    "{refusal:?}"
                );
            }
        }
    }
}

#[test]
fn behind_an_upgrade_nothing_passes_until_it_is_decided() {
    let asked = b"GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n";
    let frame = b"\x81\x05hello\xff";
    for upgraded in [true, false] {
        let mut gate = HeadGate::new(4096);
        assert_eq!(
            gate.pass(&[&asked[..], &frame[..]].concat(), 0),
            asked.len()
        );
        assert!(gate.is_undecided() && gate.pass(frame, 0) == 0);
        gate.decide(upgraded);
        let go = gate.pass(frame, 0);
        assert_eq!(go == frame.len(), upgraded);
        assert_eq!(gate.next == Next::Anything, upgraded);
    }
}
