//! Every route and server function, asked by nobody and by a stranger.
//!
//! The registered ones are walked, so that a new one fails here until it refuses both or is listed.

use crate::browser::{Browser, Page};
use crate::test_app::{ADA, OLGA, TestApp};
use reqwest::{Method, StatusCode};
use server::router::{ROUTES, pages};
use sqlx::PgPool;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Stands in the names of everything of Ada's, and must never reach Olga.
const MARK: &str = "quokka";

struct Endpoint {
    method: Method,
    path: String,
}

impl Endpoint {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_function(&self) -> bool {
        self.path.starts_with("/api/fn/")
    }

    async fn ask(&self, browser: &Browser, things: &Things) -> Page {
        let path = things.fill_in(&self.path);
        if self.method == Method::GET {
            let accept = if path == "/events" {
                "text/event-stream"
            } else {
                crate::browser::PAGE
            };
            let request = browser.request(Method::GET, &path).header("accept", accept);
            if path == "/events" && browser.cookie(server::session::COOKIE).is_some() {
                return things.open_stream(request).await;
            }
            return browser.send(request).await;
        }
        if path.ends_with("/upload") {
            let part = reqwest::multipart::Part::bytes(b"PK".to_vec()).file_name("x.mda");
            let form = reqwest::multipart::Form::new().part("package", part);
            return browser
                .send(
                    browser
                        .request(Method::POST, &path)
                        .header("accept", "application/json")
                        .multipart(form),
                )
                .await;
        }
        browser.call(&path, &things.arguments()).await
    }
}

/// Ada's things, by their ids.
struct Things {
    operation: String,
    package: String,
}

impl Things {
    fn fill_in(&self, path: &str) -> String {
        let fill = |segment: &str| match segment.trim_matches(['{', '}', ':']) {
            name if !segment.starts_with(['{', ':']) => name.to_owned(),
            "app" => MARK.to_owned(),
            "environment" => "test".to_owned(),
            "package" => self.package.clone(),
            "operation" => self.operation.clone(),
            other => panic!("say what stands for `{other}` in {path}"),
        };
        path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    fn arguments(&self) -> Vec<(&str, &str)> {
        vec![
            ("app", MARK),
            ("environment", "test"),
            ("package", &self.package),
            ("operation", &self.operation),
            ("typed_name", "Quokka"),
            ("instances", "1"),
            ("memory_mib", "1024"),
            ("instance", "0"),
            ("unfinished_only", "false"),
            ("subdomain", "wombat"),
        ]
    }

    /// The head of a stream that does not end by itself.
    async fn open_stream(&self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.send().await.expect("an answer");
        Page {
            status: answer.status(),
            path: "/events".to_owned(),
            headers: answer.headers().clone(),
            body: String::new(),
        }
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn an_anonymous_caller_is_refused_everywhere_but_where_it_is_meant(pool: PgPool) {
    let (app, things) = with_things(pool).await;
    let public = listed(include_str!("public.txt"));
    let nobody = app.browser();
    for endpoint in endpoints().iter().filter(|it| !public.contains(&it.name())) {
        let answer = endpoint.ask(&nobody, &things).await;
        let sent_to_sign_in = answer.status == StatusCode::FOUND
            && answer.location().is_some_and(|it| it.starts_with("/login"));
        assert!(
            answer.status == StatusCode::UNAUTHORIZED || sent_to_sign_in,
            "{} answered {}: {}",
            endpoint.name(),
            answer.status,
            answer.body
        );
        assert!(
            !answer.body.to_lowercase().contains(MARK),
            "{}: {}",
            endpoint.name(),
            answer.body
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stranger_learns_nothing_of_another_company(pool: PgPool) {
    let (app, things) = with_things(pool).await;
    let (public, unscoped) = (
        listed(include_str!("public.txt")),
        listed(include_str!("unscoped.txt")),
    );
    let (ada, olga) = (app.signed_in(ADA).await, app.signed_in(OLGA).await);
    for endpoint in endpoints().iter().filter(|it| !public.contains(&it.name())) {
        let name = endpoint.name();
        let answer = endpoint.ask(&olga, &things).await;
        let body = answer.body.to_lowercase();
        if unscoped.contains(&name) {
            assert!(
                !body.contains(MARK),
                "{name} tells of another company: {body}"
            );
            continue;
        }
        if endpoint.is_function() {
            assert_eq!(
                answer.body, "\"NotFound\"",
                "{name} answered {}",
                answer.status
            );
        } else if endpoint.method == Method::GET && !name.ends_with("/file") {
            // A page has the address in it, and nothing that is behind the address.
            assert!(
                answer.body.contains("no such page or thing"),
                "{name} answered {}: {}",
                answer.status,
                answer.body
            );
            assert!(
                !body.contains("quokka ledger"),
                "{name} tells of another company"
            );
        } else {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
        let own = endpoint.ask(&ada, &things).await;
        let same_refusal = own.status == answer.status && own.body == answer.body;
        let about_a_package = name.contains("package");
        assert!(
            about_a_package || !same_refusal,
            "{name} refuses its own people the same way, so the arguments of this test are wrong: {}",
            own.body
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_lists_name_only_what_exists(pool: PgPool) {
    let _app = TestApp::new(pool).await;
    let names: BTreeSet<String> = endpoints().iter().map(Endpoint::name).collect();
    for list in [include_str!("public.txt"), include_str!("unscoped.txt")] {
        let stale: Vec<_> = listed(list).difference(&names).cloned().collect();
        assert_eq!(stale, Vec::<String>::new());
    }
}

async fn with_things(pool: PgPool) -> (TestApp, Things) {
    let app = TestApp::new(pool).await;
    let created = app.create_app("Quokka Ledger", MARK).await;
    let things = Things {
        operation: created.operation.to_string(),
        package: Uuid::new_v4().to_string(),
    };
    (app, things)
}

fn endpoints() -> Vec<Endpoint> {
    let routes = ROUTES.iter().map(|route| {
        (
            route.method.parse().expect("a method"),
            route.path.to_owned(),
        )
    });
    let functions =
        server_fn::axum::server_fn_paths().map(|(path, method)| (method, path.to_owned()));
    let pages = pages()
        .into_iter()
        .map(|page| (Method::GET, page.path().to_owned()));
    let all: Vec<Endpoint> = routes
        .chain(functions)
        .chain(pages)
        .map(|(method, path)| Endpoint { method, path })
        .collect();
    assert!(
        all.iter().filter(|it| it.is_function()).count() > 10,
        "the server functions are registered"
    );
    all
}

fn listed(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect()
}
