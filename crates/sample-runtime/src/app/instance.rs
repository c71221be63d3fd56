//! Which instance answers, and answers of a known size.

use super::failure::{self, Failure};
use crate::runtime::Runtime;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Which instance this is.
pub async fn show(State(runtime): State<Arc<Runtime>>) -> Json<Value> {
    Json(json!({
        "index": runtime.settings.instance_index,
        "instance_id": runtime.settings.instance_id,
        "name": runtime.package.name,
        "version": runtime.package.version,
        "memory_limit": runtime.settings.memory_limit_mib.map(|mebibytes| mebibytes << 20),
        "runtime": "Sample Runtime",
        "process": std::process::id(),
    }))
}

/// 1 KiB.
pub async fn load() -> &'static str {
    const KIBIBYTE: &str = match std::str::from_utf8(&[b'x'; 1024]) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    };
    KIBIBYTE
}

/// The request as it came here, without what would prove who sent it.
pub async fn echo(request: Request) -> Json<Value> {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        if name == AUTHORIZATION || name == COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match headers.entry(name.as_str()).or_insert_with(|| json!([])) {
            Value::Array(values) => values.push(Value::String(value)),
            other => *other = Value::String(value),
        }
    }
    Json(json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "query": request.uri().query(),
        "headers": headers,
    }))
}

/// How many visits there were.
pub async fn visits(State(runtime): State<Arc<Runtime>>) -> Result<Json<Value>, Failure> {
    total(&runtime).await
}

/// Counts a visit.
pub async fn visit(State(runtime): State<Arc<Runtime>>) -> Result<Json<Value>, Failure> {
    let pool = runtime
        .pool()
        .ok_or_else(|| failure::database(&runtime, &"no database"))?;
    runtime.statistics.inserts.fetch_add(1, Ordering::Relaxed);
    sqlx::query(
        "INSERT INTO visits (day, count) VALUES (current_date, 1) \
         ON CONFLICT (day) DO UPDATE SET count = visits.count + 1",
    )
    .execute(&pool)
    .await
    .map_err(|error| failure::database(&runtime, &error))?;
    total(&runtime).await
}

async fn total(runtime: &Runtime) -> Result<Json<Value>, Failure> {
    let pool = runtime
        .pool()
        .ok_or_else(|| failure::database(runtime, &"no database"))?;
    runtime.statistics.selects.fetch_add(1, Ordering::Relaxed);
    let visits: i64 = sqlx::query_scalar("SELECT coalesce(sum(count), 0)::bigint FROM visits")
        .fetch_one(&pool)
        .await
        .map_err(|error| failure::database(runtime, &error))?;
    Ok(Json(json!({ "visits": visits })))
}
