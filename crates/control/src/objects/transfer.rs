//! Moving bytes between files and the store, hashed on the way: what differs is never an object.

use crate::error::{Error, Result};
use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use std::path::Path as File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What an object must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// The size of a part: 10,000 of them, the most that S3 takes, are 80 GiB.
const PART: usize = 8 << 20;
/// Parts that are under way at once, each in memory.
const AT_ONCE: usize = 4;
const READ: usize = 1 << 20;

/// Stores a file if it is `content`; otherwise, and when it fails, nothing is stored.
pub(super) async fn upload(
    store: &dyn ObjectStore,
    path: &Path,
    file: &File,
    content: &Content,
) -> Result<()> {
    let parts = store.put_multipart(path).await.map_err(super::failed)?;
    let mut upload = WriteMultipart::new_with_chunk_size(parts, PART);
    let sent = send(&mut upload, file).await.and_then(|sent| {
        if sent == *content {
            Ok(())
        } else {
            Err(Error::internal(
                format!("storing {path}"),
                "the file is no longer what was received",
            ))
        }
    });
    if let Err(error) = sent {
        if let Err(left) = upload.abort().await {
            tracing::warn!(error = %left, %path, "parts of a broken upload stay until the server drops them");
        }
        return Err(error);
    }
    upload.finish().await.map_err(super::failed)?;
    let stored = store.head(path).await.map_err(super::failed)?;
    if stored.size != content.size {
        return Err(Error::internal(
            format!("storing {path}"),
            format!("{} bytes of {} were kept", stored.size, content.size),
        ));
    }
    Ok(())
}

async fn send(upload: &mut WriteMultipart, file: &File) -> Result<Content> {
    let io = |error| Error::internal("reading a received file", error);
    let mut file = tokio::fs::File::open(file).await.map_err(io)?;
    let mut buffer = vec![0; READ];
    let mut hash = Sha256::new();
    let mut size: u64 = 0;
    loop {
        let read = file.read(&mut buffer).await.map_err(io)?;
        if read == 0 {
            return Ok(Content {
                size,
                sha256: hex::encode(hash.finalize()),
            });
        }
        let bytes = &buffer[..read];
        hash.update(bytes);
        size += u64::try_from(read).unwrap_or(u64::MAX);
        upload
            .wait_for_capacity(AT_ONCE)
            .await
            .map_err(super::failed)?;
        upload.write(bytes);
    }
}

/// Writes an object to a new file; an error if its bytes are not those of `sha256`.
pub(super) async fn download(
    store: &dyn ObjectStore,
    path: &Path,
    file: &File,
    sha256: &str,
) -> Result<()> {
    let disk = |error| Error::internal(format!("copying {path}"), error);
    let found = store.get(path).await.map_err(super::failed)?;
    crate::resources::disk_space::check(file, found.meta.size)?;
    let mut out = tokio::fs::File::create(file).await.map_err(disk)?;
    let mut hash = Sha256::new();
    let mut bytes = found.into_stream();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(super::failed)?;
        hash.update(&chunk);
        out.write_all(&chunk).await.map_err(disk)?;
    }
    out.sync_all().await.map_err(disk)?;
    if hex::encode(hash.finalize()) != sha256 {
        return Err(Error::internal(
            format!("copying {path}"),
            "the store holds other bytes than those that were kept",
        ));
    }
    Ok(())
}
