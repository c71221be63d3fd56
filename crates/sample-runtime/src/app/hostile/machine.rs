//! Attacks on the disk, the log and the memory of the machine.

use super::Outcome;
use std::io::{self, Write};
use std::path::PathBuf;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

const PIECE: usize = 1 << 20;

/// Writes one file of random content without end.
pub async fn fill(folder: PathBuf, bytes: u64) -> Outcome {
    let mut done = 0;
    let written: io::Result<()> = async {
        let mut file = File::create(folder.join(format!("hostile-{}", Uuid::new_v4()))).await?;
        while done < bytes {
            file.write_all(&noise()).await?;
            done += PIECE as u64;
        }
        file.sync_all().await
    }
    .await;
    outcome(done, written)
}

/// Prints to the log without end; every 200th byte is `end`.
pub async fn print(bytes: u64, end: u8) -> Outcome {
    let printing = tokio::task::spawn_blocking(move || {
        let mut piece = vec![b'x'; PIECE];
        piece.iter_mut().step_by(200).for_each(|byte| *byte = end);
        let (mut done, mut log) = (0, io::stderr());
        while done < bytes {
            if let Err(error) = log.write_all(&piece) {
                return outcome(done, Err(error));
            }
            done += PIECE as u64;
        }
        Outcome::whole(done)
    });
    match printing.await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::stopped(0, &error),
    }
}

/// Takes memory and writes to every page of it.
pub async fn take_memory(bytes: u64) -> Vec<Vec<u8>> {
    let mut taken = Vec::new();
    for _ in 0..bytes.div_ceil(PIECE as u64) {
        taken.push(noise());
        tokio::task::yield_now().await;
    }
    taken
}

/// Bytes that no file system and no memory stores twice.
fn noise() -> Vec<u8> {
    let mut piece = Vec::with_capacity(PIECE);
    while piece.len() < PIECE {
        piece.extend_from_slice(&Uuid::new_v4().into_bytes().repeat(256));
    }
    piece
}

fn outcome(done: u64, written: io::Result<()>) -> Outcome {
    match written {
        Ok(()) => Outcome::whole(done),
        Err(error) => Outcome::stopped(done, &error),
    }
}
