//! The actions by name, with typed answers.

use crate::client::Client;
use crate::codes::{self, StartResult};
use crate::error::CallError;
use crate::message::plain;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The largest answer to an echo, bytes: it is asked every second, of every instance.
const LARGEST_ECHO: usize = 64 << 10;
/// The largest answer with the statements for a database, bytes: those of a large model are long, and it is asked
/// once in a start at most.
const LARGEST_DDL: usize = 16 << 20;
/// Critical messages that are passed on.
const MOST_CRITICAL: usize = 20;

/// What a runtime does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeStatus {
    /// Made, not yet started.
    Created,
    /// On its way up.
    Starting,
    /// Could not start and cannot be used.
    Broken,
    /// Serves.
    Running,
    /// On its way down.
    Stopping,
    /// Ended.
    Stopped,
}

/// The answer to `echo`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Echo {
    /// Critical messages the runtime logged; empty when all is well.
    pub critical: Vec<String>,
}

/// What a runtime says it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct About {
    /// The runtime's name.
    #[serde(default)]
    pub name: String,
    /// Who made it.
    #[serde(default)]
    pub vendor: String,
    /// The runtime's version.
    #[serde(default)]
    pub version: String,
    /// The version of the model it runs.
    #[serde(default)]
    pub model_version: Option<String>,
    /// The Java version it runs on.
    #[serde(default)]
    pub java_version: Option<String>,
}

/// How a `start` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartOutcome {
    /// The app runs.
    Started,
    /// The app does not run.
    NotStarted {
        /// Why.
        result: StartResult,
        /// The runtime's own words; may be empty.
        said: String,
        /// With [`StartResult::InsecureAdministrator`], the accounts concerned.
        users: Vec<String>,
    },
}

/// State of the debugger of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DebuggerStatus {
    /// Whether a debugger may connect.
    pub enabled: bool,
    /// Whether one is connected.
    #[serde(default)]
    pub client_connected: bool,
    /// Microflows that wait at a breakpoint.
    #[serde(default)]
    pub number_of_paused_microflows: u32,
}

/// How the app says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// The app's check found nothing.
    Healthy,
    /// The app's check found something.
    Sick,
    /// The app has no check.
    Unknown,
}

/// The answer of the app's own health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How the app is.
    pub health: HealthState,
    /// What the check says about it.
    #[serde(default)]
    pub diagnosis: Option<String>,
}

/// The level at which a part of the runtime logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLevel {
    /// The part, such as `ConnectionBus`.
    pub name: String,
    /// `NONE`, `CRITICAL`, `ERROR`, `WARNING`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
}

impl Client {
    async fn feedback(&self, action: &str, params: Value) -> Result<Map<String, Value>, CallError> {
        self.call(action, params).await?.into_feedback(action)
    }

    async fn typed<T: DeserializeOwned>(
        &self,
        action: &str,
        params: Value,
    ) -> Result<T, CallError> {
        read(action, Value::Object(self.feedback(action, params).await?))
    }

    async fn done(&self, action: &str, params: Value) -> Result<(), CallError> {
        self.feedback(action, params).await.map(drop)
    }

    /// Asks whether the admin server is alive.
    pub async fn echo(&self) -> Result<Echo, CallError> {
        let client = self.with_largest_answer(LARGEST_ECHO.min(self.largest_answer()));
        let feedback = client.feedback("echo", json!({ "echo": "ping" })).await?;
        let errors = feedback.get("errors").and_then(Value::as_array);
        let errors = errors.into_iter().flatten().take(MOST_CRITICAL);
        let critical = errors.map(|error| {
            let message = error.get("message").and_then(Value::as_str);
            message.map_or_else(|| plain(&error.to_string()), plain)
        });
        Ok(Echo {
            critical: critical.collect(),
        })
    }

    /// What the runtime is.
    pub async fn about(&self) -> Result<About, CallError> {
        self.typed("about", json!({})).await
    }

    /// What the runtime does at this moment.
    pub async fn runtime_status(&self) -> Result<RuntimeStatus, CallError> {
        let mut feedback = self.feedback("runtime_status", json!({})).await?;
        read(
            "runtime_status",
            feedback.remove("status").unwrap_or_default(),
        )
    }

    /// Adds a receiver of log messages; `params` as in the protocol: `type`, `name`, ….
    pub async fn create_log_subscriber(&self, params: Value) -> Result<(), CallError> {
        self.done("create_log_subscriber", params).await
    }

    /// Lets messages flow to the receivers.
    pub async fn start_logging(&self) -> Result<(), CallError> {
        self.done("start_logging", json!({})).await
    }

    /// Sets levels for one receiver, or for all with `*`.
    pub async fn set_log_level(
        &self,
        subscriber: &str,
        levels: &[LogLevel],
    ) -> Result<(), CallError> {
        let params = json!({ "subscriber": subscriber, "nodes": levels, "force": true });
        self.done("set_log_level", params).await
    }

    /// The levels in force: by receiver, then by part of the runtime.
    pub async fn get_log_settings(&self) -> Result<Map<String, Value>, CallError> {
        self.feedback("get_log_settings", json!({ "sort": "subscriber" }))
            .await
    }

    /// Says where the app listens.
    pub async fn update_appcontainer_configuration(
        &self,
        settings: Map<String, Value>,
    ) -> Result<(), CallError> {
        self.done("update_appcontainer_configuration", Value::Object(settings))
            .await
    }

    /// Gives the runtime its whole configuration.
    pub async fn update_configuration(
        &self,
        configuration: Map<String, Value>,
    ) -> Result<(), CallError> {
        self.done("update_configuration", Value::Object(configuration))
            .await
    }

    /// Starts the app.
    pub async fn start(&self) -> Result<StartOutcome, CallError> {
        let reply = self.call("start", json!({})).await?;
        if reply.result == codes::OK {
            return Ok(StartOutcome::Started);
        }
        if reply.result < 0 {
            reply.into_feedback("start")?;
            return Ok(StartOutcome::Started);
        }
        let users = reply.feedback.get("users").and_then(Value::as_array);
        let users = users
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned);
        Ok(StartOutcome::NotStarted {
            result: StartResult::of(reply.result),
            said: reply.said(),
            users: users.collect(),
        })
    }

    /// The statements that would bring the database to the model's structure.
    pub async fn get_ddl_commands(&self) -> Result<Vec<String>, CallError> {
        let mut feedback = self
            .with_largest_answer(LARGEST_DDL)
            .feedback("get_ddl_commands", json!({ "verbose": true }))
            .await?;
        read(
            "get_ddl_commands",
            feedback.remove("ddl_commands").unwrap_or_else(|| json!([])),
        )
    }

    /// Brings the database to the model's structure.
    pub async fn execute_ddl_commands(&self) -> Result<(), CallError> {
        self.done("execute_ddl_commands", json!({})).await
    }

    /// Makes or updates the model's administrator.
    pub async fn create_admin_user(&self, password: &SecretString) -> Result<(), CallError> {
        self.done(
            "create_admin_user",
            json!({ "password": password.expose_secret() }),
        )
        .await
    }

    /// Gives an administrator a new password.
    pub async fn update_admin_user(
        &self,
        user: &str,
        password: &SecretString,
    ) -> Result<(), CallError> {
        let params = json!({ "username": user, "password": password.expose_secret() });
        self.done("update_admin_user", params).await
    }

    /// Lets a debugger connect that knows `password`.
    pub async fn enable_debugger(&self, password: &SecretString) -> Result<(), CallError> {
        self.done(
            "enable_debugger",
            json!({ "password": password.expose_secret() }),
        )
        .await
    }

    /// Lets no debugger connect.
    pub async fn disable_debugger(&self) -> Result<(), CallError> {
        self.done("disable_debugger", json!({})).await
    }

    /// State of the debugger.
    pub async fn get_debugger_status(&self) -> Result<DebuggerStatus, CallError> {
        self.typed("get_debugger_status", json!({})).await
    }

    /// Runs the app's own health check.
    pub async fn check_health(&self) -> Result<Health, CallError> {
        self.typed("check_health", json!({})).await
    }

    /// Counters of requests, sessions, statements and memory.
    pub async fn runtime_statistics(&self) -> Result<Map<String, Value>, CallError> {
        self.feedback("runtime_statistics", json!({})).await
    }

    /// Numbers of the web server's connections and threads.
    pub async fn server_statistics(&self) -> Result<Map<String, Value>, CallError> {
        self.feedback("server_statistics", json!({})).await
    }

    /// Ends the runtime. A runtime that ends does not answer: a connection that drops, or that
    /// nothing takes any more, is what was asked for. Nor does it while it finishes its work: once
    /// it was asked, silence says no more than that it takes its time.
    pub async fn shutdown(&self) -> Result<(), CallError> {
        match self.done("shutdown", json!({})).await {
            Err(
                CallError::Dropped { .. }
                | CallError::Unreachable { .. }
                | CallError::TimedOut { .. },
            ) => Ok(()),
            other => other,
        }
    }
}

fn read<T: DeserializeOwned>(action: &str, value: Value) -> Result<T, CallError> {
    serde_json::from_value(value).map_err(|error| CallError::Malformed {
        action: action.to_owned(),
        // The error quotes what it has met.
        reason: plain(&error.to_string()),
    })
}
