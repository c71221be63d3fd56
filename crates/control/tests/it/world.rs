//! A control plane of its own for each test: a fresh database, folders, an engine in memory.

use control::clock::SystemClock;
use control::config::{Config, Limits, RegionDefaults, Retention};
use control::ctx::Ctx;
use control::environments::desired_change::deploy;
use control::objects::Objects;
use control::objects::settings::Bucket;
use control::packages::inspections::Inspections;
use control::people::{SeedPerson, SignIn};
use control::resources::engines::Engines;
use control::secrets::Secrets;
use control::state::State;
use domain::apps_address::AppsAddress;
use domain::ids::{EnvironmentId, PackageId};
use domain::names::Subdomain;
use domain::quotas::{Amounts, QuotaKind};
use domain::roles::Role;
use engine::Engine;
use engine::memory::MemoryEngine;
use futures::stream;
use saga::fault::{Fault, Faults, Point};
use secrecy::SecretString;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use views::apps::NewApp;

/// What the portal wrote down of an environment, which no page shows.
#[derive(sqlx::FromRow)]
pub struct EnvironmentRow {
    pub package_id: Option<Uuid>,
    pub live_package_id: Option<Uuid>,
    pub revision: i64,
}

pub struct World {
    pub state: Arc<State>,
    /// The engine of regions that name none.
    pub engine: Arc<MemoryEngine>,
    /// The engine at any address.
    pub second: Arc<MemoryEngine>,
    pub folder: tempfile::TempDir,
}

fn in_folder(folder: &Path) -> control::error::Result<Objects> {
    Objects::in_folder(folder.join("objects"))
}

fn config(folder: &Path, server: SecretString) -> Config {
    Config {
        portal_url: "http://localhost:3000".to_owned(),
        apps: AppsAddress {
            secure: false,
            domain: "apps.localhost".to_owned(),
            port: 8080,
        },
        limits: Limits {
            package_bytes: 1 << 20,
            // Some make dozens of apps on a small server.
            database_connections: Some(1_000_000),
            ..Limits::default()
        },
        quotas: Amounts::usual()
            .with(QuotaKind::Apps, 1000)
            .with(QuotaKind::Environments, 4000)
            .with(QuotaKind::MemoryMib, 4 << 20),
        retention: Retention::default(),
        region_defaults: RegionDefaults {
            postgres: server,
            folder: folder.join("regions"),
            runtime: "sample".to_owned(),
        },
        regions: BTreeMap::new(),
    }
}

impl World {
    pub fn new(pool: PgPool) -> Self {
        Self::with_server(pool, server())
    }

    /// Its regions have their databases on this server.
    pub fn with_server(pool: PgPool, server: SecretString) -> Self {
        Self::with(pool, server, in_folder, |engine| engine)
    }

    /// It keeps its files in this bucket.
    pub fn with_bucket(pool: PgPool, bucket: &Bucket) -> Self {
        let in_bucket = |folder: &Path| {
            Objects::in_bucket(bucket, &folder.join("objects"), folder.join("copies"))
        };
        Self::with(pool, server(), in_bucket, |engine| engine)
    }

    /// Its own engine is this one around the one in memory.
    pub fn with_default<E: Engine + 'static>(
        pool: PgPool,
        around: impl FnOnce(Arc<MemoryEngine>) -> E,
    ) -> (Self, Arc<E>) {
        let mut made = None;
        let world = Self::with(pool, server(), in_folder, |engine| {
            let around = Arc::new(around(engine));
            made = Some(Arc::clone(&around));
            around
        });
        (world, made.expect("was made"))
    }

    fn with(
        pool: PgPool,
        server: SecretString,
        objects: impl FnOnce(&Path) -> control::error::Result<Objects>,
        default: impl FnOnce(Arc<MemoryEngine>) -> Arc<dyn Engine>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = Arc::new(MemoryEngine::default());
        let second = Arc::new(MemoryEngine::default());
        let connect = second.clone();
        let state = State {
            pool,
            engines: Engines::new(default(engine.clone()), Box::new(move |_| connect.clone())),
            config: config(folder.path(), server),
            clock: Arc::new(SystemClock),
            secrets: Secrets::new(&[3; 32]),
            objects: objects(folder.path()).expect("a store"),
            inspections: Inspections::default(),
        };
        Self {
            state: Arc::new(state),
            engine,
            second,
            folder,
        }
    }

    /// Another portal beside this one, on the same engine and files, with connections of its own.
    pub fn portal(&self, pool: PgPool, server: SecretString) -> Arc<State> {
        let connect = self.second.clone();
        let engines = Engines::new(self.engine.clone(), Box::new(move |_| connect.clone()));
        Arc::new(State {
            pool,
            engines,
            config: config(self.folder.path(), server),
            clock: Arc::new(SystemClock),
            secrets: Secrets::new(&[3; 32]),
            objects: in_folder(self.folder.path()).expect("a store"),
            inspections: Inspections::default(),
        })
    }

    /// Somebody of a company, invited and signed in.
    pub async fn person(&self, name: &str, company: &str, role: Role) -> Ctx {
        let email = format!("{}@example.com", name.to_lowercase());
        let seed = SeedPerson {
            email: email.clone(),
            name: name.to_owned(),
            role,
            company: company.to_owned(),
        };
        control::people::seed(&self.state, &[seed])
            .await
            .expect("seeds");
        let person = control::people::sign_in(&self.state, sign_in(&email))
            .await
            .expect("signs in");
        control::people::ctx(&self.state, person.id, "test".to_owned())
            .await
            .expect("loads")
            .expect("is active")
    }

    /// What runs beside the requests, until the answer is dropped.
    pub fn background(&self) -> Background {
        background(Arc::clone(&self.state))
    }

    pub async fn run_operations(&self) {
        let registry = control::sagas::registry(Arc::clone(&self.state));
        saga::worker::run_until_idle(&self.state.pool, registry)
            .await
            .expect("the worker ends");
    }

    pub async fn app(&self, ctx: &Ctx, subdomain: &str) -> Subdomain {
        let created = control::apps::create::create(ctx, new_app(subdomain))
            .await
            .expect("starts");
        self.run_operations().await;
        created.subdomain
    }

    /// Ada of Northwind, and her app `shop`.
    pub async fn shop(&self) -> (Ctx, Subdomain) {
        let ada = self.person("Ada", "Northwind", Role::Customer).await;
        let shop = self.app(&ada, "shop").await;
        (ada, shop)
    }

    /// A package of the app, deployed to Test.
    pub async fn deployed(&self, ctx: &Ctx, app: &Subdomain) -> PackageId {
        let package = self.upload(ctx, app, "1.0.0").await.expect("is accepted");
        deploy(ctx, app, "test", package).await.expect("starts");
        self.run_operations().await;
        package
    }

    pub async fn upload(
        &self,
        ctx: &Ctx,
        app: &Subdomain,
        version: &str,
    ) -> control::error::Result<PackageId> {
        let bytes = bytes::Bytes::from(package(version, "9.24.2"));
        control::packages::upload::upload(ctx, app, "shop.mda", None, stream::iter([Ok(bytes)]))
            .await
    }

    pub async fn row(&self, id: EnvironmentId) -> EnvironmentRow {
        sqlx::query_as(
            "select package_id, live_package_id, revision from environments where id = $1",
        )
        .bind(id.uuid())
        .fetch_one(&self.state.pool)
        .await
        .expect("the environment")
    }

    /// Somebody of the app's company joins the team of every app, and may look.
    pub async fn viewer(&self, name: &str, company: &str) -> Ctx {
        let viewer = self.person(name, company, Role::Customer).await;
        sqlx::query("insert into app_members (company_id, app_id, person_id, role, created_at, updated_at) select company_id, id, $1, 'viewer', created_at, created_at from apps where company_id = $2")
            .bind(viewer.person().expect("a person").uuid())
            .bind(viewer.company.uuid())
            .execute(&self.state.pool)
            .await
            .expect("joins the teams");
        viewer
    }

    /// Files in the package store, wherever.
    pub fn stored_files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for part in ["packages", "incoming"] {
            let folder = self.folder.path().join("objects").join(part);
            for entry in std::fs::read_dir(folder).expect("the store's folder") {
                names.push(
                    entry
                        .expect("an entry")
                        .file_name()
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
        names
    }
}

/// The background of a process that is killed when this is dropped.
pub struct Background(JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub fn background(state: Arc<State>) -> Background {
    Background::of(tasks(state))
}

impl Background {
    /// These tasks, running.
    pub fn of(tasks: control::background::Background) -> Self {
        Self(tokio::spawn(tasks.run(CancellationToken::new())))
    }
}

/// The tasks of a process.
pub fn tasks(state: Arc<State>) -> control::background::Background {
    struct NoFaults;
    impl Faults for NoFaults {
        fn before(&self, _: Point<'_>) -> Fault {
            Fault::None
        }
        fn after(&self, _: Point<'_>) -> Fault {
            Fault::None
        }
    }
    control::background::Background::new(state).with_product(Arc::new(NoFaults))
}

/// Asks until there is an answer, and gives up loudly.
pub async fn until<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    let answered = async {
        loop {
            pause.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), answered)
        .await
        .expect("it happens in time")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told their server this way"
)]
pub fn superuser() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL is set")
}

/// The server of the regions, as the portal reaches its private cluster.
pub fn server() -> SecretString {
    crate::provisioner::server(&superuser())
}

pub fn sign_in(email: &str) -> SignIn {
    SignIn {
        issuer: "https://id.example.com".to_owned(),
        subject: format!("subject of {email}"),
        email: email.to_owned(),
        email_verified: true,
        name: "Somebody".to_owned(),
        request_id: "test".to_owned(),
        from_address: Some("127.0.0.1".to_owned()),
    }
}

pub fn new_app(subdomain: &str) -> NewApp {
    NewApp {
        name: "Shop".to_owned(),
        subdomain: subdomain.to_owned(),
        region: "eu-frankfurt".to_owned(),
        plan: "M20".to_owned(),
        generation: "v4".to_owned(),
        environments: vec!["Test".to_owned(), "Production".to_owned()],
        extra_environment: String::new(),
        idempotency_key: Uuid::new_v4().to_string(),
    }
}

/// A package with the least that is accepted.
pub fn package(version: &str, runtime: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("model/metadata.json", options)
        .expect("a file");
    let metadata = serde_json::json!({
        "ProjectName": "Shop", "ModelVersion": version, "RuntimeVersion": runtime, "Description": "For tests",
        "Constants": [{ "Name": "Shop.Greeting", "Type": "String", "DefaultValue": "Hello" }],
        "ScheduledEvents": [{ "Name": "Shop.Nightly" }],
    });
    zip.write_all(metadata.to_string().as_bytes())
        .expect("writes");
    zip.start_file("web/index.html", options).expect("a file");
    zip.write_all(b"<!doctype html><title>Shop</title>")
        .expect("writes");
    zip.finish().expect("ends").into_inner()
}
