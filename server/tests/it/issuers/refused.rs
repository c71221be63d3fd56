//! Tokens that are not for this sign-in, or say nothing of a person who may enter.

use super::Outcome::{NoAddress, NotVerified, Refused};
use super::{Row, claims};
use crate::scripted_issuer::{CLIENT, Instead, Signed};
use serde_json::json;

/// Name, outcome, and how the issuer differs.
pub(super) const ROWS: &[Row] = &[
    ("another nonce", Refused("nonce"), |it| {
        claims(it, |c| c["nonce"] = json!("other"));
    }),
    ("no nonce", Refused("nonce"), |it| {
        claims(it, |c| c["nonce"] = json!(null));
    }),
    ("another audience", Refused("aud"), |it| {
        claims(it, |c| c["aud"] = json!("other"));
    }),
    ("no audience", Refused("aud"), |it| {
        claims(it, |c| c["aud"] = json!([]));
    }),
    ("an audience that begins so", Refused("aud"), |it| {
        claims(it, |c| c["aud"] = json!(format!("{CLIENT}0")));
    }),
    ("audiences that are no texts", Refused("aud"), |it| {
        claims(it, |c| c["aud"] = json!([CLIENT, 7]));
    }),
    ("another azp", Refused("azp"), |it| {
        claims(it, |c| c["azp"] = json!("other"));
    }),
    ("several audiences without azp", Refused("azp"), |it| {
        claims(it, |c| c["aud"] = json!([CLIENT, "other"]));
    }),
    ("another issuer", Refused("iss"), |it| {
        claims(it, |c| c["iss"] = json!("https://evil.example"));
    }),
    (
        "a slash at the issuer's end that it has not",
        Refused("iss"),
        |it| {
            claims(it, |c| {
                c["iss"] = json!(format!("{}/", c["iss"].as_str().expect("a text")));
            });
        },
    ),
    ("over", Refused("exp"), |it| {
        claims(it, |c| {
            c["exp"] = json!(c["iat"].as_i64().expect("a time") - 120);
        });
    }),
    ("no end", Refused("exp"), |it| {
        claims(it, |c| c["exp"] = json!("never"));
    }),
    ("not yet", Refused("nbf"), |it| {
        claims(it, |c| {
            c["nbf"] = json!(c["iat"].as_i64().expect("a time") + 120);
        });
    }),
    ("no sub", Refused("sub"), |it| {
        claims(it, |c| c["sub"] = json!(null));
    }),
    ("an empty sub", Refused("sub"), |it| {
        claims(it, |c| c["sub"] = json!(""));
    }),
    ("a sub of 300 characters", Refused("sub"), |it| {
        claims(it, |c| c["sub"] = json!("a".repeat(300)));
    }),
    ("a sub with NUL", Refused("sub"), |it| {
        claims(it, |c| c["sub"] = json!("a\u{0}"));
    }),
    ("sub twice", Refused("sub"), |it| {
        it.claims_text = |text| text.replacen('{', r#"{"sub":"4712","#, 1);
    }),
    ("nonce twice", Refused("nonce"), |it| {
        it.claims_text = |text| text.replacen('{', r#"{"nonce":"x","#, 1);
    }),
    ("alg none", Refused("alg"), |it| it.signed = Signed::Not),
    ("alg in other letters", Refused("alg"), |it| {
        it.header = |h| h["alg"] = json!("es256");
    }),
    ("HS256 with the public key", Refused("alg"), |it| {
        it.signed = Signed::WithPublicKey;
    }),
    ("HS256 with the client's secret", Refused("alg"), |it| {
        it.signed = Signed::WithSecret;
    }),
    ("HS256 said to be ES256", Refused("signature"), |it| {
        it.signed = Signed::WithPublicKey;
        it.header = |h| h["alg"] = json!("ES256");
    }),
    ("an unknown key", Refused("signature"), |it| {
        it.signed = Signed::ByAnother;
    }),
    ("an unknown key id", Refused("signature"), |it| {
        it.header = |h| h["kid"] = json!("two");
    }),
    ("a key that is for encryption", Refused("signature"), |it| {
        it.keys = |k| k["keys"][0]["use"] = json!("enc");
    }),
    ("a key inside the token", Refused("signature"), |it| {
        it.signed = Signed::ByAnother;
        it.header = |h| h["jwk"] = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
    }),
    ("no signature", Refused("signature"), |it| {
        it.token = |token| {
            token
                .rsplit_once('.')
                .map(|(signed, _)| format!("{signed}."))
                .expect("a token")
        };
    }),
    ("crit", Refused("crit"), |it| {
        it.header = |h| h["crit"] = json!(["b64"]);
    }),
    ("an empty crit", Refused("crit"), |it| {
        it.header = |h| h["crit"] = json!([]);
    }),
    ("a token in a token", Refused("cty"), |it| {
        it.header = |h| h["cty"] = json!("JWT");
    }),
    ("an access token", Refused("typ"), |it| {
        it.header = |h| h["typ"] = json!("at+jwt");
    }),
    ("an encrypted token", Refused("id_token"), |it| {
        it.token = |token| format!("{token}.x.y");
    }),
    ("no token", Refused("id_token"), |it| {
        it.tokens = |t| t["id_token"] = json!(null);
    }),
    ("a token of 100 KiB", Refused("id_token"), |it| {
        it.token = |token| token + &"a".repeat(100 << 10);
    }),
    ("a token that is none", Refused("id_token"), |it| {
        it.token = |_| "x".to_owned();
    }),
    ("an id token twice", Refused("id_token"), |it| {
        it.instead.insert(
            "/token",
            Instead::Page(
                200,
                "application/json",
                r#"{"id_token":"a","id_token":"b"}"#.to_owned(),
            ),
        );
    }),
    ("not verified", NotVerified, |it| {
        claims(it, |c| c["email_verified"] = json!(false));
    }),
    ("verified in other words", NotVerified, |it| {
        it.profile = |p| p["email_verified"] = json!(1);
        claims(it, |c| c["email_verified"] = json!("yes"));
    }),
    ("no address anywhere", NoAddress, |it| {
        it.profile = |p| p["email"] = json!("");
        claims(it, |c| c["email"] = json!(""));
    }),
    ("the profile of another", NoAddress, |it| {
        it.profile = |p| p["sub"] = json!("4712");
        claims(it, |c| c["email"] = json!(null));
    }),
    ("an address of 5,000 characters", NoAddress, |it| {
        it.profile = |p| p["sub"] = json!("4712");
        claims(it, |c| {
            c["email"] = json!(format!("{}@example.com", "a".repeat(3000)));
        });
    }),
];
