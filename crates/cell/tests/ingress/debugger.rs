//! Requests to the debugger, which are for one instance and no other.

use cell::ingress::{config::IngressConfig, route::Unserved};
use tokio::time::timeout;

use crate::stage::{HOST, LIMIT, Stage, ok, read_message, send_all};

#[tokio::test]
async fn the_debuggers_path_goes_to_its_instance() {
    let stage = Stage::new().await;
    let first = stage.instance(0, |_| ok("first"));
    let second = stage.instance(1, |_| ok("second"));
    stage.route_as(
        &[&first.backend, &second.backend],
        Some(&second.backend),
        Unserved::Unknown,
    );

    for path in ["/debugger", "/debugger/", "/debugger/a?b", "/debugger?x"] {
        for _ in 0..4 {
            assert_eq!(stage.get(path).await.text(), "second", "{path}");
        }
    }
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(stage.get("/debuggers").await.text());
    }
    assert!(
        others.contains(&"first".to_owned()),
        "other paths are shared out: {others:?}"
    );
}

#[tokio::test]
async fn without_its_instance_the_debugger_waits_and_no_other_is_asked() {
    let stage = Stage::with(IngressConfig {
        patience: LIMIT,
        ..IngressConfig::default()
    })
    .await;
    let other = stage.instance(0, |_| ok("other"));
    stage.route(&[&other.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET /debugger/ HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    assert_eq!(stage.get("/").await.text(), "other");
    let chosen = stage.instance(1, |_| ok("chosen"));
    stage.route_as(
        &[&other.backend, &chosen.backend],
        Some(&chosen.backend),
        Unserved::Unknown,
    );
    let answer = timeout(LIMIT, read_message(&mut client))
        .await
        .expect("it comes in time");
    assert_eq!(answer.expect("it is whole").text(), "chosen");

    let hasty = Stage::new().await;
    let other = hasty.instance(0, |_| ok("other"));
    hasty.route(&[&other.backend]);
    let answer = hasty.get("/debugger/").await;
    assert_eq!((answer.status(), answer.header("retry-after")), (503, "5"));
    assert!(answer.text().contains("debugger"), "{}", answer.text());
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn however_its_path_is_written_no_ordinary_instance_is_asked() {
    let stage = Stage::new().await;
    let ordinary = stage.instance(0, |_| ok("ordinary"));
    let chosen = stage.instance(1, |_| ok("chosen"));
    stage.route_as(
        &[&ordinary.backend, &ordinary.backend],
        Some(&chosen.backend),
        Unserved::Unknown,
    );
    for path in [
        "//debugger",
        "/%64ebugger",
        "/./debugger/",
        "/a/..//debugger?x",
        "/debugger;a=b/c",
        "/debugger%2Fc",
    ] {
        assert_eq!(stage.get(path).await.text(), "chosen", "{path}");
        let seen = chosen.seen().pop().expect("it was asked");
        assert_eq!(seen.first_line, format!("GET {path} HTTP/1.1"));
    }
    assert!(ordinary.seen().is_empty());
}
