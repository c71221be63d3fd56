//! Every route and server function, asked by nobody, by who was put out, by strangers and by a viewer.
//!
//! The registered ones are walked, so that a new one fails here until it refuses them or is listed. One file, although a
//! long one: who is asked about what is a single table of people, things and answers.

use crate::browser::{Browser, Page};
use crate::test_app::{ADA, OLGA, TestApp};
use control::people;
use reqwest::{Method, StatusCode};
use server::web::layers::session_guard::only_reads;
use server::web::router::{ROUTES, pages};
use sqlx::PgPool;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Stands in the names of everything of Ada's, and must never reach Olga.
const MARK: &str = "quokka";

/// Somebody of Ada's company who is in no team.
const CARL: &str = "carl@northwind.example";
/// Somebody of Ada's company who may look.
const VERA: &str = "vera@northwind.example";

/// Somebody of Ada's company who looks after the installation.
const IVAN: &str = "ivan@northwind.example";

const PROVIDER: &str = "/mxid";

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

    /// The operator's page and what it asks.
    fn is_of_the_operator(&self) -> bool {
        self.path == "/operator" || self.path.starts_with("/api/fn/app/operator/")
    }

    fn is_of_the_provider(&self) -> bool {
        self.path.starts_with(PROVIDER)
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
            if path == "/events" && browser.cookie(server::web::session::COOKIE).is_some() {
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
    orphan: String,
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
            ("orphan", &self.orphan),
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
    let nobody = app.browser();
    for endpoint in not_public() {
        check_turned_away(&endpoint, &endpoint.ask(&nobody, &things).await);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_was_deactivated_is_refused_everywhere(pool: PgPool) {
    let (app, things) = with_things(pool.clone()).await;
    let ada = app.signed_in(ADA).await;
    let cookie = ada.cookie(server::web::session::COOKIE).expect("a session");
    people::deactivate(&app.state.control, app.person(ADA).await)
        .await
        .expect("deactivated");
    let execute = async |statement: &'static str| {
        sqlx::query(statement)
            .execute(&pool)
            .await
            .expect("is done");
    };
    execute("create table kept as select * from sessions").await;
    for endpoint in not_public() {
        // The first refusal ends the session, which is to hold when each endpoint is asked.
        ada.set_cookie(server::web::session::COOKIE, &cookie);
        execute("insert into sessions select * from kept on conflict do nothing").await;
        check_turned_away(&endpoint, &endpoint.ask(&ada, &things).await);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stranger_learns_nothing_of_another_company(pool: PgPool) {
    let (app, things) = with_things(pool).await;
    learns_nothing(&app, &things, OLGA).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_colleague_outside_the_team_learns_nothing_of_the_app(pool: PgPool) {
    let (app, things) = with_things(pool).await;
    app.add_person(CARL, "Carl Outside", "Northwind").await;
    learns_nothing(&app, &things, CARL).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_viewer_sees_everything_and_changes_nothing(pool: PgPool) {
    let (app, things) = with_things(pool.clone()).await;
    app.add_person(VERA, "Vera Looks", "Northwind").await;
    let joined = sqlx::query(
        "insert into app_members (company_id, app_id, person_id, role, created_at, updated_at) \
         select company_id, id, $1, 'viewer', created_at, created_at from apps",
    );
    let joined = joined.bind(app.person(VERA).await.uuid()).execute(&pool);
    joined.await.expect("is in the team");
    let vera = app.signed_in(VERA).await;
    let unscoped = listed(include_str!("unscoped.txt"));
    for endpoint in not_public() {
        let name = endpoint.name();
        if endpoint.is_of_the_provider()
            || endpoint.is_of_the_operator()
            || unscoped.contains(&name)
        {
            continue;
        }
        let answer = endpoint.ask(&vera, &things).await;
        let changes = endpoint.method == Method::POST && !only_reads(&endpoint.path);
        assert_eq!(
            answer.status == StatusCode::FORBIDDEN,
            changes,
            "{name} answered {}: {}",
            answer.status,
            answer.body
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_operator_s_page_is_an_admin_s_and_nobody_else_s(pool: PgPool) {
    let (app, things) = with_things(pool.clone()).await;
    app.add_person(IVAN, "Ivan Runs", "Northwind").await;
    for (email, role) in [(IVAN, "admin"), (OLGA, "customer_success")] {
        let given = sqlx::query("update people set role = $2 where email = $1");
        let given = given.bind(email).bind(role).execute(&pool).await;
        given.expect("has the role");
    }
    let ivan = app.signed_in(IVAN).await;
    let others = [app.signed_in(ADA).await, app.signed_in(OLGA).await];
    let page = ivan.get("/operator").await.body;
    for part in ["Oakville", "Remove database", "Background tasks", "Engines"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let mut endpoints = not_public();
    endpoints.retain(Endpoint::is_of_the_operator);
    assert_eq!(endpoints.len(), 4, "a page and three functions");
    for endpoint in endpoints {
        for other in &others {
            let refused = endpoint.ask(other, &things).await;
            let said = endpoint.is_function() && refused.body == "\"NotFound\"";
            let name = endpoint.name();
            assert!(
                said || refused.status == StatusCode::NOT_FOUND,
                "{name} answered {}: {}",
                refused.status,
                refused.body
            );
            assert!(!refused.body.contains("Oakville"), "{name}");
        }
        let page = endpoint.ask(&ivan, &things).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
    let linked = |body: String| body.contains("href=\"/operator\"");
    assert!(linked(ivan.get("/apps").await.body));
    for other in &others {
        assert!(!linked(other.get("/apps").await.body));
    }
    let form = [("orphan", things.orphan.as_str())];
    let sent = ivan.send(
        ivan.request(Method::POST, "/api/fn/app/operator/api/remove_orphan")
            .header("accept", crate::browser::PAGE)
            .header("referer", format!("{}/operator", app.url))
            .form(&form),
    );
    let sent = sent.await;
    assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.body);
    let page = ivan.get("/operator").await.body;
    assert!(page.contains("Being removed"), "{page}");
    assert!(page.contains("asked for by Ivan Runs"), "{page}");
}

/// Nobody gets in here, and nothing is told.
fn check_turned_away(endpoint: &Endpoint, answer: &Page) {
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

/// For a signed-in person who must not know of Ada's app, it is as if there were none.
async fn learns_nothing(app: &TestApp, things: &Things, person: &str) {
    let unscoped = listed(include_str!("unscoped.txt"));
    let (ada, stranger) = (app.signed_in(ADA).await, app.signed_in(person).await);
    for endpoint in not_public() {
        let name = endpoint.name();
        let answer = endpoint.ask(&stranger, things).await;
        let body = answer.body.to_lowercase();
        if endpoint.is_of_the_provider() {
            // It knows no session of the portal.
            check_turned_away(&endpoint, &answer);
            continue;
        }
        if unscoped.contains(&name) {
            assert!(
                !body.contains(MARK),
                "{name} tells {person} of the app: {body}"
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
                "{name} tells {person} of the app"
            );
        } else {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
        if endpoint.is_of_the_operator() {
            continue;
        }
        let own = endpoint.ask(&ada, things).await;
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
    let app = TestApp::new(pool.clone()).await;
    let orphan = Uuid::new_v4();
    let kept = sqlx::query(
        "insert into orphans (id, kind, environment_id, place, first_seen_at, last_seen_at) \
         values ($1, 'database', $1, 'Oakville', now(), now())",
    );
    let kept = kept.bind(orphan).execute(&pool).await;
    kept.expect("no row knows of it");
    let created = app.create_app("Quokka Ledger", MARK).await;
    let things = Things {
        operation: created.operation.to_string(),
        package: Uuid::new_v4().to_string(),
        orphan: orphan.to_string(),
    };
    (app, things)
}

fn not_public() -> Vec<Endpoint> {
    let public = listed(include_str!("public.txt"));
    let mut endpoints = endpoints();
    endpoints.retain(|it| !public.contains(&it.name()));
    endpoints
}

fn endpoints() -> Vec<Endpoint> {
    let routes = ROUTES.iter().map(|route| {
        (
            route.method.parse().expect("a method"),
            route.path.to_owned(),
        )
    });
    let of_the_provider = mxid::routes::ROUTES.iter().map(|route| {
        (
            route.method.parse().expect("a method"),
            format!("{PROVIDER}{}", route.path),
        )
    });
    let functions =
        server_fn::axum::server_fn_paths().map(|(path, method)| (method, path.to_owned()));
    let pages = pages()
        .into_iter()
        .map(|page| (Method::GET, page.path().to_owned()));
    let all: Vec<Endpoint> = routes
        .chain(of_the_provider)
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
