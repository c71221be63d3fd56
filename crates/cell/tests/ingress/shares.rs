//! What one client or one app may hold of the ingress while others are served.

use std::time::Duration;

use cell::ingress::{
    config::IngressConfig,
    route::{Route, Unserved},
};
use tokio::{io::AsyncReadExt as _, time::timeout};
use uuid::Uuid;

use crate::stage::{Act, HOST, LIMIT, Stage, ok, read_message, send_all};

/// 16 connections for each address, 32 requests for each app.
fn small() -> IngressConfig {
    IngressConfig {
        max_connections: 64,
        ..IngressConfig::default()
    }
}

#[tokio::test]
async fn hundreds_of_idle_connections_of_one_address_keep_no_other_out() {
    let stage = Stage::with(small()).await;
    let instance = stage.instance(0, |_| ok("served"));
    stage.route(&[&instance.backend]);
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(stage.connect_from(2).await);
    }
    for other in 3..20 {
        let answer = stage.get_from(other).await.expect("it is answered");
        assert_eq!(answer.text(), "served", "127.0.0.{other}");
    }
    let refused = idle[16..].iter_mut().next().expect("more than its share");
    let refused = timeout(LIMIT, read_message(refused))
        .await
        .expect("in time");
    let refused = refused.expect("it is told why");
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (429, "5")
    );
    assert_eq!(refused.header("connection"), "close");

    drop(idle);
    let served = async {
        while !matches!(stage.get_from(2).await, Some(answer) if answer.text() == "served") {}
    };
    timeout(LIMIT, served)
        .await
        .expect("its share is free again");
}

#[tokio::test]
async fn bodies_that_come_too_slowly_are_ended_and_keep_no_other_out() {
    let stage = Stage::with(IngressConfig {
        slow_window: Duration::from_millis(100),
        ..small()
    })
    .await;
    let instance = stage.instance(0, |_| ok("served"));
    stage.route(&[&instance.backend]);
    let mut slow = Vec::new();
    for _ in 0..16 {
        let mut client = stage.connect_from(2).await;
        let head = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 50\r\n\r\nx");
        send_all(client.get_mut(), head).await;
        slow.push(client);
    }
    let answer = stage.get_from(3).await.expect("it is answered");
    assert_eq!(answer.text(), "served");
    for mut client in slow {
        let ended = timeout(LIMIT, read_message(&mut client))
            .await
            .expect("in time");
        let ended = ended.expect("it is told why");
        assert_eq!(ended.status(), 408, "{}", ended.text());
        assert!(ended.text().contains("too slowly"));
    }
    timeout(LIMIT, instance.backend.drained())
        .await
        .expect("the app is free again");
}

#[tokio::test]
async fn an_answer_that_is_taken_too_slowly_is_ended() {
    let stage = Stage::with(IngressConfig {
        slow_window: Duration::from_millis(200),
        slow_least: usize::MAX,
        ..IngressConfig::default()
    })
    .await;
    let instance = stage.instance(0, |_| ok(&"x".repeat(64 << 20)));
    stage.route(&[&instance.backend]);
    let mut client = stage.connect().await;
    send_all(
        client.get_mut(),
        format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
    )
    .await;
    // Something is taken again and again, but never enough.
    let mut piece = vec![0; 64 << 10];
    let taking = async {
        while instance.backend.in_flight() > 0 || instance.seen().is_empty() {
            let _ = timeout(Duration::from_millis(20), client.read(&mut piece[..1])).await;
        }
    };
    timeout(LIMIT, taking).await.expect("it is given up");
}

#[tokio::test]
async fn one_app_does_not_hold_the_whole_ingress() {
    let stage = Stage::with(IngressConfig {
        max_connections: 8,
        max_per_address: 2,
        ..IngressConfig::default()
    })
    .await;
    let busy = stage.instance(0, |_| Act::Take(Box::new(std::mem::forget)));
    let other = stage.instance(1, |_| ok("other"));
    stage.route(&[&busy.backend]);
    stage.table.set(
        Uuid::new_v4(),
        Route {
            title: "Other".to_owned(),
            hosts: vec!["other.apps.localhost".to_owned()],
            backends: vec![other.backend.clone()],
            debugger: None,
            state: Unserved::Unknown,
        },
    );
    let mut held = Vec::new();
    for last in [2, 2, 3, 3] {
        let mut client = stage.connect_from(last).await;
        send_all(
            client.get_mut(),
            format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        held.push(client);
    }
    crate::stage::until("all four are in flight", || busy.backend.in_flight() == 4).await;
    let refused = stage.get_from(4).await.expect("it is told why");
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (503, "5")
    );
    assert!(
        refused.text().contains("too many requests"),
        "{}",
        refused.text()
    );
    let served = stage
        .send("GET / HTTP/1.1\r\nhost: other.apps.localhost\r\n\r\n")
        .await;
    assert_eq!(served.text(), "other");
}

#[tokio::test]
async fn requests_that_wait_for_an_app_count_as_its_own() {
    let stage = Stage::with(IngressConfig {
        patience: LIMIT,
        max_connections: 8,
        max_per_address: 4,
        ..IngressConfig::default()
    })
    .await;
    let gone = stage.absent(0);
    stage.route(&[&gone]);
    let mut waiting = Vec::new();
    for last in [2, 2, 3, 3] {
        let mut client = stage.connect_from(last).await;
        send_all(
            client.get_mut(),
            format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
        )
        .await;
        waiting.push(client);
    }
    let refused = async {
        loop {
            let mut client = stage.connect_from(4).await;
            send_all(
                client.get_mut(),
                format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n\r\n"),
            )
            .await;
            let answer = timeout(Duration::from_millis(200), read_message(&mut client)).await;
            if let Ok(Some(answer)) = answer {
                return answer.status();
            }
        }
    };
    assert_eq!(timeout(LIMIT / 2, refused).await.expect("it is told"), 503);
}

#[tokio::test]
async fn when_all_places_are_taken_it_is_said() {
    let stage = Stage::with(IngressConfig {
        max_connections: 4,
        ..IngressConfig::default()
    })
    .await;
    let instance = stage.instance(0, |_| ok("served"));
    stage.route(&[&instance.backend]);
    let mut held = Vec::new();
    for last in 2..6 {
        held.push(stage.connect_from(last).await);
    }
    let refused = stage.get_from(9).await.expect("it is told why");
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (503, "5")
    );
    assert!(instance.seen().is_empty());
    drop(held);
    let served = async { while stage.get_from(9).await.is_none_or(|it| it.status() != 200) {} };
    timeout(LIMIT, served).await.expect("there is room again");
}
