//! The description of a container for `runc`: an OCI bundle.

use super::system_calls;
use crate::disk;
use crate::oom_score;
use crate::sandbox::spec::{Limits, SandboxSpec};
use crate::sandbox::system::{self, Part};
use oci_spec::OciSpecError;
use oci_spec::runtime::{
    Capabilities, LinuxBuilder, LinuxCapabilities, LinuxCapabilitiesBuilder, LinuxCpuBuilder,
    LinuxDeviceCgroupBuilder, LinuxMemoryBuilder, LinuxNamespaceBuilder, LinuxNamespaceType,
    LinuxPidsBuilder, LinuxResources, LinuxResourcesBuilder, Mount, MountBuilder, PosixRlimit,
    PosixRlimitBuilder, PosixRlimitType, Process, ProcessBuilder, RootBuilder, Spec, SpecBuilder,
    UserBuilder,
};
use rustix::process::{Resource, getrlimit};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

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

const NAMESPACES: [LinuxNamespaceType; 6] = [
    LinuxNamespaceType::Pid,
    LinuxNamespaceType::Mount,
    LinuxNamespaceType::Network,
    LinuxNamespaceType::Ipc,
    LinuxNamespaceType::Uts,
    LinuxNamespaceType::Cgroup,
];

/// How much of an instance's limits this machine can enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// All of them.
    Wholly,
    /// All but that of swap, which its kernel does not count.
    ButSwap,
    /// None.
    Not,
}

/// The most open files of a process; more are for what serves many clients from one process.
const OPEN_FILES: u64 = 65_536;
/// Shares of a whole core, of which a program of the platform has 1,024: where all want more than there is, an
/// instance gets a quarter of what its limit says.
const SHARES_OF_A_CORE: u64 = 256;

/// The period over which processor time is counted, microseconds.
const CPU_PERIOD: i64 = 100_000;

type Built<T> = Result<T, OciSpecError>;

/// Writes the bundle into the folder `bundle`, which must not be there yet.
pub fn write(bundle: &Path, spec: &SandboxSpec, limited: Limited) -> anyhow::Result<()> {
    disk::private_dir(bundle)?;
    let root = bundle.join("rootfs");
    std::fs::create_dir(&root)?;
    std::fs::create_dir(root.join("etc"))?;
    std::fs::write(root.join("etc/passwd"), system::users(spec.uid))?;
    std::fs::write(root.join("etc/group"), system::groups(spec.uid))?;
    let mut mounts = base_mounts()?;
    for part in system::parts()? {
        match part {
            Part::Link(path, to) => {
                symlink(to, root.join(path.strip_prefix("/").unwrap_or(&path)))?;
            }
            Part::Shown(path) => mounts.push(bind(&path, &path, false)?),
        }
    }
    for (target, bytes) in &spec.scratch {
        let options = format!("size={bytes},mode=0700,uid={uid},gid={uid}", uid = spec.uid);
        mounts.push(tmpfs(target, &options)?);
    }
    for mount in &spec.mounts {
        mounts.push(bind(
            &mount.source,
            Path::new(&mount.target),
            mount.writable,
        )?);
    }
    let description = description(spec, limited, mounts)?;
    disk::write_json(&bundle.join("config.json"), &description)?;
    Ok(())
}

/// Whatever the builders would choose by themselves is said here: they have defaults for containers at large.
fn description(spec: &SandboxSpec, limited: Limited, mounts: Vec<Mount>) -> Built<Spec> {
    let namespaces: Built<Vec<_>> = NAMESPACES
        .into_iter()
        .map(|kind| LinuxNamespaceBuilder::default().typ(kind).build())
        .collect();
    let mut linux = LinuxBuilder::default()
        .resources(resources(spec.limits, limited)?)
        .namespaces(namespaces?)
        .masked_paths(MASKED.map(str::to_owned))
        .readonly_paths(READ_ONLY.map(str::to_owned))
        .seccomp(system_calls::filter()?);
    if limited != Limited::Not {
        linux = linux.cgroups_path(PathBuf::from(format!("/cell/{}", spec.name)));
    }
    let root = RootBuilder::default().path("rootfs").readonly(true);
    let mut description = SpecBuilder::default()
        .version("1.0.2")
        .process(process(spec)?)
        .root(root.build()?)
        .hostname("app")
        .mounts(mounts)
        .linux(linux.build()?)
        .build()?;
    description.set_annotations(None);
    Ok(description)
}

fn process(spec: &SandboxSpec) -> Built<Process> {
    let environment = spec.environment.iter();
    let environment: Vec<String> = environment
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let user = UserBuilder::default().uid(spec.uid).gid(spec.uid);
    let mut process = ProcessBuilder::default()
        .terminal(false)
        .user(user.build()?)
        .args(spec.command.clone())
        .env(environment)
        .cwd("/")
        .capabilities(no_capabilities()?)
        .no_new_privileges(true)
        .oom_score_adj(oom_score::INSTANCE)
        .build()?;
    process.set_rlimits(Some(limits_of_a_process()?));
    Ok(process)
}

fn no_capabilities() -> Built<LinuxCapabilities> {
    LinuxCapabilitiesBuilder::default()
        .bounding(Capabilities::new())
        .effective(Capabilities::new())
        .permitted(Capabilities::new())
        .inheritable(Capabilities::new())
        .ambient(Capabilities::new())
        .build()
}

/// No more open files than this cell may have itself: root without the right to raise it starts instances, too.
fn limits_of_a_process() -> Built<Vec<PosixRlimit>> {
    let own = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let limits = [
        (PosixRlimitType::RlimitNofile, own.min(OPEN_FILES)),
        (PosixRlimitType::RlimitCore, 0),
    ];
    let limits = limits.into_iter().map(|(kind, most)| {
        PosixRlimitBuilder::default()
            .typ(kind)
            .soft(most)
            .hard(most)
            .build()
    });
    limits.collect()
}

fn resources(limits: Limits, limited: Limited) -> Built<LinuxResources> {
    let devices = LinuxDeviceCgroupBuilder::default()
        .allow(false)
        .access("rwm");
    let resources = LinuxResourcesBuilder::default().devices([devices.build()?]);
    if limited == Limited::Not {
        return resources.build();
    }
    let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
    let quota = (i64::from(limits.cpu_milli) * CPU_PERIOD / 1000).max(1_000);
    let shares = u64::from(limits.cpu_milli) * SHARES_OF_A_CORE / 1000;
    let mut limit = LinuxMemoryBuilder::default().limit(memory);
    if limited == Limited::Wholly {
        // Of memory and swap together: none is left for swap.
        limit = limit.swap(memory);
    }
    resources
        .memory(limit.build()?)
        .cpu(
            LinuxCpuBuilder::default()
                .quota(quota)
                .period(CPU_PERIOD.unsigned_abs())
                .shares(shares.max(2))
                .build()?,
        )
        .pids(LinuxPidsBuilder::default().limit(limits.pids).build()?)
        .build()
}

fn base_mounts() -> Built<Vec<Mount>> {
    Ok(vec![
        mount("/proc", "proc", "proc", "nosuid,noexec,nodev")?,
        tmpfs("/dev", "strictatime,mode=755,size=65536k")?,
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620",
        )?,
        tmpfs("/dev/shm", "noexec,nodev,mode=1777,size=65536k")?,
    ])
}

fn tmpfs(target: &str, options: &str) -> Built<Mount> {
    mount(target, "tmpfs", "tmpfs", &format!("nosuid,{options}"))
}

fn bind(source: &Path, target: &Path, writable: bool) -> Built<Mount> {
    let access = if writable { "rw" } else { "ro" };
    let options = format!("bind,{access},nosuid,nodev,rprivate");
    mount(target, "bind", source, &options)
}

fn mount(
    target: impl Into<PathBuf>,
    kind: &str,
    source: impl Into<PathBuf>,
    options: &str,
) -> Built<Mount> {
    let options: Vec<String> = options.split(',').map(str::to_owned).collect();
    MountBuilder::default()
        .destination(target)
        .typ(kind)
        .source(source)
        .options(options)
        .build()
}

#[cfg(test)]
mod tests {
    use super::{Limited, description, tmpfs};
    use crate::sandbox::probe;
    use serde_json::{Value, json};
    use std::path::Path;

    fn described(limited: Limited) -> Value {
        let mut spec = probe::spec(Path::new("/folder")).expect("a spec");
        spec.name = "cell-1".to_owned();
        spec.environment = vec![("A".to_owned(), "b".to_owned())];
        let mounts = vec![tmpfs("/tmp", "mode=0700").expect("a mount")];
        let described = description(&spec, limited, mounts).expect("a description");
        serde_json::to_value(described).expect("JSON")
    }

    #[test]
    fn nothing_is_in_it_that_is_not_said_here() {
        let mut described = described(Limited::Wholly);
        let open_files = described["process"]["rlimits"][0]["hard"].take();
        assert!(
            open_files.as_u64().is_some_and(|most| most <= 65_536),
            "{open_files}"
        );
        described["process"]["rlimits"][0]["soft"].take();
        let seccomp = described["linux"]["seccomp"].take();
        assert_eq!(seccomp["defaultAction"], "SCMP_ACT_ERRNO");
        for paths in ["maskedPaths", "readonlyPaths"] {
            assert!(described["linux"][paths].take().is_array(), "{paths}");
        }
        let kinds = ["pid", "mount", "network", "ipc", "uts", "cgroup"];
        assert_eq!(
            described,
            json!({
                "ociVersion": "1.0.2",
                "process": {
                    "terminal": false,
                    "user": { "uid": 65534, "gid": 65534 },
                    "args": ["/cell", "--version"],
                    "env": ["A=b"],
                    "cwd": "/",
                    "capabilities": {
                        "bounding": [], "effective": [], "permitted": [], "inheritable": [],
                        "ambient": [],
                    },
                    "noNewPrivileges": true,
                    "oomScoreAdj": 500,
                    "rlimits": [
                        { "type": "RLIMIT_NOFILE", "hard": null, "soft": null },
                        { "type": "RLIMIT_CORE", "hard": 0, "soft": 0 },
                    ],
                },
                "root": { "path": "rootfs", "readonly": true },
                "hostname": "app",
                "mounts": [{
                    "destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "mode=0700"],
                }],
                "linux": {
                    "cgroupsPath": "/cell/cell-1",
                    "resources": {
                        "devices": [{ "allow": false, "access": "rwm" }],
                        "memory": { "limit": 64 << 20, "swap": 64 << 20 },
                        "cpu": { "shares": 256, "quota": 100_000, "period": 100_000 },
                        "pids": { "limit": 16 },
                    },
                    "namespaces": kinds.map(|kind| json!({ "type": kind })),
                    "maskedPaths": null,
                    "readonlyPaths": null,
                    "seccomp": null,
                },
            })
        );
    }

    #[test]
    fn without_limits_there_is_no_control_group() {
        let without_swap = described(Limited::ButSwap);
        let memory = &without_swap["linux"]["resources"]["memory"];
        assert_eq!(*memory, json!({ "limit": 64 << 20 }));
        let described = described(Limited::Not);
        assert_eq!(described["linux"].get("cgroupsPath"), None);
        let devices = json!({ "devices": [{ "allow": false, "access": "rwm" }] });
        assert_eq!(described["linux"]["resources"], devices);
    }
}
