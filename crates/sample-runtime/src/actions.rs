//! What each action does.

use crate::journal::Level;
use crate::runtime::Runtime;
use crate::{database, starting};
use m2ee::calls::RuntimeStatus;
use m2ee::codes::UNKNOWN_ACTION;
use m2ee::message::Reply;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The configuration is missing or wrong.
const WRONG_CONFIGURATION: i64 = 1;
/// The runtime is not in a state for this.
const WRONG_STATE: i64 = 2;

/// Every action, and whether the app has to run for it.
const ACTIONS: [(&str, bool); 30] = [
    ("about", false),
    ("add_mime_type", false),
    ("cache_statistics", true),
    ("check_health", true),
    ("close_stdio", false),
    ("create_admin_user", true),
    ("create_log_subscriber", false),
    ("disable_debugger", true),
    ("echo", false),
    ("enable_debugger", true),
    ("execute_ddl_commands", false),
    ("get_admin_action_info", false),
    ("get_all_thread_stack_traces", true),
    ("get_current_runtime_requests", true),
    ("get_ddl_commands", false),
    ("get_debugger_status", true),
    ("get_license_information", false),
    ("get_log_settings", false),
    ("get_logged_in_user_names", true),
    ("interrupt_request", true),
    ("runtime_statistics", true),
    ("runtime_status", false),
    ("server_statistics", true),
    ("set_log_level", false),
    ("shutdown", false),
    ("start", false),
    ("start_logging", false),
    ("update_admin_user", true),
    ("update_appcontainer_configuration", false),
    ("update_configuration", false),
];

/// Runs one action.
pub async fn run(runtime: &Arc<Runtime>, action: &str, params: Value) -> Reply {
    let params = match params {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    match action {
        "echo" => Reply::done(json!({ "echo": "pong" })),
        "about" => about(runtime),
        "runtime_status" => Reply::done(json!({ "status": runtime.status() })),
        "create_log_subscriber" => create_log_subscriber(runtime, &params),
        "start_logging" | "add_mime_type" | "close_stdio" => Reply::done(json!({})),
        "set_log_level" => set_log_level(runtime, &params),
        "get_log_settings" => log_settings(runtime),
        "update_appcontainer_configuration" => starting::set_address(runtime, &params),
        "update_configuration" => match runtime.configure(&params) {
            Ok(()) => Reply::done(json!({})),
            Err(message) => Reply::refused(WRONG_CONFIGURATION, message),
        },
        "start" => starting::start(runtime).await,
        "get_ddl_commands" => ddl_commands(runtime).await,
        "execute_ddl_commands" => execute_ddl_commands(runtime).await,
        // Without a licence there is no key `license`: its users ask whether it is there.
        "get_license_information" => Reply::done(json!({ "license_id": null })),
        "get_admin_action_info" => Reply::done(json!({ "action_info": action_info() })),
        "shutdown" => {
            runtime.ending.cancel();
            // A runtime that ends does not answer any more.
            std::future::pending().await
        }
        "check_health" if runtime.status() != RuntimeStatus::Running => {
            Reply::refused(WRONG_STATE, "the app does not run")
        }
        _ if runtime.status() == RuntimeStatus::Running => {
            run_while_running(runtime, action, &params)
        }
        _ => unknown(action),
    }
}

fn run_while_running(runtime: &Runtime, action: &str, params: &Map<String, Value>) -> Reply {
    match action {
        "check_health" => Reply::done(json!({ "health": "healthy", "diagnosis": "" })),
        "create_admin_user" | "update_admin_user" => match password(params) {
            Some(_) => Reply::done(json!({})),
            None => Reply::refused(WRONG_CONFIGURATION, "the password is missing"),
        },
        "enable_debugger" => match password(params) {
            Some(password) => {
                runtime.with_state(|state| state.debugger_password = Some(password));
                runtime.journal.info("Core", "the debugger is enabled");
                Reply::done(json!({}))
            }
            None => Reply::refused(WRONG_CONFIGURATION, "the password is missing"),
        },
        "disable_debugger" => {
            runtime.with_state(|state| state.debugger_password = None);
            runtime.journal.info("Core", "the debugger is disabled");
            Reply::done(json!({}))
        }
        "get_debugger_status" => Reply::done(json!({
            "enabled": runtime.with_state(|state| state.debugger_password.is_some()),
            "client_connected": false,
            "number_of_paused_microflows": 0,
        })),
        "runtime_statistics" => Reply::done(runtime.statistics.feedback()),
        "server_statistics" => Reply::done(json!({
            "jetty": { "current_connections": 0, "max_connections": 0, "max_idle_time_s": 0 },
            "threadpool": {
                "threads": 1, "idle_threads": 0, "min_threads": 1, "max_threads": 1,
                "max_queued": 0, "max_idle_time_s": 0, "max_stop_time_s": 0, "threads_priority": 5,
            },
        })),
        "cache_statistics" => Reply::done(json!({ "totals": {}, "user_totals": [] })),
        "get_logged_in_user_names" => Reply::done(json!({ "count": 0, "users": [] })),
        "get_current_runtime_requests" | "get_all_thread_stack_traces" => Reply::done(json!({})),
        "interrupt_request" => Reply::done(json!({ "result": false })),
        _ => unknown(action),
    }
}

fn unknown(action: &str) -> Reply {
    Reply::refused(UNKNOWN_ACTION, format!("no action {action} in this state"))
}

/// What each action needs.
fn action_info() -> Map<String, Value> {
    let actions = ACTIONS.into_iter();
    let info = actions.map(|(name, running)| {
        (
            name.to_owned(),
            json!({ "name": name, "only_while_running": running }),
        )
    });
    info.collect()
}

fn about(runtime: &Runtime) -> Reply {
    Reply::done(json!({
        "name": "Sample Runtime",
        "vendor": "this project",
        "company": "this project",
        "version": env!("CARGO_PKG_VERSION"),
        "build": env!("CARGO_PKG_VERSION"),
        // It runs without Java, under the version that the package asks for.
        "java_version": runtime.package.java_version.to_string(),
        "copyright": "It stands in for a Mendix Runtime and runs no model.",
        "model_version": runtime.package.version,
    }))
}

fn create_log_subscriber(runtime: &Runtime, params: &Map<String, Value>) -> Reply {
    match params.get("name").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => {
            runtime.with_state(|state| state.log_subscribers.insert(name.to_owned()));
            Reply::done(json!({}))
        }
        _ => Reply::refused(WRONG_CONFIGURATION, "the subscriber has no name"),
    }
}

fn set_log_level(runtime: &Runtime, params: &Map<String, Value>) -> Reply {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let whole = Value::Object(params.clone());
    let wanted: Vec<(Option<String>, Option<String>)> = match params.get("nodes") {
        Some(Value::Array(nodes)) => nodes
            .iter()
            .map(|node| (text(node, "name"), text(node, "level")))
            .collect(),
        _ => vec![(text(&whole, "node"), text(&whole, "level"))],
    };
    let force = params
        .get("force")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    for (node, level) in wanted {
        let (Some(node), Some(level)) = (node, level.as_deref().and_then(Level::named)) else {
            return Reply::refused(WRONG_CONFIGURATION, "a level needs a node and a known name");
        };
        if !runtime.journal.set_level(&node, level) && !force {
            return Reply::refused(WRONG_CONFIGURATION, format!("there is no log node {node}"));
        }
    }
    Reply::done(json!({}))
}

fn log_settings(runtime: &Runtime) -> Reply {
    let levels = runtime.journal.levels().into_iter();
    let levels: Map<String, Value> = levels
        .map(|(node, level)| (node.to_owned(), json!(level.name())))
        .collect();
    let subscribers = runtime.with_state(|state| state.log_subscribers.clone());
    let settings = subscribers
        .into_iter()
        .map(|name| (name, Value::Object(levels.clone())));
    Reply::done(Value::Object(settings.collect()))
}

async fn ddl_commands(runtime: &Runtime) -> Reply {
    let Some(pool) = runtime.pool() else {
        return Reply::refused(WRONG_CONFIGURATION, "no database is configured");
    };
    match database::structure(&pool).await {
        Ok(database::Structure::Fits) => Reply::done(json!({ "ddl_commands": [] })),
        Ok(_) => Reply::done(json!({ "ddl_commands": database::STATEMENTS })),
        Err(error) => starting::no_database(&error),
    }
}

async fn execute_ddl_commands(runtime: &Runtime) -> Reply {
    let (configuration, pool) =
        runtime.with_state(|state| (state.configuration.clone(), state.pool.clone()));
    let (Some(configuration), Some(pool)) = (configuration, pool) else {
        return Reply::refused(WRONG_CONFIGURATION, "no database is configured");
    };
    let _changing = runtime.changing.lock().await;
    match database::make(&configuration, &pool).await {
        Ok(()) => {
            runtime
                .journal
                .info("ConnectionBus", "the database has the model's structure");
            Reply::done(json!({}))
        }
        Err(error) => starting::no_database(&error),
    }
}

fn password(params: &Map<String, Value>) -> Option<SecretString> {
    let password = params.get("password").and_then(Value::as_str)?;
    (!password.is_empty()).then(|| SecretString::from(password))
}
