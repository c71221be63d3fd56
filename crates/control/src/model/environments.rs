//! An environment as the database has it: what is desired of it and what it stands on.

use super::apps::App;
use crate::error::Result;
use crate::secrets::Secrets;
use domain::ids::{AppId, CompanyId, EnvironmentId, PackageId};
use domain::names::EnvironmentName;
use domain::plans::Plan;
use domain::scaling::Scale;
use domain::states::{Desired, InstanceState, Status, StatusFacts};
use engine::observation::{Instance, Observation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// An environment as the database has it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its company.
    pub company: CompanyId,
    /// Its app.
    pub app: AppId,
    /// Its name.
    pub name: EnvironmentName,
    /// The first label of its host name.
    pub host_label: String,
    /// Its place among the app's environments.
    pub position: i16,
    /// Whether it should serve.
    pub desired: Desired,
    /// Instances and memory desired.
    pub scale: Scale,
    /// The package desired.
    pub package: Option<PackageId>,
    /// The package that serves: another than the desired one while a deployment is under way.
    pub live: Option<PackageId>,
    /// The instance that the debugger's path leads to.
    pub debugger_instance: u16,
    /// How often a restart was asked for.
    pub restarts: i64,
    /// Grows with each change of what is desired.
    pub revision: i64,
    /// Whether its database and bucket exist.
    pub provisioned: bool,
    /// Its database.
    pub database_name: String,
    /// The role that may use it.
    pub database_role: String,
    /// The connections that its database server has promised it.
    pub connections: Option<u32>,
    /// What the engine last told, and when.
    pub observed: Option<(Observation, OffsetDateTime)>,
}

/// An environment as lists need it: counted when it was observed, not read again.
#[derive(Debug, Clone)]
pub(crate) struct ListedEnvironment {
    pub(crate) id: EnvironmentId,
    pub(crate) name: EnvironmentName,
    pub(crate) host_label: String,
    /// What decides on its status, at the time it was read.
    pub(crate) facts: StatusFacts,
    /// The package that serves: `Shop 2.4.1`.
    pub(crate) package: Option<String>,
    /// The title of the last operation on it, if that failed or is stuck.
    pub(crate) last_failure: Option<String>,
}

/// The sealed passwords of an environment.
pub(crate) struct Passwords {
    pub(crate) database: Vec<u8>,
    pub(crate) debugger: Vec<u8>,
    pub(crate) admin: Vec<u8>,
}

/// What a change may desire anew, all of it at once. Stored as an operation's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DesiredState {
    #[serde(alias = "wanted")]
    pub(crate) desired: Desired,
    pub(crate) scale: Scale,
    pub(crate) package: Option<PackageId>,
    pub(crate) restarts: i64,
}

impl From<&Environment> for DesiredState {
    fn from(e: &Environment) -> Self {
        Self {
            desired: e.desired,
            scale: e.scale,
            package: e.package,
            restarts: e.restarts,
        }
    }
}

/// How the names of databases and roles of environments start.
pub(crate) const DATABASES: &str = "env_";

/// What an environment's database and its role are called.
pub(crate) fn database_name(id: EnvironmentId) -> String {
    format!("{DATABASES}{}", id.uuid().simple())
}

impl Environment {
    /// An environment that nothing has been made for yet.
    pub(crate) fn new(
        id: EnvironmentId,
        app: &App,
        plan: &Plan,
        name: EnvironmentName,
        position: i16,
    ) -> Self {
        let identifier = database_name(id);
        Self {
            id,
            company: app.company,
            app: app.id,
            host_label: name.host_label(&app.subdomain),
            name,
            position,
            desired: Desired::Stopped,
            scale: Scale::initial(plan),
            package: None,
            live: None,
            debugger_instance: 0,
            restarts: 0,
            revision: 1,
            provisioned: false,
            database_name: identifier.clone(),
            database_role: identifier,
            connections: None,
            observed: None,
        }
    }

    /// The owner text that its secrets are sealed for.
    pub(crate) fn owner(&self) -> String {
        format!("environment {}", self.id)
    }

    pub(crate) fn new_passwords(&self, secrets: &Secrets) -> Result<Passwords> {
        let seal = |secret: &SecretString| secrets.seal(secret, &self.owner());
        Ok(Passwords {
            database: seal(&Secrets::generate())?,
            debugger: seal(&Secrets::generate())?,
            admin: seal(&Secrets::generate())?,
        })
    }

    /// Its status at `now`.
    pub fn status(&self, now: OffsetDateTime) -> Status {
        self.facts(now).status()
    }

    /// When the engine last told of it, seconds since 1970.
    pub(crate) fn observed_at(&self) -> Option<i64> {
        let observed = self.observed.as_ref();
        observed.map(|(_, at)| at.unix_timestamp())
    }

    fn facts(&self, now: OffsetDateTime) -> StatusFacts {
        let counts = self
            .observed
            .as_ref()
            .map(|(o, _)| Counts::of(o))
            .unwrap_or_default();
        StatusFacts {
            desired: self.desired,
            deployed: self.package.is_some(),
            provisioned: self.provisioned,
            desired_instances: self.scale.instances,
            ready: counts.ready,
            existing: counts.existing,
            crashed: counts.crashed,
            age_seconds: self
                .observed
                .as_ref()
                .map(|(_, at)| (now - *at).whole_seconds()),
        }
    }
}

/// Instances of an observation, counted by what matters for the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ready: u16,
    pub(crate) existing: u16,
    pub(crate) crashed: u16,
}

impl Counts {
    pub(crate) fn of(observation: &Observation) -> Self {
        let count = |counts: &dyn Fn(&Instance) -> bool| {
            u16::try_from(observation.instances.iter().filter(|i| counts(i)).count())
                .unwrap_or(u16::MAX)
        };
        Self {
            ready: count(&|i| i.state == InstanceState::Ready),
            existing: count(&|i| i.state != InstanceState::Crashed),
            crashed: count(&|i| i.state == InstanceState::Crashed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_release_stored_is_read() {
        let stored = r#"{"wanted":"running","scale":{"instances":2,"memory_mib":1024},"package":null,"restarts":3}"#;
        let read: DesiredState = serde_json::from_str(stored).expect("reads");
        assert_eq!((read.desired, read.restarts), (Desired::Running, 3));
    }
}
