//! Issuers that do not answer, or are not set up for the portal.

use super::Outcome::{Again, Misfit, NoAddress, Silent};
use super::{HTML, METADATA, Row, claims};
use crate::scripted_issuer::Instead;
use serde_json::json;

/// Name, outcome, and how the issuer differs.
pub(super) const ROWS: &[Row] = &[
    ("tokens: 503", Silent, |it| {
        it.instead
            .insert("/token", Instead::Page(503, "text/html", HTML.to_owned()));
    }),
    ("tokens: a page", Silent, |it| {
        it.instead
            .insert("/token", Instead::Page(200, "text/html", HTML.to_owned()));
    }),
    ("tokens: 400 with a page", Silent, |it| {
        it.instead
            .insert("/token", Instead::Page(400, "text/html", HTML.to_owned()));
    }),
    ("tokens: a redirect", Silent, |it| {
        it.instead.insert("/token", Instead::Redirect);
    }),
    ("tokens: two MiB", Silent, |it| {
        it.instead.insert("/token", Instead::Huge);
    }),
    ("tokens: cut off", Silent, |it| {
        it.instead.insert("/token", Instead::Cut);
    }),
    ("tokens: 429", Silent, |it| {
        it.instead.insert(
            "/token",
            Instead::Page(429, "application/json", "{}".to_owned()),
        );
    }),
    ("a code for another client", Again, |it| {
        it.instead.insert(
            "/token",
            Instead::Page(
                400,
                "application/json",
                r#"{"error":"invalid_grant"}"#.to_owned(),
            ),
        );
    }),
    ("the portal is not its client", Misfit, |it| {
        it.instead.insert(
            "/token",
            Instead::Page(
                401,
                "application/json",
                r#"{"error":"invalid_client"}"#.to_owned(),
            ),
        );
    }),
    ("metadata: 503", Silent, |it| {
        it.instead
            .insert(METADATA, Instead::Page(503, "text/html", HTML.to_owned()));
    }),
    ("metadata: a page", Silent, |it| {
        it.instead
            .insert(METADATA, Instead::Page(200, "text/html", HTML.to_owned()));
    }),
    ("metadata: a redirect", Silent, |it| {
        it.instead.insert(METADATA, Instead::Redirect);
    }),
    ("metadata: two MiB", Silent, |it| {
        it.instead.insert(METADATA, Instead::Huge);
    }),
    ("metadata: of another issuer", Misfit, |it| {
        it.metadata = |m| m["issuer"] = json!("https://evil.example");
    }),
    ("metadata: no place of tokens", Misfit, |it| {
        it.metadata = |m| m["token_endpoint"] = json!("");
    }),
    ("metadata: a script as an address", Misfit, |it| {
        it.metadata = |m| m["authorization_endpoint"] = json!("javascript:alert(1)");
    }),
    ("keys: 500", Silent, |it| {
        it.instead
            .insert("/keys", Instead::Page(500, "text/plain", String::new()));
    }),
    ("keys: a page", Silent, |it| {
        it.instead
            .insert("/keys", Instead::Page(200, "text/html", HTML.to_owned()));
    }),
    ("profile: 503, and no address", NoAddress, |it| {
        it.instead.insert(
            "/userinfo",
            Instead::Page(503, "text/html", HTML.to_owned()),
        );
        claims(it, |c| c["email"] = json!(null));
    }),
];
