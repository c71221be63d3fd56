//! Records with nothing in them, to be filled with what can be read.

use crate::record::{InstanceRecord, VERSION, WorkloadRecord};
use domain::ids::{EnvironmentId, InstanceId};
use engine::refs::{BucketRef, DatabaseRef, PackageRef};
use engine::workload::{Template, Workload};
use secrecy::SecretString;
use std::collections::BTreeMap;
use url::Url;
use uuid::Uuid;

/// How long the instances of a workload may finish their requests if nothing else is known, seconds.
const DRAIN_SECONDS: u32 = 30;

/// A workload of which the id alone is known.
pub fn workload(id: EnvironmentId) -> WorkloadRecord {
    WorkloadRecord::new(Workload {
        id,
        revision: 0,
        title: "This app".to_owned(),
        hosts: Vec::new(),
        instances: 0,
        template: Some(template()),
        debugger_instance: 0,
        drain_seconds: DRAIN_SECONDS,
        files_bytes: None,
    })
}

/// An instance of which the id alone is known.
pub fn instance(id: InstanceId) -> InstanceRecord {
    InstanceRecord {
        version: VERSION,
        id,
        workload: EnvironmentId::new(Uuid::nil()),
        index: 0,
        zone: String::new(),
        template: template(),
        uid: 0,
        sandbox: String::new(),
        admin_password: SecretString::from(String::new()),
        first: None,
        runtime_pid: None,
        groups: BTreeMap::new(),
        ready_at: None,
        partial: true,
    }
}

fn template() -> Template {
    Template {
        package: PackageRef {
            sha256: String::new(),
            bytes: 0,
            url: nowhere(),
            label: String::new(),
        },
        runtime: String::new(),
        memory_mib: 0,
        cpu_milli: 0,
        pids: 0,
        database: DatabaseRef {
            host: String::new(),
            port: 0,
            name: String::new(),
            user: String::new(),
            password: SecretString::from(String::new()),
        },
        bucket: BucketRef { url: nowhere() },
        dtap_mode: String::new(),
        root_url: String::new(),
        constants: BTreeMap::new(),
        settings: BTreeMap::new(),
        debugger_password: SecretString::from(String::new()),
        admin_password: SecretString::from(String::new()),
        restarts: 0,
    }
}

fn nowhere() -> Url {
    Url::parse("file:///").expect("this is an address")
}
