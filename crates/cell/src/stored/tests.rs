//! Yesterday's text, word by word as the cell before wrote it, and texts that no cell of this form can read.

use super::{UNKNOWN_REVISION, Unreadable, instance, workload};
use crate::record::{VERSION, template_hash};
use domain::ids::{EnvironmentId, InstanceId};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;

/// A workload's record of form 0.
const WORKLOAD: &str = r#"{
  "wanted": {
    "id": "6f0d1b6e-53a1-4a27-9a0e-0f6f6f6e1a01",
    "revision": 7,
    "title": "Shop / Test",
    "hosts": ["shop-test.apps.localhost"],
    "instances": 2,
    "template": {
      "package": {
        "file": "/var/lib/portal/objects/packages/shop 2.mda",
        "sha256": "e0945518c9050807a71274635562d594f325baed254569e33672c505ab81ca96",
        "label": "Shop 2.4.1"
      },
      "runtime": "sample",
      "memory_mib": 256,
      "cpu_milli": 1000,
      "pids": 512,
      "database": {
        "host": "127.0.0.1",
        "port": 5432,
        "name": "env_shop",
        "user": "env_shop",
        "password": "p-database"
      },
      "bucket": "/var/lib/portal/buckets/shop",
      "dtap_mode": "T",
      "root_url": "http://shop-test.apps.localhost",
      "constants": { "Shop.Greeting": "hello" },
      "settings": { "ConnectionPoolingMaxActive": "50" },
      "debugger_password": "p-debugger",
      "admin_password": "p-admin",
      "restarts": 0
    },
    "debugger_instance": 1,
    "drain_seconds": 30
  },
  "serving": null,
  "failed": { "reason": "killed by signal 9", "log": ["one", "two"] },
  "moved": [0],
  "crashes": {
    "1": {
      "count": 4,
      "total": 6,
      "last": { "at": "2026-01-01T00:00:00Z", "reason": "killed by signal 9" },
      "not_before": "2026-01-01T00:00:30Z",
      "fallen": {
        "id": "b11cea96-82bc-469a-9af0-8e93743e02e1",
        "zone": "a",
        "print": "ab12",
        "package": "Shop 2.4.1",
        "memory_mib": 256
      }
    }
  },
  "removing": false
}"#;

/// The fields around the template of an instance's record of form 0.
const INSTANCE: &str = r#"{
  "id": "b11cea96-82bc-469a-9af0-8e93743e02e1",
  "workload": "6f0d1b6e-53a1-4a27-9a0e-0f6f6f6e1a01",
  "index": 0,
  "zone": "a",
  "uid": 200000,
  "sandbox": "runc",
  "admin_password": "3ATl6slabyAWLshK1QXa4QlPKvW5ZfBY",
  "first": { "pid": 30387, "start_time": 162497 },
  "runtime_pid": 30394,
  "groups": { "": "/cell/cell-b11cea96", "memory": "/cell/cell-b11cea96" },
  "ready_at": "2026-11-25T03:44:08.983Z"
}"#;

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.json");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

fn id() -> EnvironmentId {
    let id = "6f0d1b6e-53a1-4a27-9a0e-0f6f6f6e1a01";
    id.parse().expect("an id")
}

fn instance_id() -> InstanceId {
    let id = "b11cea96-82bc-469a-9af0-8e93743e02e1";
    id.parse().expect("an id")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn instance_text() -> Value {
    let mut text = parsed(INSTANCE);
    text["template"] = parsed(WORKLOAD)["wanted"]["template"].take();
    text
}

#[test]
fn yesterdays_workload_is_read_to_the_last_field() {
    let (_folder, path) = file(WORKLOAD);
    let stored = workload(&path, id());
    assert_eq!(stored.unreadable, None);
    let record = stored.record;
    assert_eq!((record.version, record.wanted.revision), (VERSION, 7));
    let template = record.wanted.template.expect("a template");
    assert_eq!(
        template.package.url.as_str(),
        "file:///var/lib/portal/objects/packages/shop%202.mda"
    );
    assert_eq!(
        template.bucket.url.as_str(),
        "file:///var/lib/portal/buckets/shop"
    );
    assert_eq!(template.database.password.expose_secret(), "p-database");
    assert_eq!(record.rolled_out, [0].into());
    let crashes = &record.crashes[&1];
    assert_eq!((crashes.count, crashes.total), (4, 6));
    let ended = crashes.instance.as_ref().expect("the one that crashed");
    assert_eq!(ended.template_hash, "ab12");
}

#[test]
fn yesterdays_instance_is_of_yesterdays_template() {
    let (_folder, path) = file(&instance_text().to_string());
    let record = instance(&path, instance_id()).expect("read");
    assert!(!record.partial && record.ready_at.is_some());
    assert_eq!(record.version, VERSION);
    let (_folder, path) = file(WORKLOAD);
    let wanted = workload(&path, id()).record.wanted.template;
    let wanted = wanted.expect("a template");
    assert_eq!(template_hash(&record.template), template_hash(&wanted));
}

#[test]
fn what_is_written_is_read_again() {
    let (_folder, path) = file(WORKLOAD);
    let record = workload(&path, id()).record;
    let text = serde_json::to_string(&record).expect("written");
    assert_eq!(parsed(&text)["version"], VERSION);
    let (_folder, path) = file(&text);
    let again = workload(&path, id());
    assert_eq!(again.unreadable, None);
    let again = serde_json::to_string(&again.record).expect("written");
    assert_eq!(again, text);
}

#[test]
fn a_newer_form_says_so_and_gives_what_has_kept_its_name() {
    let mut text = parsed(WORKLOAD);
    text["version"] = json!(VERSION + 1);
    text["wanted"]["hosts"] = json!({ "primary": "shop-test.apps.localhost" });
    let (_folder, path) = file(&text.to_string());
    let stored = workload(&path, id());
    assert_eq!(
        stored.unreadable,
        Some(Unreadable::Newer(u64::from(VERSION) + 1))
    );
    let wanted = stored.record.wanted;
    assert_eq!((wanted.id, wanted.revision), (id(), UNKNOWN_REVISION));
    assert_eq!((&*wanted.title, wanted.instances), ("Shop / Test", 2));
    assert!(wanted.hosts.is_empty());
}

#[test]
fn a_field_that_is_missing_costs_that_field_only() {
    let mut text = parsed(WORKLOAD);
    let wanted = text["wanted"].as_object_mut().expect("an object");
    wanted.remove("drain_seconds");
    let (_folder, path) = file(&text.to_string());
    let stored = workload(&path, id());
    let Some(Unreadable::Damaged(why)) = stored.unreadable else {
        panic!("it cannot be read whole")
    };
    assert!(why.contains("drain_seconds"), "{why}");
    assert_eq!(stored.record.wanted.hosts, ["shop-test.apps.localhost"]);
    assert!(stored.record.wanted.template.is_some());

    let mut text = instance_text();
    let template = text["template"].as_object_mut().expect("an object");
    template.remove("pids");
    let (_folder, path) = file(&text.to_string());
    let record = instance(&path, instance_id()).expect("in parts");
    assert!(record.partial && record.ready_at.is_some());
    assert_eq!(record.workload, id());
    assert_eq!(record.first.map(|first| first.pid), Some(30387));
    assert_eq!(record.template.memory_mib, 256);
    assert_eq!(record.template.package.label, "Shop 2.4.1");
}

#[test]
fn what_is_no_record_at_all_keeps_its_name() {
    for text in ["", "{", "[]", "null", "\0\0\0"] {
        let (_folder, path) = file(text);
        let stored = workload(&path, id());
        assert!(stored.unreadable.is_some(), "{text:?}");
        assert_eq!(stored.record.wanted.id, id(), "{text:?}");
        assert!(stored.record.wanted.template.is_none(), "{text:?}");
        assert!(instance(&path, instance_id()).is_none(), "{text:?}");
    }
}
