//! An issuer over real HTTP that answers as a test says: as the standard has it, but for what is changed.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreHmacKey, CoreJsonCurveType, CoreJsonWebKey, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{JsonWebKeyId, PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// The portal's client there; the secret has what has to be encoded.
pub const CLIENT: &str = "portal:1";
/// Its secret.
pub const SECRET: &str = "a secret: 100% +&=";
const RSA: &str = include_str!("../../../crates/mxid/tests/it/rsa-key-of-the-tests.pem");

/// Changes an answer.
pub type Edit = fn(&mut Value);

/// How the id token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Es256,
    Rs256,
    /// With a key that is not published.
    ByAnother,
    /// HS256 with the published key as the secret.
    WithPublicKey,
    /// HS256 with the client's secret.
    WithSecret,
    /// With nothing.
    Not,
}

/// What is answered in the place of the usual.
#[derive(Debug, Clone)]
pub enum Instead {
    /// Status, type, body.
    Page(u16, &'static str, String),
    /// A redirect to the same place of another name.
    Redirect,
    /// Two MiB.
    Huge,
    /// The connection ends in the middle.
    Cut,
}

/// What the issuer does.
pub struct Script {
    pub metadata: Edit,
    pub keys: Edit,
    pub header: Edit,
    pub claims: Edit,
    pub claims_text: fn(String) -> String,
    pub token: fn(String) -> String,
    pub tokens: Edit,
    pub profile: Edit,
    pub signed: Signed,
    pub instead: BTreeMap<&'static str, Instead>,
    pub slash: bool,
    key: SigningKey,
    /// How often each place was asked.
    pub asked: BTreeMap<String, usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            metadata: |_| {},
            keys: |_| {},
            header: |_| {},
            claims: |_| {},
            claims_text: |text| text,
            token: |text| text,
            tokens: |_| {},
            profile: |_| {},
            signed: Signed::Es256,
            instead: BTreeMap::new(),
            slash: false,
            key: SigningKey::generate(),
            asked: BTreeMap::new(),
        }
    }
}

/// The issuer; ends when it is dropped.
pub struct ScriptedIssuer {
    /// Its address, which has a path.
    pub url: Url,
    /// What it does from now on.
    pub script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl Drop for ScriptedIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Place {
    base: String,
    script: Arc<Mutex<Script>>,
}

impl ScriptedIssuer {
    pub async fn new(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let base = format!("http://{address}/realm");
        let script = Arc::new(Mutex::new(script));
        let place = Place {
            base: base.clone(),
            script: Arc::clone(&script),
        };
        let router = Router::new().fallback(answer).with_state(place);
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serves");
        });
        Self {
            url: Url::parse(&base).expect("an address"),
            script,
            server,
        }
    }

    /// Signs with another key from now on, under the same id.
    pub fn change_key(&self) {
        self.script.lock().expect("no panic").key = SigningKey::generate();
    }

    pub fn asked(&self, place: &str) -> usize {
        let script = self.script.lock().expect("no panic");
        script.asked.get(place).copied().unwrap_or_default()
    }
}

/// What the browser brings back for an address that the portal sends it to: code and state.
pub fn agree(address: &str) -> (String, String) {
    let query: BTreeMap<String, String> = Url::parse(address)
        .expect("an address")
        .query_pairs()
        .into_owned()
        .collect();
    let code = format!("{}.{}", query["nonce"], query["code_challenge"]);
    (code, query["state"].clone())
}

async fn answer(State(place): State<Place>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/realm").to_owned();
    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let body = to_bytes(request.into_body(), 1 << 16)
        .await
        .expect("a body");
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let mut script = place.script.lock().expect("no panic");
    *script.asked.entry(path.clone()).or_default() += 1;
    if let Some(instead) = script.instead.get(path.as_str()) {
        return replaced(instead, &place.base);
    }
    let json = match path.as_str() {
        "/.well-known/openid-configuration" => script.metadata(&place.base),
        "/keys" => script.published(),
        "/token" => {
            let authorization = authorization.and_then(|it| it.to_str().ok().map(str::to_owned));
            match script.exchange(&place.base, &form, authorization.as_deref()) {
                Ok(tokens) => tokens,
                Err(error) => {
                    let body = json!({ "error": error }).to_string();
                    return replaced(&Instead::Page(400, "application/json", body), "");
                }
            }
        }
        "/userinfo" => {
            let mut profile =
                json!({ "sub": "4711", "email": crate::test_app::ADA, "email_verified": true });
            (script.profile)(&mut profile);
            profile
        }
        other => panic!("nothing is asked of {other}"),
    };
    ([(CONTENT_TYPE, "application/json")], json.to_string()).into_response()
}

fn replaced(instead: &Instead, base: &str) -> Response {
    match instead {
        Instead::Page(status, kind, body) => {
            let status = axum::http::StatusCode::from_u16(*status).expect("a status");
            (status, [(CONTENT_TYPE, *kind)], body.clone()).into_response()
        }
        Instead::Redirect => {
            let to = format!("{base}/elsewhere");
            (axum::http::StatusCode::FOUND, [(LOCATION, to)]).into_response()
        }
        Instead::Huge => " ".repeat(2 << 20).into_response(),
        Instead::Cut => {
            let cut = std::io::Error::other("of the test");
            let parts: Vec<Result<&str, std::io::Error>> = vec![Ok("{"), Err(cut)];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
    }
}

impl Script {
    fn metadata(&self, base: &str) -> Value {
        let mut metadata = json!({
            "issuer": if self.slash { format!("{base}/") } else { base.to_owned() },
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/keys"),
            "end_session_endpoint": format!("{base}/end"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        });
        (self.metadata)(&mut metadata);
        metadata
    }

    fn published(&self) -> Value {
        let mut keys = json!({ "keys": [public(&self.key), rsa().as_verification_key()] });
        (self.keys)(&mut keys);
        keys
    }

    fn exchange(
        &self,
        base: &str,
        form: &BTreeMap<String, String>,
        authorization: Option<&str>,
    ) -> Result<Value, &'static str> {
        let in_form = form.get("client_secret").map(String::as_str) == Some(SECRET)
            && form["client_id"] == CLIENT;
        let encoded =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
        let basic = base64::engine::general_purpose::STANDARD.encode(pair);
        if !in_form && authorization != Some(format!("Basic {basic}").as_str()) {
            return Err("invalid_client");
        }
        let (nonce, challenge) = form["code"].split_once('.').ok_or("invalid_grant")?;
        let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
        let fits = PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str() == challenge;
        if form["grant_type"] != "authorization_code" || !fits {
            return Err("invalid_grant");
        }
        let mut tokens = json!({
            "access_token": "an access token",
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(&self.metadata(base)["issuer"], nonce),
        });
        (self.tokens)(&mut tokens);
        Ok(tokens)
    }

    fn id_token(&self, issuer: &Value, nonce: &str) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut claims = json!({
            "iss": issuer, "sub": "4711", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
            "email": crate::test_app::ADA, "email_verified": true, "name": "Ada of the issuer",
        });
        (self.claims)(&mut claims);
        let (name, kid) = match self.signed {
            Signed::Rs256 => ("RS256", "rsa"),
            Signed::WithPublicKey | Signed::WithSecret => ("HS256", "one"),
            Signed::Not => ("none", "one"),
            Signed::Es256 | Signed::ByAnother => ("ES256", "one"),
        };
        let mut header = json!({ "alg": name, "kid": kid, "typ": "JWT" });
        (self.header)(&mut header);
        let encoded = |text: String| URL_SAFE_NO_PAD.encode(text);
        let claims = (self.claims_text)(claims.to_string());
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.signature(signed.as_bytes()));
        (self.token)(format!("{signed}.{signature}"))
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let ecdsa = |key: &SigningKey| {
            let signature: Signature = key.sign(message);
            signature.to_bytes().to_vec()
        };
        let hmac = |secret: Vec<u8>| {
            CoreHmacKey::new(secret).sign(&CoreJwsSigningAlgorithm::HmacSha256, message)
        };
        match self.signed {
            Signed::Es256 => ecdsa(&self.key),
            Signed::ByAnother => ecdsa(&SigningKey::generate()),
            Signed::Rs256 => rsa()
                .sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, message)
                .expect("signs"),
            Signed::WithPublicKey => {
                hmac(public(&self.key).to_string().into_bytes()).expect("signs")
            }
            Signed::WithSecret => hmac(SECRET.as_bytes().to_vec()).expect("signs"),
            Signed::Not => Vec::new(),
        }
    }
}

fn rsa() -> CoreRsaPrivateSigningKey {
    let id = JsonWebKeyId::new("rsa".to_owned());
    CoreRsaPrivateSigningKey::from_pem(RSA, Some(id)).expect("a key")
}

/// The public half of a key.
fn public(key: &SigningKey) -> Value {
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    let id = JsonWebKeyId::new("one".to_owned());
    let key = CoreJsonWebKey::new_ec(x.to_vec(), y.to_vec(), CoreJsonCurveType::P256, Some(id));
    serde_json::to_value(key).expect("JSON")
}
