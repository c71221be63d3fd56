//! A provider with one account, one client and a clock that the test moves.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use http_body_util::BodyExt;
use mxid::{Client, Config};
use serde_json::Value;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;
use url::Url;

pub(crate) const ORIGIN: &str = "http://localhost:3000";
pub(crate) const ISSUER: &str = "http://localhost:3000/mxid";
pub(crate) const CALLBACK: &str = "http://localhost:3000/login/callback";
pub(crate) const AFTER_SIGN_OUT: &str = "http://localhost:3000/signed-out";
pub(crate) const CLIENT: &str = "portal";
pub(crate) const SECRET: &str = "the portal's own secret: a+b&c";
pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "a quiet walk at noon";

/// The router under test.
#[derive(Clone)]
pub(crate) struct TestProvider {
    pub(crate) pool: PgPool,
    router: Router,
    offset: Arc<Mutex<Duration>>,
}

/// An answer, read to its end.
pub(crate) type Answer = Response<String>;

impl TestProvider {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let offset = Arc::new(Mutex::new(Duration::ZERO));
        let start = OffsetDateTime::now_utc();
        let clock = {
            let offset = Arc::clone(&offset);
            Arc::new(move || start + *offset.lock().expect("the clock"))
        };
        mxid::accounts::create(&pool, EMAIL, "Ada", &PASSWORD.into(), clock())
            .await
            .expect("an account");
        let provider = mxid::router_with_clock(pool.clone(), config(), clock)
            .await
            .expect("a provider");
        Self {
            pool,
            router: Router::new().nest("/mxid", provider),
            offset,
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.offset.lock().expect("the clock") += time;
    }

    pub(crate) async fn send(&self, address: &str, mut request: Request<Body>) -> Answer {
        let ip: IpAddr = address.parse().expect("an address");
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(ip, 40000)));
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Response::from_parts(parts, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = self.send("192.0.2.1", request).await;
        assert_eq!(answer.status(), 200);
        serde_json::from_str(answer.body()).expect("JSON")
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let request = Request::get("/mxid/userinfo")
            .header("authorization", format!("Bearer {access_token}"))
            .body(Body::empty())
            .expect("a request");
        self.send("192.0.2.1", request).await
    }

    /// Sends a form to the token endpoint, with the client's secret in it.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let client = [("client_id", CLIENT), ("client_secret", SECRET)];
        self.token_as(None, &[&client, fields].concat()).await
    }

    pub(crate) async fn token_as(&self, basic: Option<&str>, fields: &[(&str, &str)]) -> Answer {
        let mut request = Request::post("/mxid/token")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(basic) = basic {
            request = request.header("authorization", format!("Basic {basic}"));
        }
        let request = request.body(Body::from(form(fields))).expect("a request");
        self.send("192.0.2.1", request).await
    }

    pub(crate) async fn events(&self) -> Vec<String> {
        sqlx::query_scalar("select kind from mxid.events order by id")
            .fetch_all(&self.pool)
            .await
            .expect("events")
    }
}

pub(crate) fn config() -> Config {
    let url = |text: &str| Url::parse(text).expect("an address");
    let client = |id: &str, secret: &str, redirect: &str| Client {
        id: id.to_owned(),
        secret: secret.into(),
        redirect_uris: vec![url(redirect)],
        post_logout_redirect_uris: vec![url(AFTER_SIGN_OUT)],
    };
    Config {
        issuer: url(ISSUER),
        clients: vec![
            client(
                "other",
                "the other client's secret",
                "https://other.example/callback",
            ),
            client(CLIENT, SECRET, CALLBACK),
        ],
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}

pub(crate) fn location(answer: &Answer) -> Url {
    assert_eq!(answer.status(), 303, "{}", answer.body());
    Url::parse(header(answer, "location")).expect("an address")
}

pub(crate) fn in_query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(it, _)| it == name)
        .map(|(_, value)| value.into_owned())
}

/// The `error` of a JSON answer.
pub(crate) fn error(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(answer.body()).expect("JSON");
    body["error"].as_str().expect("an error").to_owned()
}
