//! What is kept on disk of each instance and each workload, so that a restart knows them again.

use crate::process::Identity;
use domain::ids::{EnvironmentId, InstanceId};
use engine::observation::Crash;
use engine::workload::{Template, Workload};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use time::OffsetDateTime;

/// The form in which records are written. It grows when a cell that knows only the form before could not read
/// them any more; what makes older records of the present form is in `stored/upgrade.rs`.
pub const VERSION: u32 = 1;

/// One instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// The form it is written in.
    pub version: u32,
    /// Its id.
    pub id: InstanceId,
    /// Whose it is.
    pub workload: EnvironmentId,
    /// Its index.
    pub index: u16,
    /// Its zone.
    pub zone: String,
    /// What it is made of.
    pub template: Template,
    /// The user id it runs as.
    pub uid: u32,
    /// The sandbox that holds it.
    pub sandbox: String,
    /// The password of its admin protocol.
    #[serde(serialize_with = "engine::secret::expose")]
    pub admin_password: SecretString,
    /// The first process in its sandbox, once there is one.
    pub first: Option<Identity>,
    /// The runtime's process.
    pub runtime_pid: Option<u32>,
    /// Its control groups, by controller; `""` is the unified one.
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
    /// When it got requests for the first time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ready_at: Option<OffsetDateTime>,
    /// Whether parts of it could not be read: nothing like it can be started again.
    #[serde(skip)]
    pub partial: bool,
}

impl InstanceRecord {
    /// The name of its container.
    pub fn container(&self) -> String {
        format!("cell-{}", self.id)
    }
}

/// One workload: what is wanted of it, and what is known about getting there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkloadRecord {
    /// The form it is written in.
    pub version: u32,
    /// What is wanted.
    pub wanted: Workload,
    /// The template that every instance was of when the wanted state was last reached.
    pub serving: Option<Template>,
    /// Why the wanted template could not be rolled out.
    pub failed: Option<Failure>,
    /// Indexes that were ready with the wanted template.
    #[serde(default)]
    pub rolled_out: BTreeSet<u16>,
    /// Crashes by index.
    #[serde(default)]
    pub crashes: BTreeMap<u16, Crashes>,
    /// Whether it is being taken away.
    #[serde(default)]
    pub removing: bool,
}

/// Why a template could not be rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The failing check or step.
    pub reason: String,
    /// The last log lines.
    pub log: Vec<String>,
}

/// Crashes of one index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashes {
    /// Since it was last stable.
    pub count: u32,
    /// All of them, for as long as the index is wanted.
    #[serde(default)]
    pub total: u32,
    /// The last one.
    pub last: Option<Crash>,
    /// Nothing is started before, by the time of day.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub not_before: Option<OffsetDateTime>,
    /// The instance that crashed last, until another one is started in its place.
    #[serde(default)]
    pub instance: Option<CrashedInstance>,
}

/// What is shown of an instance that crashed, while its index has no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashedInstance {
    /// Its id.
    pub id: InstanceId,
    /// Its zone.
    pub zone: String,
    /// What tells its template from others.
    pub template_hash: String,
    /// The package it ran: `Shop 2.4.1`.
    pub package: String,
    /// Its memory limit, MiB.
    pub memory_mib: u32,
}

/// What an instance that failed wrote to its log last; the log itself goes with the instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastWords {
    /// The instance.
    pub instance: InstanceId,
    /// Its last lines, oldest first.
    pub lines: Vec<String>,
}

impl WorkloadRecord {
    /// A workload that is wanted from now on.
    pub fn new(wanted: Workload) -> Self {
        Self {
            version: VERSION,
            wanted,
            serving: None,
            failed: None,
            rolled_out: BTreeSet::new(),
            crashes: BTreeMap::new(),
            removing: false,
        }
    }

    /// Checksums of the packages that are needed while instances of these templates run.
    pub fn packages<'a>(&'a self, running: impl Iterator<Item = &'a Template>) -> BTreeSet<String> {
        let templates = self.wanted.template.iter().chain(&self.serving);
        let packages = templates.chain(running).map(|template| &template.package);
        packages.map(|package| package.sha256.clone()).collect()
    }
}

/// What tells two templates apart: everything but where the package is read from, which changes nothing that
/// runs.
pub fn template_hash(template: &Template) -> String {
    let mut fields = serde_json::to_value(template).expect("a template has only text as keys");
    leave_out_address(&mut fields);
    hex::encode(Sha256::digest(fields.to_string()))
}

/// Whether two wanted states are the same, wherever the package is read from.
pub fn same(one: &Workload, other: &Workload) -> bool {
    let fields = |workload| {
        let mut fields = serde_json::to_value(workload).expect("a workload has only text as keys");
        leave_out_address(&mut fields["template"]);
        fields
    };
    fields(one) == fields(other)
}

fn leave_out_address(template: &mut Value) {
    if let Some(package) = template.get_mut("package").and_then(Value::as_object_mut) {
        package.retain(|name, _| !["url", "bytes"].contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Crashes, same, template_hash};
    use engine::workload::{Template, Workload};
    use serde_json::{Value, json};

    #[test]
    fn what_an_older_cell_wrote_of_crashes_is_read() {
        let text =
            r#"{ "count": 4, "last": { "at": "2026-01-01T00:00:00Z", "reason": "killed" } }"#;
        let crashes: Crashes = serde_json::from_str(text).expect("read");
        assert_eq!((crashes.count, crashes.total), (4, 0));
        assert_eq!((crashes.not_before, crashes.instance), (None, None));
    }

    /// A template, changed.
    fn template(change: fn(&mut Value)) -> Template {
        let mut fields = json!({
            "package": { "sha256": "ab", "bytes": 7, "url": "file:///a.mda", "label": "Shop 1" },
            "runtime": "sample", "memory_mib": 64, "cpu_milli": 100, "pids": 10,
            "database": { "host": "/run", "port": 1, "name": "n", "user": "u", "password": "p" },
            "bucket": { "url": "file:///b" }, "dtap_mode": "T", "root_url": "http://a",
            "constants": {}, "settings": {}, "debugger_password": "d", "admin_password": "a",
            "restarts": 0,
        });
        change(&mut fields);
        serde_json::from_value(fields).expect("a template")
    }

    #[test]
    fn an_upgrade_that_names_packages_otherwise_asks_for_nothing_new() {
        let wanted = |template: Option<Template>, instances: u16| Workload {
            id: "01a211f0-1600-71a3-bffe-6f07132767eb"
                .parse()
                .expect("an id"),
            revision: 3,
            title: "Shop / Test".to_owned(),
            hosts: vec!["shop.localhost".to_owned()],
            instances,
            template,
            debugger_instance: 0,
            drain_seconds: 30,
            files_bytes: None,
        };
        let now = wanted(Some(template(|_| {})), 1);
        let moved = template(|it| {
            it["package"]["url"] = json!("file:///c.mda");
            it["package"]["bytes"] = json!(0);
        });
        assert!(same(&now, &wanted(Some(moved), 1)));
        let other = template(|it| it["package"]["sha256"] = json!("cd"));
        assert!(!same(&now, &wanted(Some(other), 1)));
        assert!(!same(&now, &wanted(Some(template(|_| {})), 2)));
        assert!(!same(&now, &wanted(None, 1)));
        assert!(same(&wanted(None, 1), &wanted(None, 1)));
    }

    #[test]
    fn the_same_package_at_another_address_is_no_other_template() {
        let template = |change| template_hash(&template(change));
        let before = template(|_| {});
        let moved = template(|it| {
            it["package"]["url"] = json!("file:///c.mda");
            it["package"]["bytes"] = json!(0);
        });
        assert_eq!(before, moved);
        assert_ne!(before, template(|it| it["package"]["sha256"] = json!("cd")));
        assert_ne!(
            before,
            template(|it| it["bucket"]["url"] = json!("file:///c"))
        );
    }
}
