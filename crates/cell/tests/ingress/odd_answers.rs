//! An app that answers oddly: what reaches the client is whole, or says that it is not.

use tokio::time::timeout;

use crate::stage::{Act, HOST, LIMIT, Message, Stage, read_head, read_message};

/// What the client gets.
enum Gets {
    /// The app's answer, whole, with this status and body.
    Whole(u16, &'static str),
    /// The ingress's own page, whole.
    Page(u16),
    /// The beginning of something that is visibly not whole.
    Cut,
}
use Gets::{Cut, Page, Whole};

const ODD: &[(&str, &str, Gets)] = &[
    (
        "coding and length",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n9\r\nnine here\r\n0\r\n\r\n",
        Whole(200, "nine here"),
    ),
    (
        "length and coding",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n9\r\nnine here\r\n0\r\n\r\n",
        Whole(200, "nine here"),
    ),
    (
        "length too large beside a coding",
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Whole(200, "ok"),
    ),
    (
        "two equal lengths",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok"),
    ),
    (
        "two different lengths",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
        Page(502),
    ),
    (
        "a list of lengths",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok!",
        Page(502),
    ),
    (
        "a length that is no number",
        "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok",
        Page(502),
    ),
    (
        "a negative length",
        "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
        Page(502),
    ),
    (
        "a length with a sign",
        "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
        Page(502),
    ),
    (
        "a length beyond all numbers",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
        Page(502),
    ),
    (
        "chunks without an end",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        Cut,
    ),
    (
        "chunks without an end beside a length",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n",
        Cut,
    ),
    (
        "half a chunk",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok",
        Cut,
    ),
    (
        "a chunk size that is no number",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "an empty chunk size",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "a negative chunk size",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "a chunk size beyond all numbers",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "a bad chunk size after a good chunk",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\nok\r\n0\r\n\r\n",
        Cut,
    ),
    (
        "no chunk at all",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        Page(502),
    ),
    (
        "chunks and trailers",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
        Whole(200, "ok"),
    ),
    (
        "a coding that nobody asked for",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "a coding without chunks",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        Page(502),
    ),
    (
        "chunked twice",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "chunked in two lines",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "identity",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nok",
        Page(502),
    ),
    (
        "chunks in HTTP/1.0",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Page(502),
    ),
    (
        "an unasked upgrade",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        Page(502),
    ),
    (
        "an unasked bare 101",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        Page(502),
    ),
    (
        "shorter than its length",
        "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf",
        Page(502),
    ),
    (
        "nothing of its length",
        "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n",
        Page(502),
    ),
    (
        "longer than its length",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
        Whole(200, "ok"),
    ),
    (
        "until the end",
        "HTTP/1.1 200 OK\r\n\r\nto the end",
        Whole(200, "to the end"),
    ),
    (
        "HTTP/1.0",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok"),
    ),
    (
        "HTTP/1.0 until the end",
        "HTTP/1.0 200 OK\r\n\r\nto the end",
        Whole(200, "to the end"),
    ),
    (
        "hints before it",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok"),
    ),
    (
        "an unasked 100 before it",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok"),
    ),
    ("only hints", "HTTP/1.1 103 Early Hints\r\n\r\n", Page(502)),
    ("nothing", "", Page(502)),
    ("an empty line", "\r\n", Page(502)),
    ("half a head", "HTTP/1.1 200 OK\r\ncontent-", Page(502)),
    ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", Page(502)),
    (
        "a body without a head",
        "<html>hello</html>\r\n\r\n",
        Page(502),
    ),
    ("HTTP/2", "HTTP/2 200\r\n\r\n", Page(502)),
    (
        "HTTP/9.9",
        "HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Page(502),
    ),
    (
        "a status of two digits",
        "HTTP/1.1 20 OK\r\n\r\n",
        Page(502),
    ),
    (
        "a status of four digits",
        "HTTP/1.1 2000 OK\r\n\r\n",
        Page(502),
    ),
    (
        "a status that is no number",
        "HTTP/1.1 OK\r\n\r\n",
        Page(502),
    ),
    (
        "a status that nobody knows",
        "HTTP/1.1 299 Fine\r\ncontent-length: 2\r\n\r\nok",
        Whole(299, "ok"),
    ),
    (
        "no words for the status",
        "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
        Whole(200, "ok"),
    ),
    (
        "a header without a colon",
        "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        Page(502),
    ),
    (
        "a header without a name",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        Page(502),
    ),
    (
        "a space before a colon",
        "HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok",
        Page(502),
    ),
    (
        "a folded header",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
        Page(502),
    ),
    (
        "a zero byte in a header",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok",
        Page(502),
    ),
    (
        "a bare carriage return",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok",
        Page(502),
    ),
    (
        "no body where none may be",
        "HTTP/1.1 204 No Content\r\n\r\n",
        Whole(204, ""),
    ),
    (
        "a body where none may be",
        "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok",
        Whole(204, ""),
    ),
    (
        "nothing new, with a length",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",
        Whole(304, ""),
    ),
    (
        "an empty answer",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        Whole(200, ""),
    ),
    (
        "an error of its own",
        "HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno",
        Whole(500, "no"),
    ),
];

/// What came over the wire, read as a strict client reads it; none when it is not whole.
async fn whole(raw: &str, no_body: bool) -> Option<Message> {
    let mut bytes = raw.as_bytes();
    if no_body {
        return read_head(&mut bytes).await;
    }
    let head = read_head(&mut bytes).await?;
    let lengths = ["content-length", "transfer-encoding"].map(|it| head.headers.contains_key(it));
    assert_ne!(lengths, [true, true], "one statement of the length: {raw}");
    read_message(&mut raw.as_bytes()).await
}

#[tokio::test]
async fn each_odd_answer_is_whole_or_visibly_not() {
    for (name, answer, gets) in ODD {
        for request in ["GET", "POST"] {
            let stage = Stage::new().await;
            let instance = stage.instance(0, |_| Act::Break((*answer).to_owned()));
            stage.route(&[&instance.backend]);
            let length = if request == "POST" {
                "content-length: 0\r\n"
            } else {
                ""
            };
            let sent = format!(
                "{request} / HTTP/1.1\r\nhost: {HOST}\r\n{length}connection: close\r\n\r\n"
            );
            let (raw, _) = stage.raw(sent).await;
            let bodiless = raw.starts_with("HTTP/1.1 204") || raw.starts_with("HTTP/1.1 304");
            let got = whole(&raw, bodiless).await;
            let context = format!("{name}, {request}: {raw}");
            match gets {
                Whole(status, body) => {
                    let got = got.expect(&context);
                    assert_eq!(
                        (got.status(), got.text().as_str()),
                        (*status, *body),
                        "{context}"
                    );
                }
                Page(status) => {
                    let got = got.expect(&context);
                    assert_eq!(got.status(), *status, "{context}");
                    assert!(got.text().contains("<h1>The app"), "{context}");
                }
                Cut => assert!(got.is_none(), "{context}"),
            }
            let timely = timeout(LIMIT, instance.backend.drained()).await;
            timely.expect("nothing is counted any more");
        }
    }
}

#[tokio::test]
async fn to_a_client_of_http_1_0_a_cut_answer_is_a_broken_connection() {
    let stage = Stage::new().await;
    let cut = stage.instance(0, |_| {
        Act::Break("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n".to_owned())
    });
    stage.route(&[&cut.backend]);
    let request = format!("GET / HTTP/1.0\r\nhost: {HOST}\r\n\r\n");
    let (raw, peaceful) = stage.raw(&request).await;
    assert!(!peaceful, "{raw}");
    let fine = stage.instance(1, |_| {
        Act::Break(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(),
        )
    });
    stage.route(&[&fine.backend]);
    let (raw, peaceful) = stage.raw(&request).await;
    assert!(
        peaceful && raw.ends_with("\r\n\r\nok") && !raw.contains("chunked"),
        "{raw}"
    );
}
