//! A counter that all instances share.

use super::failure::{self, Failure};
use crate::runtime::Runtime;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The counter's value.
pub async fn show(State(runtime): State<Arc<Runtime>>) -> Result<Json<Value>, Failure> {
    runtime.statistics.selects.fetch_add(1, Ordering::Relaxed);
    value_of(&runtime, "SELECT value FROM counter WHERE id = 1").await
}

/// Adds one.
pub async fn add(State(runtime): State<Arc<Runtime>>) -> Result<Json<Value>, Failure> {
    runtime.statistics.updates.fetch_add(1, Ordering::Relaxed);
    value_of(
        &runtime,
        "UPDATE counter SET value = value + 1 WHERE id = 1 RETURNING value",
    )
    .await
}

async fn value_of(runtime: &Runtime, statement: &'static str) -> Result<Json<Value>, Failure> {
    let pool = runtime
        .pool()
        .ok_or_else(|| failure::database(runtime, &"no database"))?;
    let value: i64 = sqlx::query_scalar(statement)
        .fetch_one(&pool)
        .await
        .map_err(|error| failure::database(runtime, &error))?;
    Ok(Json(
        json!({ "value": value, "index": runtime.settings.instance_index }),
    ))
}
