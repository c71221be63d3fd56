//! Answers that differ from the standard where nothing is needed: everyone is signed in.

use super::Outcome::SignedIn;
use super::{Row, claims};
use crate::scripted_issuer::{CLIENT, Signed};
use serde_json::json;

/// Name, outcome, and how the issuer differs.
pub(super) const ROWS: &[Row] = &[
    ("as the standard has it", SignedIn, |_| {}),
    ("RS256", SignedIn, |it| it.signed = Signed::Rs256),
    ("a name with a slash", SignedIn, |it| it.slash = true),
    ("several audiences with azp", SignedIn, |it| {
        claims(it, |c| {
            c["aud"] = json!(["project", CLIENT, "other"]);
            c["azp"] = json!(CLIENT);
        });
    }),
    ("one audience in a list", SignedIn, |it| {
        claims(it, |c| c["aud"] = json!([CLIENT]));
    }),
    ("email_verified as a text", SignedIn, |it| {
        claims(it, |c| c["email_verified"] = json!("true"));
    }),
    ("updated_at as a text", SignedIn, |it| {
        claims(it, |c| c["updated_at"] = json!("2026-01-01T00:00:00.000Z"));
    }),
    ("expires_in as a text", SignedIn, |it| {
        it.tokens = |t| t["expires_in"] = json!("300");
    }),
    ("no expires_in, no token_type", SignedIn, |it| {
        it.tokens = |t| {
            t.as_object_mut()
                .expect("an object")
                .retain(|name, _| name == "id_token");
        }
    }),
    ("an unknown token_type", SignedIn, |it| {
        it.tokens = |t| t["token_type"] = json!("pop");
    }),
    ("empty texts in the metadata", SignedIn, |it| {
        it.metadata = |m| {
            for name in [
                "registration_endpoint",
                "service_documentation",
                "op_policy_uri",
                "op_tos_uri",
                "end_session_endpoint",
                "userinfo_endpoint",
            ] {
                m[name] = json!("");
            }
        }
    }),
    ("odd values in the metadata", SignedIn, |it| {
        it.metadata = |m| {
            m["response_types_supported"] = json!("code");
            m["subject_types_supported"] = json!(null);
            m["ui_locales_supported"] = json!("");
            m["claims_parameter_supported"] = json!("true");
            m["id_token_signing_alg_values_supported"] = json!(7);
        }
    }),
    ("the least metadata", SignedIn, |it| {
        it.metadata = |m| {
            m.as_object_mut().expect("an object").retain(|name, _| {
                [
                    "issuer",
                    "authorization_endpoint",
                    "token_endpoint",
                    "jwks_uri",
                ]
                .contains(&name.as_str())
            });
        }
    }),
    ("the secret in the form alone", SignedIn, |it| {
        it.metadata = |m| {
            m["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        }
    }),
    ("odd claims beside", SignedIn, |it| {
        claims(it, |c| {
            c["iat"] = json!("yesterday");
            c["amr"] = json!("pwd");
            c["address"] = json!(7);
            c["picture"] = json!("");
            c["locale"] = json!("");
            c["phone_number"] = json!(null);
            c["acr"] = json!(1);
            c["at_hash"] = json!("x");
            c["auth_time"] = json!("soon");
            c["azp"] = json!(null);
        });
    }),
    ("times with fractions", SignedIn, |it| {
        claims(it, |c| {
            let end = c["exp"].as_f64().expect("a time");
            c["exp"] = json!(end + 0.5);
            c["nbf"] = json!(end - 300.25);
        });
    }),
    ("clocks that differ by half a minute", SignedIn, |it| {
        claims(it, |c| {
            let now = c["iat"].as_i64().expect("a time");
            c["exp"] = json!(now - 30);
            c["nbf"] = json!(now + 30);
        });
    }),
    ("no typ, no kid", SignedIn, |it| {
        it.header = |h| {
            h.as_object_mut()
                .expect("an object")
                .retain(|name, _| name == "alg");
        }
    }),
    ("typ in small letters, unknown fields", SignedIn, |it| {
        it.header = |h| {
            h["typ"] = json!("jwt");
            h["x5t"] = json!("x");
            h["jku"] = json!("https://evil.example");
        }
    }),
    ("keys that cannot be read beside", SignedIn, |it| {
        it.keys = |k| {
            let keys = k["keys"].as_array_mut().expect("a list");
            keys.insert(
                0,
                json!({ "kty": "EC", "kid": "one", "crv": "brainpool", "x": "", "y": "" }),
            );
            keys.insert(0, json!({ "kty": "new" }));
            keys.push(json!(7));
        }
    }),
    ("two keys under one id", SignedIn, |it| {
        it.keys = |k| {
            let keys = k["keys"].as_array_mut().expect("a list");
            let mut other = keys[1].clone();
            other["kid"] = json!("one");
            keys.insert(0, other);
        }
    }),
    ("a key without id", SignedIn, |it| {
        it.keys = |k| {
            k["keys"][0].as_object_mut().expect("a key").remove("kid");
        }
    }),
    ("the address in the profile alone", SignedIn, |it| {
        claims(it, |c| {
            c.as_object_mut()
                .expect("an object")
                .retain(|name, _| !name.starts_with("email"));
        });
    }),
    ("verified in the profile alone", SignedIn, |it| {
        claims(it, |c| {
            c.as_object_mut()
                .expect("an object")
                .remove("email_verified");
        });
    }),
    (
        "a name of 5,000 characters and control characters",
        SignedIn,
        |it| {
            claims(it, |c| {
                c["name"] = json!(format!("A\u{0}\n{}", "a".repeat(3000)));
            });
        },
    ),
    ("a field twice that nobody needs", SignedIn, |it| {
        it.claims_text = |text| text.replacen('{', r#"{"x":1,"x":2,"#, 1);
    }),
];
