//! What apps see behind proxies, and whose word is taken.

use cell::ingress::config::IngressConfig;
use http::uri::Scheme;
use tokio::time::timeout;

use crate::stage::{Act, HOST, LIMIT, Message, Stage, ok, read_message, send_all, until};

async fn behind(proxies: &str, scheme: Scheme) -> Stage {
    Stage::with(IngressConfig {
        trusted_proxies: proxies
            .split(' ')
            .map(|it| it.parse().expect("a network"))
            .collect(),
        scheme,
        ..IngressConfig::default()
    })
    .await
}

async fn seen(stage: &Stage, headers: &str) -> Message {
    let instance = stage.instance(0, |_| ok(""));
    stage.route(&[&instance.backend]);
    stage
        .send(format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{headers}\r\n"))
        .await;
    let seen = instance.seen().pop().expect("the instance was asked");
    instance.kill().await;
    let _ = std::fs::remove_file(stage.socket(0));
    seen
}

#[tokio::test]
async fn a_trusted_proxy_says_where_a_request_comes_from() {
    let stage = behind("127.0.0.1/32 10.0.0.0/8", Scheme::HTTP).await;
    for (headers, client, scheme) in [
        ("", "127.0.0.1", "http"),
        (
            "x-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https\r\n",
            "203.0.113.7",
            "https",
        ),
        (
            "x-forwarded-for: 203.0.113.7:4711\r\nx-forwarded-proto: HTTPS\r\n",
            "203.0.113.7",
            "https",
        ),
        // Through two proxies, with something that the client has made up before.
        (
            "x-forwarded-for: 6.6.6.6, 203.0.113.7, 10.1.2.3\r\nx-forwarded-proto: https\r\n",
            "203.0.113.7",
            "https",
        ),
        (
            "x-forwarded-for: 6.6.6.6, 203.0.113.7\r\nx-forwarded-for: 10.1.2.3\r\n",
            "203.0.113.7",
            "http",
        ),
        (
            "x-forwarded-for: 203.0.113.7, 10.1.2.3\r\nx-forwarded-proto: http, https, http\r\n",
            "203.0.113.7",
            "https",
        ),
        (
            "x-forwarded-for: 203.0.113.7\r\nx-forwarded-proto: https, http\r\n",
            "203.0.113.7",
            "http",
        ),
        (
            "x-forwarded-for: nobody\r\nx-forwarded-proto: gopher\r\n",
            "127.0.0.1",
            "http",
        ),
        ("x-forwarded-for: 2001:db8::7\r\n", "2001:db8::7", "http"),
    ] {
        let seen = seen(&stage, headers).await;
        let all = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto"].map(|it| seen.header(it));
        assert_eq!(all, [client, client, scheme], "{headers:?}");
        let name = if client.contains(':') {
            format!("\"[{client}]\"")
        } else {
            client.to_owned()
        };
        let forwarded = format!("for={name};host=\"{HOST}\";proto={scheme}");
        assert_eq!(seen.header("forwarded"), forwarded, "{headers:?}");
    }
}

#[tokio::test]
async fn the_public_scheme_counts_where_the_proxy_says_none() {
    let stage = behind("127.0.0.0/8", Scheme::HTTPS).await;
    let told = seen(&stage, "x-forwarded-for: 203.0.113.7\r\n").await;
    assert_eq!(told.header("x-forwarded-proto"), "https");
    let told = seen(&stage, "x-forwarded-proto: http\r\n").await;
    assert_eq!(told.header("x-forwarded-proto"), "http");
    // Somebody else is asked directly, whatever the public address is.
    let stage = behind("10.0.0.0/8", Scheme::HTTPS).await;
    let told = seen(
        &stage,
        "x-forwarded-for: 6.6.6.6\r\nx-forwarded-proto: https\r\n",
    )
    .await;
    assert_eq!(told.header("x-forwarded-proto"), "http");
    assert_eq!(told.header("x-forwarded-for"), "127.0.0.1");
}

#[tokio::test]
async fn requests_through_a_proxy_count_for_their_client() {
    let stage = Stage::with(IngressConfig {
        max_per_address: 2,
        trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")],
        ..IngressConfig::default()
    })
    .await;
    let instance = stage.instance(0, |request| {
        if request.first_line.contains("slow") {
            Act::Take(Box::new(std::mem::forget))
        } else {
            ok("served")
        }
    });
    stage.route(&[&instance.backend]);
    let ask = |path: &str, client: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\nx-forwarded-for: {client}\r\n\r\n")
    };
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = stage.connect().await;
        send_all(client.get_mut(), ask("/slow", "203.0.113.7")).await;
        held.push(client);
    }
    until("both are in flight", || instance.backend.in_flight() == 2).await;
    for _ in 0..5 {
        let refused = stage.send(ask("/", "203.0.113.7")).await;
        assert_eq!(
            (refused.status(), refused.header("retry-after")),
            (429, "5")
        );
        assert_eq!(stage.send(ask("/", "203.0.113.8")).await.text(), "served");
    }
    // The proxy's connection goes on after a refusal.
    let mut proxy = stage.connect().await;
    for (client, status) in [("203.0.113.7", 429), ("203.0.113.8", 200)] {
        send_all(proxy.get_mut(), ask("/", client)).await;
        let answer = timeout(LIMIT, read_message(&mut proxy))
            .await
            .expect("in time");
        assert_eq!(answer.expect("whole").status(), status);
    }
}
