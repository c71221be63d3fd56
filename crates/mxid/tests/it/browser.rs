//! A browser: it keeps its cookies, follows nothing, and says where its forms come from.

use axum::body::Body;
use http::Request;
use serde_json::Value;
use url::Url;

use crate::provider::{
    Answer, CALLBACK, CLIENT, EMAIL, ORIGIN, PASSWORD, TestProvider, form, header, in_query,
    location,
};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A browser at one address.
pub(crate) struct Browser {
    provider: TestProvider,
    pub(crate) address: &'static str,
    /// The session.
    pub(crate) cookie: Option<String>,
    /// What shows that the browser has signed in before.
    pub(crate) device: Option<String>,
}

/// What a client gets for a code.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) id: String,
}

impl Browser {
    pub(crate) fn new(provider: &TestProvider) -> Self {
        Self {
            provider: provider.clone(),
            address: "192.0.2.1",
            cookie: None,
            device: None,
        }
    }

    pub(crate) async fn get(&mut self, address: &str) -> Answer {
        let request = Request::get(address);
        self.send(request, String::new()).await
    }

    /// Sends a form as a page of the provider does.
    pub(crate) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(address)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("x-request-id", "request-7");
        self.send(request, form(fields)).await
    }

    pub(crate) async fn send(
        &mut self,
        mut request: http::request::Builder,
        body: String,
    ) -> Answer {
        for cookie in [&self.cookie, &self.device].into_iter().flatten() {
            request = request.header("cookie", format!("theme=dark; {cookie}"));
        }
        let request = request.body(Body::from(body)).expect("a request");
        let answer = self.provider.send(self.address, request).await;
        for set in answer.headers().get_all("set-cookie") {
            let set = set.to_str().expect("text");
            let pair = set.split(';').next().expect("a pair");
            let kept = (!pair.ends_with('=')).then(|| pair.to_owned());
            if pair.starts_with("__Host-mxid-device=") {
                self.device = kept;
            } else {
                self.cookie = kept;
            }
        }
        answer
    }

    /// Asks for authorization with the usual parameters, some of them changed.
    pub(crate) async fn authorize(&mut self, changes: &[(&str, &str)]) -> Answer {
        self.get(&authorize_path(changes)).await
    }

    /// Goes as far as the sign-in page; its path.
    pub(crate) async fn start_sign_in(&mut self, changes: &[(&str, &str)]) -> String {
        let url = location(&self.authorize(changes).await);
        assert_eq!(url.path(), "/mxid/sign-in");
        format!("{}?{}", url.path(), url.query().expect("a request"))
    }

    pub(crate) async fn type_in(&mut self, path: &str, email: &str, password: &str) -> Answer {
        self.post(path, &[("email", email), ("password", password)])
            .await
    }

    /// Signs in; where the browser is sent.
    pub(crate) async fn sign_in(&mut self, changes: &[(&str, &str)]) -> Url {
        let path = self.start_sign_in(changes).await;
        location(&self.type_in(&path, EMAIL, PASSWORD).await)
    }

    /// Signs in and has the client exchange the code.
    pub(crate) async fn tokens(&mut self) -> Tokens {
        let code = in_query(&self.sign_in(&[]).await, "code").expect("a code");
        let answer = self.provider.token(&exchange(&code)).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let body: Value = serde_json::from_str(answer.body()).expect("JSON");
        let text = |name: &str| body[name].as_str().expect("text").to_owned();
        Tokens {
            access: text("access_token"),
            id: text("id_token"),
        }
    }

    pub(crate) fn with_address(mut self, address: &'static str) -> Self {
        self.address = address;
        self
    }

    /// The same browser, after the provider was started again.
    pub(crate) fn with_provider(mut self, provider: &TestProvider) -> Self {
        self.provider = provider.clone();
        self
    }
}

pub(crate) fn authorize_path(changes: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", "state-1"),
        ("nonce", "nonce-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !changes.iter().any(|(it, _)| it == name));
    let fields: Vec<_> = kept.chain(changes.iter().copied()).collect();
    format!("/mxid/authorize?{}", form(&fields))
}

/// The fields that exchange a code.
pub(crate) fn exchange(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// A form sent from a page of another site.
pub(crate) fn cross_site_post(path: &str) -> http::request::Builder {
    Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .header("origin", ORIGIN)
}

pub(crate) fn is_signed_in(answer: &Answer) -> bool {
    header(answer, "location").contains("code=")
}
