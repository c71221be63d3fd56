//! The whole portal with its built-in provider on a socket of its own, over a fresh database.

use crate::browser::Browser;
use crate::stub_engine::StubEngine;
use control::apps::create;
use control::background::Background;
use control::clock::{Clock, StoppedClock};
use control::config::{Config, Limits, RegionDefaults, Retention};
use control::ctx::Ctx;
use control::live_updates;
use control::objects::Objects;
use control::packages::inspections::Inspections;
use control::people::{self, SeedPerson};
use control::resources::engines::Engines;
use control::secrets::Secrets;
use control::state::State;
use domain::apps_address::AppsAddress;
use domain::ids::PersonId;
use domain::quotas::{Amounts, QuotaKind};
use domain::roles::Role;
use leptos::config::LeptosOptions;
use secrecy::SecretString;
use server::identity;
use server::state::AppState;
use server::web::connections::{self, ConnectionLimits};
use server::web::rate_limit::RateLimits;
use server::web::router::router;
use server::web::session::store::Sessions;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use views::apps::NewApp;

/// Somebody of Northwind, who may do everything there.
pub const ADA: &str = "ada@northwind.example";
/// Somebody of another company.
pub const OLGA: &str = "olga@southwind.example";
/// The password of everyone.
pub const PASSWORD: &str = "correct horse battery staple 9";
/// The secret of the portal as a client of its provider.
pub const CLIENT_SECRET: &str = "a client secret of the tests";
/// Upload limit of the tests, bytes.
pub const PACKAGE_BYTES: u64 = 1 << 20;

/// The portal under test; ends when it is dropped.
pub struct TestApp {
    /// Its address.
    pub url: String,
    /// Its parts.
    pub state: AppState,
    /// Its clock.
    pub clock: Arc<StoppedClock>,
    /// The folder of its packages and buckets.
    pub folder: TempDir,
    server: JoinHandle<()>,
}

impl TestApp {
    /// A portal with a person in each of two companies.
    pub async fn new(pool: PgPool) -> Self {
        Self::with(pool, |_| {}).await
    }

    /// The same, with some of its parts changed.
    pub async fn with(pool: PgPool, change: impl FnOnce(&mut AppState)) -> Self {
        Self::limited(pool, ConnectionLimits::for_files(1024), change).await
    }

    /// The same, with other limits for its connections.
    pub async fn limited(
        pool: PgPool,
        limits: ConnectionLimits,
        change: impl FnOnce(&mut AppState),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(StoppedClock::at(OffsetDateTime::now_utc()));
        let control = Arc::new(control_state(pool, &url, &folder, Arc::clone(&clock)));
        let sessions = Sessions::new(Arc::clone(&control));
        let (login, mxid) = identity::built_in(&control, SecretString::from(CLIENT_SECRET))
            .await
            .expect("a provider");
        let mut state = AppState {
            changes: control::live_updates::channel(),
            control,
            leptos: LeptosOptions::builder()
                .output_name("portal")
                .site_root("site-of-the-tests")
                .site_pkg_dir("pkg")
                .build(),
            sessions,
            login: Arc::new(login),
            limits: Arc::new(RateLimits::default()),
            readiness: Arc::default(),
            trusted_proxies: Arc::default(),
            session_check: Duration::from_millis(50),
            shutdown: CancellationToken::new(),
            mxid,
        };
        change(&mut state);
        let listening = live_updates::task(&state.control.pool, &state.changes, &state.shutdown);
        let tasks = Background::new(Arc::clone(&state.control)).with(listening);
        tokio::spawn(tasks.run(state.shutdown.clone()));
        let serving = connections::serve(
            listener,
            router(state.clone()),
            limits,
            Arc::clone(&state.trusted_proxies),
            state.shutdown.clone(),
        );
        let server = tokio::spawn(serving);
        let app = Self {
            url,
            state,
            clock,
            folder,
            server,
        };
        app.add_person(ADA, "Ada Lindqvist", "Northwind").await;
        app.add_person(OLGA, "Olga Southgate", "Southwind").await;
        app
    }

    /// Adds a customer with an account at the provider.
    pub async fn add_person(&self, email: &str, name: &str, company: &str) {
        let seed = SeedPerson {
            email: email.to_owned(),
            name: name.to_owned(),
            role: Role::Customer,
            company: company.to_owned(),
        };
        people::seed(&self.state.control, &[seed])
            .await
            .expect("a person");
        self.add_account(email, name).await;
    }

    /// Adds an account at the provider that the portal knows nothing of.
    pub async fn add_account(&self, email: &str, name: &str) {
        let password = SecretString::from(PASSWORD);
        mxid::accounts::create(
            &self.state.control.pool,
            email,
            name,
            &password,
            self.clock.now(),
        )
        .await
        .expect("an account");
    }

    /// A browser without a session.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser in which this person has signed in.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        let page = browser.sign_in("/login", email, PASSWORD).await;
        assert_eq!(page.path, "/apps", "{}", page.body);
        browser
    }

    /// Signs in from a page of the portal; the last answer.
    pub async fn sign_in_from(
        &self,
        browser: &Browser,
        page: &str,
        email: &str,
    ) -> crate::browser::Page {
        browser.sign_in(page, email, PASSWORD).await
    }

    /// The id of a person.
    pub async fn person(&self, email: &str) -> PersonId {
        let id: Uuid = sqlx::query_scalar("select id from people where email = $1")
            .bind(email)
            .fetch_one(&self.state.control.pool)
            .await
            .expect("the person");
        PersonId::new(id)
    }

    /// What a person may use.
    pub async fn ctx(&self, email: &str) -> Ctx {
        let person = self.person(email).await;
        people::ctx(&self.state.control, person, "test".to_owned())
            .await
            .expect("no error")
            .expect("an active person")
    }

    /// Makes an app of Ada's with the environment Test; its operation stays queued.
    pub async fn create_app(&self, name: &str, subdomain: &str) -> create::Created {
        let new = NewApp {
            name: name.to_owned(),
            subdomain: subdomain.to_owned(),
            region: "eu-frankfurt".to_owned(),
            plan: "S20".to_owned(),
            generation: "v4".to_owned(),
            environments: vec!["Test".to_owned()],
            extra_environment: String::new(),
            idempotency_key: Uuid::new_v4().to_string(),
        };
        create::create(&self.ctx(ADA).await, new)
            .await
            .expect("an app")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.state.shutdown.cancel();
        self.server.abort();
    }
}

/// A control plane over the folder, of a portal at this address.
pub fn control_state(pool: PgPool, url: &str, folder: &TempDir, clock: Arc<StoppedClock>) -> State {
    State {
        engines: Engines::new(
            Arc::new(StubEngine::default()),
            Box::new(|_| Arc::new(StubEngine::default())),
        ),
        config: Config {
            portal_url: url.to_owned(),
            apps: AppsAddress {
                secure: false,
                domain: "apps.localhost".to_owned(),
                port: 8080,
            },
            limits: Limits {
                package_bytes: PACKAGE_BYTES,
                ..Limits::default()
            },
            retention: Retention::default(),
            quotas: Amounts::usual()
                .with(QuotaKind::Apps, 1000)
                .with(QuotaKind::Environments, 4000)
                .with(QuotaKind::MemoryMib, 4 << 20),
            region_defaults: RegionDefaults {
                postgres: SecretString::from("postgres://nobody@127.0.0.1:1/none"),
                folder: folder.path().join("regions"),
                runtime: "sample".to_owned(),
            },
            regions: BTreeMap::new(),
        },
        clock,
        secrets: Secrets::new(&[7; 32]),
        objects: Objects::in_folder(folder.path().join("objects")).expect("a store"),
        inspections: Inspections::default(),
        pool,
    }
}
