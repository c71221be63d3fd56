//! From a process that exists to an app that runs: the documented sequence.
//!
//! Only the leader changes the database's structure; followers wait until it fits. A front proxy
//! must send nothing to the runtime before [`run`] has returned.

use crate::calls::{About, LogLevel, StartOutcome};
use crate::client::Client;
use crate::codes::StartResult;
use crate::error::CallError;
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// How often a start that the leader can put right is tried again.
const REPAIRS: u32 = 4;

/// Everything the sequence needs. May hold passwords, so `Debug` leaves the settings out.
#[derive(Clone)]
pub struct StartConfig {
    /// Whether this instance may change the database's structure.
    pub leader: bool,
    /// The whole configuration of the runtime.
    pub configuration: Map<String, Value>,
    /// Where the app listens; nothing is said about it when empty.
    pub appcontainer: Map<String, Value>,
    /// Receivers of log messages, each with the protocol's own parameters.
    pub log_subscribers: Vec<Value>,
    /// Levels to set for all receivers.
    pub log_levels: Vec<LogLevel>,
    /// The debugger's password.
    pub debugger_password: SecretString,
    /// The administrator's password.
    pub admin_password: SecretString,
    /// How long the process may take until it answers at all.
    pub alive_within: Duration,
    /// How long a single start may take.
    pub start_within: Duration,
    /// How long a follower waits for the leader to bring the database to the right structure.
    pub structure_within: Duration,
    /// How long between a follower's tries.
    pub structure_pause: Duration,
}

impl StartConfig {
    /// A configuration with the documented times and nothing optional.
    pub fn new(
        leader: bool,
        configuration: Map<String, Value>,
        debugger_password: SecretString,
        admin_password: SecretString,
    ) -> Self {
        Self {
            leader,
            configuration,
            appcontainer: Map::new(),
            log_subscribers: Vec::new(),
            log_levels: Vec::new(),
            debugger_password,
            admin_password,
            alive_within: Duration::from_mins(1),
            start_within: Duration::from_mins(5),
            structure_within: Duration::from_mins(10),
            structure_pause: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for StartConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StartConfig")
            .field("leader", &self.leader)
            .finish_non_exhaustive()
    }
}

/// Why the app does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process did not answer in time.
    #[error("the runtime did not answer within {seconds} s of its start")]
    NotAlive {
        /// The time it had.
        seconds: u64,
        /// The last failure.
        #[source]
        source: CallError,
    },
    /// The runtime says why it does not start the app.
    #[error("{result} (start result {}){}", .result.number(), in_its_words(.said))]
    Refused {
        /// Why.
        result: StartResult,
        /// The runtime's own words; may be empty.
        said: String,
    },
    /// The leader did not bring the database to the right structure in time.
    #[error("the database did not get the right structure within {seconds} s")]
    StructureNotReady {
        /// The time the leader had.
        seconds: u64,
    },
    /// A call of the sequence failed.
    #[error("{phase} failed")]
    Call {
        /// What was being done.
        phase: &'static str,
        /// Why it failed.
        #[source]
        source: CallError,
    },
}

fn in_its_words(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// Brings the runtime behind `client` to a running app; `on_phase` hears what is being done.
pub async fn run(
    client: &Client,
    config: &StartConfig,
    mut on_phase: impl FnMut(&str),
) -> Result<About, StartError> {
    let mut enter = |phase: &'static str| {
        on_phase(phase);
        move |source| StartError::Call { phase, source }
    };

    let _ = enter("Waiting for the runtime");
    alive(client, config.alive_within).await?;

    let failed = enter("Setting up logging");
    for subscriber in &config.log_subscribers {
        client
            .create_log_subscriber(subscriber.clone())
            .await
            .map_err(failed)?;
    }
    client.start_logging().await.map_err(failed)?;

    let failed = enter("Configuring the runtime");
    if !config.appcontainer.is_empty() {
        let appcontainer = config.appcontainer.clone();
        client
            .update_appcontainer_configuration(appcontainer)
            .await
            .map_err(failed)?;
    }
    client
        .update_configuration(config.configuration.clone())
        .await
        .map_err(failed)?;

    started(client, config, &mut enter).await?;

    if config.leader {
        let failed = enter("Setting the administrator's password");
        client
            .create_admin_user(&config.admin_password)
            .await
            .map_err(failed)?;
    }
    let failed = enter("Checking the runtime");
    let about = client.about().await.map_err(failed)?;
    let failed = enter("Enabling the debugger");
    client
        .enable_debugger(&config.debugger_password)
        .await
        .map_err(failed)?;
    if !config.log_levels.is_empty() {
        let failed = enter("Setting log levels");
        client
            .set_log_level("*", &config.log_levels)
            .await
            .map_err(failed)?;
    }
    Ok(about)
}

async fn alive(client: &Client, within: Duration) -> Result<(), StartError> {
    let deadline = Instant::now() + within;
    let quick = client.with_timeout(Duration::from_secs(2));
    let mut pause = Duration::from_millis(5);
    loop {
        match quick.echo().await {
            Ok(echo) => {
                for critical in echo.critical {
                    tracing::warn!(critical, "the runtime reports a critical message");
                }
                return Ok(());
            }
            Err(source) if !source.is_transient() => {
                return Err(StartError::Call {
                    phase: "Waiting for the runtime",
                    source,
                });
            }
            Err(source) if Instant::now() + pause >= deadline => {
                return Err(StartError::NotAlive {
                    seconds: within.as_secs(),
                    source,
                });
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

async fn started<F: FnOnce(CallError) -> StartError + Copy>(
    client: &Client,
    config: &StartConfig,
    enter: &mut impl FnMut(&'static str) -> F,
) -> Result<(), StartError> {
    let patient = client.with_timeout(config.start_within);
    let follower_deadline = Instant::now() + config.structure_within;
    let mut repairs = 0;
    loop {
        let failed = enter("Starting the app");
        let outcome = patient.start().await.map_err(failed)?;
        let StartOutcome::NotStarted {
            result,
            said,
            users,
        } = outcome
        else {
            return Ok(());
        };
        let repairable = matches!(
            result,
            StartResult::DatabaseMissing
                | StartResult::StructureOutdated
                | StartResult::InsecureAdministrator
        );
        if !repairable || (config.leader && repairs == REPAIRS) {
            return Err(StartError::Refused { result, said });
        }
        repairs += 1;
        if !config.leader {
            let _ = enter("Waiting for the database's structure");
            if Instant::now() + config.structure_pause >= follower_deadline {
                return Err(StartError::StructureNotReady {
                    seconds: config.structure_within.as_secs(),
                });
            }
            tokio::time::sleep(config.structure_pause).await;
        } else if result == StartResult::InsecureAdministrator {
            let failed = enter("Setting the administrator's password");
            for user in users {
                client
                    .update_admin_user(&user, &config.admin_password)
                    .await
                    .map_err(failed)?;
            }
        } else {
            let failed = enter("Updating the database's structure");
            let commands = patient.get_ddl_commands().await.map_err(failed)?;
            tracing::info!(
                commands = commands.len(),
                "changing the database's structure"
            );
            patient.execute_ddl_commands().await.map_err(failed)?;
        }
    }
}
