//! A whole installation: a database, a cell, and as many portals as a test starts.

use crate::browser::Browser;
use crate::database::{Environment, TestDatabase};
use crate::leftovers;
use crate::load;
use crate::program::{Process, Program, beside_the_portal, free_port};
use crate::wait::until;
use domain::ids::EnvironmentId;
use engine::Engine;
use engine::cell::CellEngine;
use engine::observation::{Instance, Observation};
use reqwest::{Client, StatusCode};
use rustix::process::Signal;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

/// The app that tests create.
pub const APP: &str = "shop";
const ADA: &str = "ada.lindqvist@northwind.example";
const PASSWORD: &str = "correct horse battery staple 9";

/// An installation; everything that was started or made for it goes when it is dropped.
pub struct World {
    pub(crate) cell: Option<Program>,
    /// The cell, asked without the portal.
    pub engine: CellEngine,
    /// Where apps are served.
    pub apps: SocketAddr,
    /// Where the portal is.
    pub portal: SocketAddr,
    /// The portal's database.
    pub database: TestDatabase,
    /// Asks apps.
    pub client: Client,
    pub(crate) folder: TempDir,
}

/// A portal that serves.
pub struct Portal {
    /// The process.
    pub program: Program,
    /// Where it listens.
    pub url: String,
}

impl Portal {
    /// A browser at it without a session.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }
}

impl World {
    /// A database and a cell; no portal yet.
    pub async fn new() -> Self {
        let folder = TempDir::with_prefix("faults-").expect("a folder");
        let address = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut world = Self {
            cell: None,
            engine: CellEngine::new(folder.path().join("cell/cell.sock")),
            apps: address(),
            portal: address(),
            database: TestDatabase::make().await,
            client: load::client(),
            folder,
        };
        world.start_cell().await;
        world
    }

    /// Starts the cell, again after [`Self::kill_cell`].
    pub async fn start_cell(&mut self) {
        let cell = self.cell_at("cell", self.apps, &self.engine).await;
        self.cell = Some(cell);
    }

    /// A cell of this name, whose socket `engine` asks.
    pub async fn cell_at(&self, name: &str, apps: SocketAddr, engine: &CellEngine) -> Program {
        let mut command = Command::new(beside_the_portal("cell"));
        command.arg("serve").arg("--data-dir").arg(self.data(name));
        command.args([
            "--ready-within-seconds",
            "20",
            "--apps-addr",
            &apps.to_string(),
        ]);
        command.arg("--runtime").arg(format!(
            "sample={}",
            beside_the_portal("sample-runtime").display()
        ));
        command
            .env_remove("DATABASE_URL")
            .env("CELL_MEMORY_MIB", "1000000")
            .env("RUST_LOG", "info,cell=debug");
        let mut cell = Program::start("cell", command, self.data(&format!("{name}.log")));
        until("the cell", async || {
            cell.check();
            engine.info().await.ok()
        })
        .await;
        cell
    }

    /// Sends the cell a signal.
    pub fn signal_cell(&self, signal: Signal) {
        self.cell.as_ref().expect("it runs").signal(signal);
    }

    /// `kill -9` of the cell.
    pub fn kill_cell(&mut self) {
        self.cell.take().expect("it runs").kill();
    }

    /// A portal at the usual address, with a fault if one is named, ready to serve.
    pub async fn portal(&self, fault: Option<&str>) -> Portal {
        self.portal_at(self.portal, self.database.url.as_str(), fault)
            .await
    }

    /// One more portal on the same database, at an address of its own.
    pub async fn replica(&self) -> Portal {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        self.portal_at(address, self.database.url.as_str(), None)
            .await
    }

    /// A portal that reaches its database by another way.
    pub async fn portal_through(&self, database: SocketAddr) -> Portal {
        let mut url = self.database.url.clone();
        url.set_ip_host(database.ip()).expect("an address");
        url.set_port(Some(database.port())).expect("a port");
        self.portal_at(self.portal, url.as_str(), None).await
    }

    async fn portal_at(&self, address: SocketAddr, database: &str, fault: Option<&str>) -> Portal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal"));
        command
            .arg("serve")
            .current_dir(self.folder.path())
            .env_clear();
        command.env("PORTAL_ADDR", address.to_string());
        command.env("PORTAL_URL", format!("http://{}", self.portal));
        command.env("APPS_ADDR", self.apps.to_string());
        command.env("PORTAL_DATA", self.data("portal"));
        command.env("PORTAL_SITE", self.data("site"));
        command.env("CELL_SOCKET", self.data("cell/cell.sock"));
        command
            .env("DATABASE_URL", database)
            .env("RUST_LOG", "info,sqlx=warn")
            .env("RUST_BACKTRACE", "1");
        command.envs(fault.map(|fault| ("PORTAL_FAULT", fault)));
        let program = Program::start(
            "portal",
            command,
            self.data(&format!("portal-{}.log", address.port())),
        );
        let mut portal = Portal {
            program,
            url: format!("http://{address}"),
        };
        until("the portal", async || {
            portal.program.check();
            let answer = self
                .client
                .get(format!("{}/readyz", portal.url))
                .send()
                .await
                .ok()?;
            (answer.status() == StatusCode::OK).then_some(())
        })
        .await;
        portal
    }

    /// A browser in which Ada has signed in through MxID.
    pub async fn signed_in(&self, portal: &Portal) -> Browser {
        let browser = portal.browser();
        self.sign_in(&browser, "Northwind", ADA).await;
        browser
    }

    /// Signs in a customer of a company, who is made first.
    pub async fn sign_in(&self, browser: &Browser, company: &str, email: &str) {
        let pool = &self.database.pool;
        for statement in [
            "insert into companies (id, name, residency_required, created_at, updated_at)
             values ($1, $2, false, now(), now()) on conflict do nothing",
            "insert into people (id, company_id, email, name, role, created_at, updated_at)
             select $1, id, $3, 'Ada Lindqvist', 'customer', now(), now() from companies where name = $2",
        ] {
            let row = sqlx::query(statement).bind(Uuid::new_v4()).bind(company);
            let row = if statement.contains("$3") { row.bind(email) } else { row };
            row.execute(pool).await.expect("a row");
        }
        let password = SecretString::from(PASSWORD);
        let now = OffsetDateTime::now_utc();
        let made = mxid::accounts::create(pool, email, "Ada Lindqvist", &password, now);
        made.await.expect("an account");
        let page = browser.sign_in("/apps", email, PASSWORD).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (StatusCode::OK, "/apps"),
            "{}",
            page.body
        );
    }

    /// A portal, a session and an app whose environment Test serves by so many instances.
    pub async fn serving(&self, instances: u16) -> (Portal, Browser) {
        let portal = self.portal(None).await;
        let browser = self.settled(&portal, instances).await;
        (portal, browser)
    }

    /// A session and an app whose environment Test serves by so many instances.
    pub async fn settled(&self, portal: &Portal, instances: u16) -> Browser {
        let browser = self.signed_in(portal).await;
        self.create_app(&browser).await;
        self.scale(&browser, instances, 256).await;
        let package = self.upload(&browser, "1.0.0", &[]).await;
        let operation = self.deploy(&browser, &package).await;
        assert_eq!(operation.state, "succeeded", "{operation:?}");
        browser
    }

    /// The host name of the environment Test.
    pub async fn host(&self) -> String {
        format!("{}.apps.localhost", self.test().await.host_label)
    }

    /// What the engine sees of the environment Test.
    pub async fn observation(&self) -> Observation {
        let id = EnvironmentId::new(self.test().await.id);
        self.engine.observe(id).await.expect("an observation")
    }

    /// The instances of the environment Test.
    pub async fn instances(&self) -> Vec<Instance> {
        self.observation().await.instances
    }

    /// Their processes.
    pub async fn processes(&self) -> Vec<Process> {
        let pids = self
            .instances()
            .await
            .into_iter()
            .map(|instance| instance.pid.expect("a pid"));
        pids.map(|pid| Process::of(pid).expect("it runs")).collect()
    }

    /// The folder of an environment's bucket.
    pub fn bucket(&self, environment: &Environment) -> PathBuf {
        self.data("portal/regions/eu-frankfurt/buckets")
            .join(environment.id.to_string())
    }

    /// The server that the database is on, `host:port`.
    pub fn database_server(&self) -> String {
        let url: &Url = &self.database.url;
        format!(
            "{}:{}",
            url.host_str().expect("a host"),
            url.port().unwrap_or(5432)
        )
    }

    /// A file or folder of the installation.
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for World {
    /// Ends the instances too, which outlive their cell.
    fn drop(&mut self) {
        drop(self.cell.take());
        leftovers::end(&self.data("cell"));
    }
}
