//! The description of a container for `runc`: an OCI bundle.

use super::system_calls;
use crate::disk;
use crate::sandbox::system::{self, Part};
use crate::sandbox::{Confinement, Limits};
use serde_json::{Value, json};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The parts of `/proc` and `/sys` that say something about the machine.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/kallsyms",
    "/proc/interrupts",
    "/proc/scsi",
    "/sys/firmware",
];

const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// The period over which processor time is counted, microseconds.
const CPU_PERIOD: u64 = 100_000;

/// Writes the bundle into the folder `bundle`, which must not be there yet.
pub fn write(bundle: &Path, confinement: &Confinement, limited: bool) -> io::Result<()> {
    disk::private_dir(bundle)?;
    let root = bundle.join("rootfs");
    std::fs::create_dir(&root)?;
    std::fs::create_dir(root.join("etc"))?;
    std::fs::write(root.join("etc/passwd"), system::users(confinement.uid))?;
    std::fs::write(root.join("etc/group"), system::groups(confinement.uid))?;
    let mut mounts = base_mounts();
    for part in system::parts()? {
        match part {
            Part::Link(path, to) => {
                symlink(to, root.join(path.strip_prefix("/").unwrap_or(&path)))?;
            }
            Part::Shown(path) => mounts.push(bind(&path, &path.to_string_lossy(), false)),
        }
    }
    mounts.extend(confinement.scratch.iter().map(|(target, bytes)| {
        let uid = confinement.uid;
        tmpfs(
            target,
            &[
                &format!("size={bytes}"),
                "mode=0700",
                &format!("uid={uid}"),
                &format!("gid={uid}"),
            ],
        )
    }));
    mounts.extend(
        confinement
            .mounts
            .iter()
            .map(|mount| bind(&mount.source, &mount.target, mount.writable)),
    );
    disk::write_json(
        &bundle.join("config.json"),
        &description(confinement, limited, &mounts),
    )
}

fn description(confinement: &Confinement, limited: bool, mounts: &[Value]) -> Value {
    let environment: Vec<String> = confinement
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let namespaces = ["pid", "mount", "network", "ipc", "uts", "cgroup"];
    let mut linux = json!({
        "cgroupsPath": format!("/cell/{}", confinement.name),
        "resources": resources(limited.then_some(confinement.limits)),
        "namespaces": namespaces.map(|kind| json!({ "type": kind })),
        "maskedPaths": MASKED,
        "readonlyPaths": READ_ONLY,
        "seccomp": system_calls::filter(),
    });
    if !limited && let Some(linux) = linux.as_object_mut() {
        linux.remove("cgroupsPath");
    }
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": { "uid": confinement.uid, "gid": confinement.uid },
            "args": confinement.command,
            "env": environment,
            "cwd": "/",
            "capabilities": {
                "bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": [],
            },
            "noNewPrivileges": true,
        },
        "root": { "path": "rootfs", "readonly": true },
        "hostname": "app",
        "mounts": mounts,
        "linux": linux,
    })
}

fn resources(limits: Option<Limits>) -> Value {
    let devices = json!([{ "allow": false, "access": "rwm" }]);
    let Some(limits) = limits else {
        return json!({ "devices": devices });
    };
    let quota = (u64::from(limits.cpu_milli) * CPU_PERIOD / 1000).max(1_000);
    json!({
        "devices": devices,
        "memory": { "limit": limits.memory_bytes },
        "cpu": { "quota": quota, "period": CPU_PERIOD },
        "pids": { "limit": limits.pids },
    })
}

fn base_mounts() -> Vec<Value> {
    vec![
        json!({ "destination": "/proc", "type": "proc", "source": "proc",
                "options": ["nosuid", "noexec", "nodev"] }),
        tmpfs("/dev", &["strictatime", "mode=755", "size=65536k"]),
        json!({ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] }),
        tmpfs("/dev/shm", &["noexec", "nodev", "mode=1777", "size=65536k"]),
    ]
}

fn tmpfs(target: &str, options: &[&str]) -> Value {
    let options: Vec<&str> = ["nosuid"].iter().chain(options).copied().collect();
    json!({ "destination": target, "type": "tmpfs", "source": "tmpfs", "options": options })
}

fn bind(source: &Path, target: &str, writable: bool) -> Value {
    let access = if writable { "rw" } else { "ro" };
    json!({ "destination": target, "type": "bind", "source": source,
            "options": ["bind", access, "nosuid", "nodev", "rprivate"] })
}
