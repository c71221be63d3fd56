//! A running cell and what tests ask of it.

#[path = "bench/watching.rs"]
mod watching;

use crate::database::TestDatabase;
use domain::ids::EnvironmentId;
use domain::states::InstanceState;
use engine::Engine;
use engine::cell::CellEngine;
use engine::observation::{Event, EventKind, Instance, Observation, Rollout};
use engine::refs::{BucketRef, DatabaseRef, PackageRef, file_url};
use engine::workload::{Template, Workload};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use uuid::Uuid;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cell with its folder. Everything it started goes when this is dropped.
pub struct Bench {
    folder: TempDir,
    child: Option<Child>,
    sandbox: &'static str,
    before: &'static str,
    apps: SocketAddr,
    pub engine: CellEngine,
}

impl Bench {
    /// A cell with the sandbox `runc`, or `auto` where the tests are not root.
    pub async fn start() -> Self {
        Self::start_with("auto").await
    }

    pub async fn start_with(sandbox: &'static str) -> Self {
        Self::start_in(TempDir::with_prefix("cell-").expect("a folder"), sandbox).await
    }

    /// A cell in `folder`, which may hold a `cell.toml` for it.
    pub async fn start_in(folder: TempDir, sandbox: &'static str) -> Self {
        let mut bench = Self {
            engine: CellEngine::new(folder.path().join("cell/cell.sock")),
            folder,
            child: None,
            sandbox,
            before: "exec \"$0\" \"$@\"",
            apps: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        bench.run().await;
        bench
    }

    /// A cell with these lines in its configuration.
    pub async fn start_told(lines: &str) -> Self {
        let folder = TempDir::with_prefix("cell-").expect("a folder");
        let data = folder.path().join("cell");
        let config = format!("data_dir = '{}'\n{lines}\n", data.display());
        std::fs::write(folder.path().join("cell.toml"), config).expect("written");
        Self::start_in(folder, "auto").await
    }

    /// A cell that `before`, a fixed line for the shell which ends in `exec "$0" "$@"`, has limited.
    pub async fn start_after(before: &'static str) -> Self {
        let mut bench = Self::start().await;
        bench.kill();
        bench.before = before;
        bench.run().await;
        bench
    }

    /// Starts the program; after [`Self::kill`] on the same address.
    pub async fn run(&mut self) {
        let data = self.data();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("cell.log"))
            .expect("a log");
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(self.before)
            .arg(env!("CARGO_BIN_EXE_cell"))
            .args([
                "serve",
                "--sandbox",
                self.sandbox,
                "--ready-within-seconds",
                "5",
            ])
            .arg("--data-dir")
            .arg(&data)
            .args(["--apps-addr", &self.apps.to_string()])
            .arg("--runtime")
            .arg(format!("sample={}", program("sample-runtime").display()))
            .env_remove("DATABASE_URL")
            .env("RUST_LOG", "info,cell=debug")
            .stdin(Stdio::null())
            .stderr(log);
        let config = self.folder.path().join("cell.toml");
        if config.exists() {
            command.arg("--config").arg(config);
        } else {
            // What the instances of tests are promised is more than they use, on however small a machine.
            command.env("CELL_MEMORY_MIB", "1000000");
        }
        let hostile = beside("examples/hostile");
        if hostile.exists() {
            command
                .arg("--runtime")
                .arg(format!("hostile={}", hostile.display()));
        }
        self.child = Some(command.spawn().expect("the cell starts"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(info) = self.engine.info().await {
                self.apps = info.ingress.parse().expect("an address");
                return;
            }
            let ended = self
                .child
                .as_mut()
                .expect("started")
                .try_wait()
                .expect("asked");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the cell does not run: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("collected");
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("cell")
    }

    pub fn apps(&self) -> SocketAddr {
        self.apps
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// The folder of an unpacked package.
    pub fn unpacked(&self, package: &PackageRef) -> PathBuf {
        self.data().join("packages").join(&package.sha256)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("cell.log")).unwrap_or_default()
    }

    /// A workload with a bucket and a package of its own, not applied yet.
    pub fn workload(&self, database: DatabaseRef, instances: u16) -> Workload {
        let id = Uuid::new_v4();
        let bucket = self.folder.path().join(format!("bucket-{id}"));
        std::fs::create_dir(&bucket).expect("a bucket");
        Workload {
            id: EnvironmentId::new(id),
            revision: 1,
            title: "Shop / Test".to_owned(),
            hosts: vec![host(id)],
            instances,
            template: Some(Template {
                package: self.package("1.0.0", &[]),
                runtime: "sample".to_owned(),
                memory_mib: 128,
                cpu_milli: 1000,
                pids: 64,
                database,
                bucket: BucketRef {
                    url: file_url(&bucket).expect("an address"),
                },
                dtap_mode: "T".to_owned(),
                root_url: format!("http://{}", host(id)),
                constants: BTreeMap::new(),
                settings: BTreeMap::new(),
                debugger_password: SecretString::from("debug-me"),
                admin_password: SecretString::from("admin-me"),
                restarts: 0,
            }),
            debugger_instance: 0,
            drain_seconds: 10,
            files_bytes: None,
        }
    }

    /// A package of the sample app; `how` may make it a broken one.
    pub fn package(&self, version: &str, how: &[&str]) -> PackageRef {
        let file = self.folder.path().join(format!("{}.mda", Uuid::new_v4()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/make-sample");
        let output = Command::new(script)
            .args(how)
            .arg(version)
            .arg(&file)
            .output();
        let output = output.expect("scripts/make-sample runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let content = std::fs::read(&file).expect("a package");
        PackageRef {
            sha256: hex::encode(Sha256::digest(&content)),
            bytes: content.len() as u64,
            url: file_url(&file).expect("an address"),
            label: format!("Shop {version}"),
        }
    }

    pub async fn apply(&self, workload: &Workload) {
        self.engine.apply(workload).await.expect("applied");
    }

    /// Ends the cell and everything it runs, as an operator would.
    pub async fn end(mut self) {
        self.engine.shutdown(true).await.expect("shut down");
        let mut child = self.child.take().expect("it runs");
        let status = child.wait().expect("collected");
        assert!(status.success(), "{status}: {}", self.log());
    }
}

impl Drop for Bench {
    /// After a failed test: nothing that was started may be left.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
        let data = self.data();
        for entry in std::fs::read_dir(data.join("instances"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let text =
                std::fs::read_to_string(entry.path().join("record.json")).unwrap_or_default();
            let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(pid) = record["first"]["pid"]
                .as_i64()
                .and_then(|pid| i32::try_from(pid).ok())
                && let Some(pid) = rustix::process::Pid::from_raw(pid)
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        for entry in std::fs::read_dir(data.join("runc"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let mut command = Command::new("runc");
            command.arg("--root").arg(data.join("runc"));
            drop(
                command
                    .args(["delete", "--force"])
                    .arg(entry.file_name())
                    .output(),
            );
        }
    }
}

/// A database and a converged workload on it.
pub async fn serving(bench: &Bench, instances: u16) -> (TestDatabase, Workload, Vec<u32>) {
    let database = TestDatabase::make();
    let workload = bench.workload(database.by_socket(), instances);
    bench.apply(&workload).await;
    let pids = bench.converged(&workload).await;
    (database, workload, pids)
}

/// The next revision.
pub fn next(workload: &mut Workload) -> &mut Template {
    workload.revision += 1;
    workload.template.as_mut().expect("a template")
}

/// Whether a process runs; what is left of one does not count.
pub fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("sent");
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Another program of this workspace, built beside the tests.
pub fn program(name: &str) -> PathBuf {
    let path = beside(name);
    assert!(
        path.exists(),
        "{} is not there: build it first with `cargo build -p {name}`",
        path.display()
    );
    path
}

fn beside(name: &str) -> PathBuf {
    let cell = Path::new(env!("CARGO_BIN_EXE_cell"));
    cell.parent().expect("a folder").join(name)
}

fn host(id: Uuid) -> String {
    format!("shop-{}.apps.localhost", id.simple())
}
