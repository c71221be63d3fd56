//! The action `start` and its refusals.

use crate::configuration::Configuration;
use crate::database::{self, Structure};
use crate::runtime::Runtime;
use crate::settings::Address;
use crate::{app, listen};
use m2ee::calls::RuntimeStatus;
use m2ee::codes::StartResult;
use m2ee::message::Reply;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use std::sync::Arc;

/// The documented results have no number for what went wrong.
const FAILED: i64 = 1;

/// Takes the app's port, unless the process was started with a socket.
pub fn set_address(runtime: &Runtime, settings: &Map<String, Value>) -> Reply {
    let Some(port) = settings.get("runtime_port") else {
        return Reply::done(json!({}));
    };
    let Some(port) = port.as_u64().and_then(|port| u16::try_from(port).ok()) else {
        return Reply::refused(FAILED, "runtime_port must be a port");
    };
    runtime.with_state(|state| {
        if !matches!(state.address, Some(Address::Socket(_))) {
            state.address = Some(Address::Port(port));
        }
    });
    Reply::done(json!({}))
}

/// Starts the app.
pub async fn start(runtime: &Arc<Runtime>) -> Reply {
    let _changing = runtime.changing.lock().await;
    let ready = runtime.with_state(|state| {
        if state.status != RuntimeStatus::Created {
            return Err(refusal(StartResult::InvalidState));
        }
        state.status = RuntimeStatus::Starting;
        Ok((
            state.configuration.clone(),
            state.pool.clone(),
            state.address.clone(),
        ))
    });
    let outcome = match ready {
        Ok((configuration, pool, address)) => {
            try_start(runtime, configuration.as_deref(), pool, address).await
        }
        Err(reply) => return reply,
    };
    match outcome {
        Ok(()) => {
            runtime.with_state(|state| state.status = RuntimeStatus::Running);
            runtime.journal.info("Core", "the app runs");
            Reply::done(json!({}))
        }
        Err(reply) => {
            runtime.with_state(|state| state.status = RuntimeStatus::Created);
            let said = reply.said();
            runtime.journal.error(
                "Core",
                &format!("the app does not start, result {}: {said}", reply.result),
            );
            reply
        }
    }
}

async fn try_start(
    runtime: &Arc<Runtime>,
    configuration: Option<&Configuration>,
    pool: Option<PgPool>,
    address: Option<Address>,
) -> Result<(), Reply> {
    let Some(configuration) = configuration else {
        return Err(Reply::refused(FAILED, "no configuration was given"));
    };
    check(runtime, configuration)?;
    let (Some(pool), Some(address)) = (pool, address) else {
        return Err(Reply::refused(
            FAILED,
            "no database or no address is configured",
        ));
    };
    match database::structure(&pool).await {
        Ok(Structure::Fits) => {}
        Ok(Structure::Outdated) => return Err(refusal(StartResult::StructureOutdated)),
        Ok(Structure::NoDatabase) => return Err(refusal(StartResult::DatabaseMissing)),
        Err(error) => return Err(no_database(&error)),
    }
    let behaviour = &runtime.package.behaviour;
    if behaviour.fail_start {
        let more = " and again".repeat(behaviour.fail_text_bytes / 10);
        return Err(Reply {
            cause: Some(format!(
                "the package asks for it (SampleRuntime.FailStart){more}"
            )),
            ..refusal(StartResult::StartupActionFailed)
        });
    }
    let listener = listen::bind(&address)
        .map_err(|error| Reply::refused(FAILED, format!("cannot listen at {address}: {error}")))?;
    let router = app::router(runtime.clone());
    let ending = runtime.ending.clone().cancelled_owned();
    let runtime_in_server = runtime.clone();
    let server = tokio::spawn(async move {
        if let Err(error) = listen::serve(listener, router, ending).await {
            runtime_in_server
                .journal
                .error("WebServer", &error.to_string());
        }
    });
    runtime.with_state(|state| state.server = Some(server));
    Ok(())
}

fn check(runtime: &Runtime, configuration: &Configuration) -> Result<(), Reply> {
    if configuration.dtap_mode.is_none() {
        return Err(refusal(StartResult::DtapModeMissing));
    }
    if !configuration.has_base_path {
        return Err(refusal(StartResult::BasePathMissing));
    }
    if !configuration.has_runtime_path {
        return Err(refusal(StartResult::RuntimePathMissing));
    }
    for (constant, has_default) in &runtime.package.constants {
        if !has_default && !configuration.constants.contains_key(constant) {
            return Err(Reply {
                cause: Some(constant.clone()),
                ..refusal(StartResult::ConstantMissing)
            });
        }
    }
    Ok(())
}

fn refusal(result: StartResult) -> Reply {
    Reply::refused(result.number(), result.to_string())
}

/// The database does not do what it should.
pub fn no_database(error: &sqlx::Error) -> Reply {
    Reply {
        cause: Some(error.to_string()),
        ..Reply::refused(FAILED, "the database cannot be used")
    }
}
