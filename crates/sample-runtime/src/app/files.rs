//! Files in the environment's bucket, which all instances share.

use super::failure::{self, Failure};
use crate::runtime::Runtime;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

const LARGEST: u64 = 100 << 20;
const MOST_LISTED: i64 = 100;

/// The newest files.
pub async fn list(State(runtime): State<Arc<Runtime>>) -> Result<Json<Value>, Failure> {
    let pool = runtime
        .pool()
        .ok_or_else(|| failure::database(&runtime, &"no database"))?;
    runtime.statistics.selects.fetch_add(1, Ordering::Relaxed);
    let files: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, bytes FROM files ORDER BY changed_at DESC LIMIT $1")
            .bind(MOST_LISTED)
            .fetch_all(&pool)
            .await
            .map_err(|error| failure::database(&runtime, &error))?;
    let files = files
        .into_iter()
        .map(|(name, bytes)| json!({ "name": name, "bytes": bytes }));
    Ok(Json(json!({ "files": files.collect::<Vec<_>>() })))
}

/// A file's content.
pub async fn open(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let path = place(&runtime, &name)?;
    let file = match File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure(StatusCode::NOT_FOUND, "There is no such file."));
        }
        Err(error) => return Err(failure::bucket(&runtime, &error)),
    };
    let bytes = file
        .metadata()
        .await
        .map_err(|error| failure::bucket(&runtime, &error))?
        .len();
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

/// Keeps a file; the old content stays until the new one is whole.
pub async fn put(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Failure> {
    let path = place(&runtime, &name)?;
    let unfinished = path.with_file_name(format!(".{}.part", Uuid::new_v4()));
    let written = write(&runtime, &unfinished, body).await;
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(failure) => {
            let _ = fs::remove_file(&unfinished).await;
            return Err(failure);
        }
    };
    fs::rename(&unfinished, &path)
        .await
        .map_err(|error| failure::bucket(&runtime, &error))?;
    let pool = runtime
        .pool()
        .ok_or_else(|| failure::database(&runtime, &"no database"))?;
    runtime.statistics.inserts.fetch_add(1, Ordering::Relaxed);
    sqlx::query(
        "INSERT INTO files (name, bytes, changed_at) VALUES ($1, $2, clock_timestamp()) \
         ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes, changed_at = excluded.changed_at",
    )
    .bind(&name)
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .execute(&pool)
    .await
    .map_err(|error| failure::database(&runtime, &error))?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "name": name, "bytes": bytes })),
    )
        .into_response())
}

async fn write(runtime: &Runtime, path: &PathBuf, body: Body) -> Result<u64, Failure> {
    let bucket = |error: std::io::Error| failure::bucket(runtime, &error);
    let mut file = File::create_new(path).await.map_err(bucket)?;
    let mut pieces = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece =
            piece.map_err(|_| Failure(StatusCode::BAD_REQUEST, "The upload was broken off."))?;
        bytes += piece.len() as u64;
        if bytes > LARGEST {
            let text = "The file is larger than 100 MiB. Choose a smaller one.";
            return Err(Failure(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        file.write_all(&piece).await.map_err(bucket)?;
    }
    file.flush().await.map_err(bucket)?;
    file.sync_all().await.map_err(bucket)?;
    Ok(bytes)
}

fn place(runtime: &Runtime, name: &str) -> Result<PathBuf, Failure> {
    if is_safe(name) {
        return Ok(runtime.settings.app_base.join("data/files").join(name));
    }
    let text = "A file's name has 1 to 100 letters, digits, “.”, “-” or “_” and does not start \
                with “.”.";
    Err(Failure(StatusCode::BAD_REQUEST, text))
}

fn is_safe(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn names_stay_in_the_bucket() {
        for name in ["a", "note.txt", "A-1_2.x..y"] {
            assert!(is_safe(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".part",
            "a/b",
            "../a",
            "a b",
            "ü",
            "a\0",
            &"a".repeat(101),
        ] {
            assert!(!is_safe(name), "{name:?}");
        }
    }
}
