//! How a runtime is started: its command, its environment, what it sees, what it is told.

use crate::config::Runtime;
use crate::database_socket;
use crate::layout::Layout;
use crate::local_path;
use crate::process;
use crate::record::InstanceRecord;
use crate::sandbox::spec::{Limits, Mount, SandboxSpec};
use crate::sandbox::stray::RUN;
use anyhow::Context;
use engine::workload::Template;
use m2ee::start::StartConfig;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the admin protocol's socket.
pub const ADMIN: &str = "admin.sock";
/// The name of the app's socket.
pub const RUNTIME: &str = "runtime.sock";

/// Where instances find their database server.
const POSTGRES: &str = "/run/postgres";
/// Ports of runtimes that know only ports; each has a network of its own, so they never meet.
const ADMIN_PORT: u16 = 8090;
const RUNTIME_PORT: u16 = 8080;
const POSTGRES_PORT: u16 = 5432;

/// What writes a file larger than it may gets an error from then on, as of a full disk, rather than its end.
const HEEDLESS: &str = r#"trap "" XFSZ; exec "$0" "$@""#;

const TEMPORARY_BYTES: u64 = 256 << 20;
const DATA_BYTES: u64 = 256 << 20;

/// What the sandbox is to hold.
pub fn sandbox_spec(
    layout: &Layout,
    record: &InstanceRecord,
    runtime: &Runtime,
    package: &Path,
) -> anyhow::Result<SandboxSpec> {
    let template = &record.template;
    let mut mounts = vec![
        Mount::read(process::own_program()?, "/cell"),
        Mount::write(layout.run(record.id), RUN),
        Mount::read(package.join("model"), "/app/model"),
        Mount::read(package.join("web"), "/app/web"),
        Mount::write(local_path::of(&template.bucket.url)?, "/app/data/files"),
        database(layout, record)?,
    ];
    let mut command = ["/bin/sh", "-c", HEEDLESS, "/cell", "init", "--run", RUN]
        .map(str::to_owned)
        .to_vec();
    let mut environment: Vec<(String, String)> = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("HOME", "/tmp".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        (
            "M2EE_ADMIN_PASS",
            record.admin_password.expose_secret().to_owned(),
        ),
        ("INSTANCE_INDEX", record.index.to_string()),
        ("INSTANCE_ID", record.id.to_string()),
        ("MEMORY_LIMIT_MIB", template.memory_mib.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    match runtime {
        Runtime::Program { path } => {
            mounts.push(Mount::read(path, "/runtime"));
            command.extend(["--", "/runtime", "/app"].map(str::to_owned));
            environment.extend([
                ("M2EE_ADMIN_SOCKET".to_owned(), format!("{RUN}/{ADMIN}")),
                ("M2EE_RUNTIME_SOCKET".to_owned(), format!("{RUN}/{RUNTIME}")),
            ]);
        }
        Runtime::Mendix { java, runtime_dir } => {
            let home = java
                .parent()
                .and_then(Path::parent)
                .context("java has a home")?;
            mounts.extend([
                Mount::read(home, "/java"),
                Mount::read(runtime_dir, "/mendix"),
                Mount::read(
                    runtime_dir.join("runtime/mxclientsystem"),
                    "/app/web/mxclientsystem",
                ),
            ]);
            command.extend(mendix_command(template.memory_mib));
            environment.extend(mendix_environment());
        }
    }
    Ok(SandboxSpec {
        name: record.container(),
        folder: layout.instance(record.id),
        uid: record.uid,
        command,
        environment,
        mounts,
        scratch: vec![
            ("/tmp".to_owned(), TEMPORARY_BYTES),
            ("/app/data".to_owned(), DATA_BYTES),
        ],
        limits: Limits {
            memory_bytes: u64::from(template.memory_mib) << 20,
            cpu_milli: template.cpu_milli,
            pids: template.pids,
        },
    })
}

/// What the runtime is told over its admin protocol.
pub fn start_config(record: &InstanceRecord, runtime: &Runtime) -> StartConfig {
    let template = &record.template;
    let leader = record.index == 0;
    let (host, runtime_path) = match runtime {
        Runtime::Program { .. } => (POSTGRES.to_owned(), "/runtime"),
        Runtime::Mendix { .. } => (format!("127.0.0.1:{POSTGRES_PORT}"), "/mendix/runtime"),
    };
    let mut configuration: Map<String, Value> = [
        ("BasePath", json!("/app")),
        ("RuntimePath", json!(runtime_path)),
        ("DTAPMode", json!(template.dtap_mode)),
        ("ApplicationRootUrl", json!(template.root_url)),
        ("DatabaseType", json!("PostgreSQL")),
        ("DatabaseHost", json!(host)),
        ("DatabaseName", json!(template.database.name)),
        ("DatabaseUserName", json!(template.database.user)),
        (
            "DatabasePassword",
            json!(template.database.password.expose_secret()),
        ),
        ("MicroflowConstants", json!(template.constants)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    let settings = template.settings.iter();
    configuration.extend(settings.map(|(name, value)| (name.clone(), json!(value))));
    if !leader {
        configuration.insert("com.mendix.core.isClusterSlave".to_owned(), json!("true"));
        configuration.insert("ScheduledEventExecution".to_owned(), json!("NONE"));
    }
    let mut config = StartConfig::new(
        leader,
        configuration,
        template.debugger_password.clone(),
        template.admin_password.clone(),
    );
    // The leader has been ready before the first follower starts.
    config.structure_pause = Duration::from_secs(1);
    config.structure_within = Duration::from_mins(2);
    if matches!(runtime, Runtime::Mendix { .. }) {
        config.appcontainer = [
            ("runtime_port", json!(RUNTIME_PORT)),
            ("runtime_listen_addresses", json!("127.0.0.1")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    }
    config
}

/// Whether the database server is reached by a unix socket of its own.
pub fn has_unix_socket(template: &Template) -> bool {
    template.database.host.starts_with('/')
}

fn database(layout: &Layout, record: &InstanceRecord) -> anyhow::Result<Mount> {
    let database = &record.template.database;
    if !has_unix_socket(&record.template) {
        return Ok(Mount::read(layout.database(record.workload), POSTGRES));
    }
    let socket = PathBuf::from(&database.host).join(format!(".s.PGSQL.{}", database.port));
    anyhow::ensure!(
        socket.exists(),
        "the database server is not running: {} is not there",
        socket.display()
    );
    // A server that is started again makes its socket anew: it is seen through its folder only.
    let folder = Path::new(&database.host);
    if holds_nothing_else(folder)? {
        return Ok(Mount::read(folder, POSTGRES));
    }
    let target = format!("{POSTGRES}/{}", database_socket::NAME);
    Ok(Mount::read(socket, target))
}

/// Whether a folder has nothing in it but the socket that clients look for, and its lock.
fn holds_nothing_else(folder: &Path) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name
            .as_encoded_bytes()
            .starts_with(database_socket::NAME.as_bytes())
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn mendix_command(memory_mib: u32) -> Vec<String> {
    let heap = heap_mib(memory_mib);
    let mut command = vec![
        "--inward".to_owned(),
        format!("{RUN}/{ADMIN}={ADMIN_PORT}"),
        "--inward".to_owned(),
        format!("{RUN}/{RUNTIME}={RUNTIME_PORT}"),
        "--outward".to_owned(),
        format!("{POSTGRES_PORT}={POSTGRES}/{}", database_socket::NAME),
        "--".to_owned(),
        "/java/bin/java".to_owned(),
        format!("-Xms{heap}m"),
        format!("-Xmx{heap}m"),
        "-XX:MaxMetaspaceSize=256m".to_owned(),
    ];
    let collector = if memory_mib >= 4096 {
        "-XX:+UseG1GC"
    } else {
        "-XX:+UseSerialGC"
    };
    let rest = [
        collector,
        "-Djava.io.tmpdir=/tmp",
        "-Dfile.encoding=UTF-8",
        "-jar",
        "/mendix/runtime/launcher/runtimelauncher.jar",
        "/app",
    ];
    command.extend(rest.map(str::to_owned));
    command
}

fn mendix_environment() -> [(String, String); 5] {
    [
        ("M2EE_ADMIN_PORT", ADMIN_PORT.to_string()),
        ("M2EE_ADMIN_LISTEN_ADDRESSES", "127.0.0.1".to_owned()),
        ("M2EE_RUNTIME_PORT", RUNTIME_PORT.to_string()),
        ("M2EE_RUNTIME_LISTEN_ADDRESSES", "127.0.0.1".to_owned()),
        ("MX_INSTALL_PATH", "/mendix".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// The part of the memory that the Java heap gets.
fn heap_mib(memory_mib: u32) -> u32 {
    match memory_mib {
        32_768.. => memory_mib - 4096,
        16_384.. => memory_mib - 3072,
        8192.. => memory_mib - 2048,
        4096.. => memory_mib - 1536,
        2048.. => memory_mib - 1024,
        _ => memory_mib / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{heap_mib, holds_nothing_else, mendix_command};

    #[test]
    fn the_heap_leaves_room_for_the_rest_of_the_machine() {
        let heaps = [1024, 2048, 4096, 8192, 16_384, 32_768].map(heap_mib);
        assert_eq!(heaps, [512, 1024, 2560, 6144, 13_312, 28_672]);
    }

    #[test]
    fn a_folder_is_shown_whole_only_if_it_is_the_database_server_s_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, alone) in [
            (".s.PGSQL.5432", true),
            (".s.PGSQL.5432.lock", true),
            ("notes", false),
        ] {
            std::fs::write(folder.path().join(name), "").expect("written");
            let found = holds_nothing_else(folder.path()).expect("is read");
            assert_eq!(found, alone, "{name}");
        }
    }

    #[test]
    fn a_mendix_runtime_is_reached_by_ports_inside_its_own_network_only() {
        let command = mendix_command(2048);
        assert!(command.contains(&"/run/instance/admin.sock=8090".to_owned()));
        assert!(command.contains(&"5432=/run/postgres/.s.PGSQL.5432".to_owned()));
        assert_eq!(command.last().map(String::as_str), Some("/app"));
    }
}
