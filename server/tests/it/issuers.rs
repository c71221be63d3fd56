//! Issuers of all kinds: what is not needed never matters, what is needed is exact, and a refusal says what.

mod accepted;
mod refused;
mod silent;

use crate::browser::{Browser, Page};
use crate::scripted_issuer::{
    CLIENT, Edit, Instead, SECRET, Script, ScriptedIssuer, Signed, agree,
};
use crate::test_app::TestApp;
use futures::future::join_all;
use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::json;
use server::routes::login::attempt::Attempt;
use server::routes::login::client::Client;
use server::routes::login::return_to::ReturnTo;
use sqlx::PgPool;
use std::sync::Arc;
use time::OffsetDateTime;

const METADATA: &str = "/.well-known/openid-configuration";
const HTML: &str = "<!doctype html><title>Sorry</title>";

/// How a sign-in ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// At the page that was asked for.
    SignedIn,
    /// Refused, with this claim named.
    Refused(&'static str),
    /// The issuer does not answer.
    Silent,
    /// Portal and issuer are not set up for each other.
    Misfit,
    /// The address is not verified.
    NotVerified,
    /// There is no address.
    NoAddress,
    /// The code was not taken: one new attempt.
    Again,
    /// Something else.
    Other,
}
use Outcome::{Again, Misfit, NoAddress, NotVerified, Refused, SignedIn, Silent};

/// The portal, and the issuer that signs its people in.
struct World {
    app: TestApp,
    issuer: ScriptedIssuer,
}

impl World {
    async fn new(pool: &PgPool, script: Script) -> Self {
        let slash = script.slash;
        let issuer = ScriptedIssuer::new(script).await;
        let mut url = issuer.url.clone();
        if slash {
            url.set_path("/realm/");
        }
        let app = TestApp::with(pool.clone(), |state| {
            let secret = SecretString::from(SECRET);
            let portal = &state.control.config.portal_url;
            let client = Client::new(&url, CLIENT.to_owned(), &secret, portal);
            state.login = Arc::new(client.expect("a client"));
            state.mxid = None;
        })
        .await;
        Self { app, issuer }
    }

    async fn sign_in(&self) -> Page {
        self.sign_in_with(&self.app.browser()).await
    }

    async fn sign_in_with(&self, browser: &Browser) -> Page {
        let begun = browser.get("/login?return_to=/operations").await;
        let Some(address) = begun.location() else {
            return begun;
        };
        let (code, state) = agree(address);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &state)
            .finish();
        browser.get(&format!("/login/callback?{query}")).await
    }
}

fn outcome(page: &Page) -> Outcome {
    let says = |words: &str| page.body.contains(words);
    match page.location() {
        Some("/operations") => return SignedIn,
        Some(to) if to.contains("/authorize?") => return Again,
        _ => {}
    }
    let claims = [
        "signature",
        "id_token",
        "alg",
        "crit",
        "cty",
        "typ",
        "iss",
        "aud",
        "azp",
        "exp",
        "nbf",
        "nonce",
        "sub",
    ];
    let named = claims.into_iter().find(|claim| says(&format!("`{claim}`")));
    match named {
        Some(claim) if page.status == StatusCode::BAD_REQUEST => Refused(claim),
        _ if says("does not answer") => Silent,
        _ if says("not set up for each other") => Misfit,
        _ if says("has not verified") => NotVerified,
        _ if says("did not say your email") => NoAddress,
        _ => Outcome::Other,
    }
}

type Row = (&'static str, Outcome, fn(&mut Script));

async fn check(pool: PgPool, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, expected, change) in rows {
        let mut script = Script::default();
        change(&mut script);
        let world = World::new(&pool, script).await;
        let page = world.sign_in().await;
        let found = outcome(&page);
        if found != *expected {
            let words = page.body.split("<main>").last().unwrap_or_default();
            wrong.push(format!("{name}: {found:?}, not {expected:?}: {words}"));
        }
        let texts = [SECRET, "an access token", "eyJ"];
        assert!(
            !texts.iter().any(|text| page.body.contains(text)),
            "{name} tells"
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

fn claims(script: &mut Script, edit: Edit) {
    script.claims = edit;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_not_needed_never_matters(pool: PgPool) {
    check(pool, accepted::ROWS).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_is_needed_is_exact_and_a_refusal_names_it(pool: PgPool) {
    check(pool, refused::ROWS).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_issuer_that_does_not_answer_is_told_from_one_that_lies(pool: PgPool) {
    check(pool, silent::ROWS).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_known_person_needs_no_profile(pool: PgPool) {
    let world = World::new(&pool, Script::default()).await;
    assert_eq!(outcome(&world.sign_in().await), SignedIn);
    {
        let mut script = world.issuer.script.lock().expect("no panic");
        script.claims = |c| c["email"] = json!(null);
        script.instead.insert("/userinfo", Instead::Cut);
    }
    assert_eq!(outcome(&world.sign_in().await), SignedIn);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_key_under_the_same_id_locks_nobody_out(pool: PgPool) {
    let world = World::new(&pool, Script::default()).await;
    assert_eq!(outcome(&world.sign_in().await), SignedIn);
    world.issuer.change_key();
    assert_eq!(outcome(&world.sign_in().await), SignedIn);
    assert_eq!(world.issuer.asked("/keys"), 2, "read again once");

    let sign = |signed| world.issuer.script.lock().expect("no panic").signed = signed;
    sign(Signed::ByAnother);
    for _ in 0..10 {
        assert_eq!(outcome(&world.sign_in().await), Refused("signature"));
    }
    assert!(
        world.issuer.asked("/keys") <= 5,
        "and not as often as anybody likes"
    );
    sign(Signed::Es256);
    assert_eq!(outcome(&world.sign_in().await), SignedIn);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_issuer_is_asked_once_by_all_who_wait_for_it(pool: PgPool) {
    let mut script = Script::default();
    script.instead.insert(METADATA, Instead::Cut);
    let world = World::new(&pool, script).await;
    let attempt = Attempt::new(ReturnTo::default(), false, OffsetDateTime::now_utc());
    let client = &world.app.state.login;
    let begin = || client.address(&attempt, "state".to_owned(), false);
    let all = join_all((0..8).map(|_| begin())).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(
        world.issuer.asked(METADATA),
        1,
        "nobody waits for the others' failures"
    );
    world
        .issuer
        .script
        .lock()
        .expect("no panic")
        .instead
        .clear();
    let all = join_all((0..8).map(|_| begin())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(world.issuer.asked(METADATA), 2);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn signing_out_leads_to_the_issuer_with_its_token(pool: PgPool) {
    let world = World::new(&pool, Script::default()).await;
    let browser = world.app.browser();
    assert_eq!(outcome(&world.sign_in_with(&browser).await), SignedIn);
    let out = browser.post("/logout", &[]).await;
    let to = out.location().expect("sent to the issuer");
    assert!(to.contains("/realm/end?id_token_hint=eyJ"), "{to}");
    assert!(
        to.contains("&client_id=portal%3A1&post_logout_redirect_uri="),
        "{to}"
    );
}
