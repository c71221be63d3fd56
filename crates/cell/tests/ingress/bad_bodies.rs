//! Bodies of clients that break their own framing.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::stage::{HOST, LIMIT, Stage, send_all};

#[tokio::test]
async fn a_bad_body_of_the_client_is_the_clients_fault() {
    let stage = Stage::new().await;
    let instance = stage.instance(0, |_| crate::stage::ok("taken"));
    stage.route(&[&instance.backend]);
    for body in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "fffffffffffffffff\r\n",
    ] {
        let sent =
            format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let (raw, _) = stage.raw(&sent).await;
        assert!(
            raw.starts_with("HTTP/1.1 400 ") && raw.contains("<h1>The"),
            "{body:?}: {raw}"
        );
    }
    let mut client = stage.connect().await;
    let begun = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 9\r\n\r\nhalf");
    send_all(client.get_mut(), begun).await;
    client.get_mut().shutdown().await.expect("its side ends");
    let mut raw = String::new();
    let _ = timeout(LIMIT, client.read_to_string(&mut raw))
        .await
        .expect("in time");
    assert!(raw.is_empty() || raw.starts_with("HTTP/1.1 400 "), "{raw}");
    assert!(instance.seen().is_empty());
}
