//! Measures what environments take of the disk, again and again, a little at a time; and holds who takes too much.

use super::shared::Shared;
use crate::disk_uses::{Followed, Measured};
use crate::disk_walk::Walk;
use crate::file_limit;
use crate::unlinked;
use crate::watched_task;
use domain::ids::EnvironmentId;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Entries that are looked at before others get a turn, and the pause between.
const SLICE: usize = 10_000;
const PAUSE: Duration = Duration::from_millis(20);
/// So many times as long as the disk was busy with it nothing is measured: many files cost no more than a tenth.
const REST: u32 = 9;
/// How often it is seen whether the reserve is touched.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Pause before a task that failed is started again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Begins; ends with the cell.
pub fn begin(shared: &Arc<Shared>) {
    again(shared, "measuring the disk", measure);
    again(shared, "watching the reserve of the disk", watch_reserve);
}

fn again<F>(shared: &Arc<Shared>, of: &'static str, work: fn(Weak<Shared>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        while let Err(why) = watched_task::run(work(shared.clone())).await {
            if let Some(shared) = shared.upgrade() {
                shared.note_failure(of, &why);
            }
            sleep(AGAIN_AFTER).await;
        }
    });
}

async fn measure(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let mut busy = Duration::ZERO;
        for it in shared.disk_uses.followed() {
            busy += one(&shared, &it).await;
            hold(&shared, &it).await;
        }
        let every = Duration::from_secs(shared.config.measure_every_seconds);
        drop(shared);
        sleep(every.max(busy * REST)).await;
    }
}

/// Measures one environment; the time that the disk was busy with it.
async fn one(shared: &Arc<Shared>, it: &Followed) -> Duration {
    let (mut run_bytes, mut busy, mut incomplete) = (0_u64, Duration::ZERO, false);
    for (instance, _) in &it.instances {
        let found = size(shared.layout.instance(*instance), &mut busy).await;
        shared.disk_uses.note_instance(*instance, found.bytes);
        run_bytes = run_bytes.saturating_add(found.bytes);
        incomplete |= found.incomplete;
    }
    let mut bucket = match &it.bucket {
        Some(bucket) => size(bucket.clone(), &mut busy).await,
        None => Counted::default(),
    };
    let (folder, firsts) = (it.bucket.clone(), it.instances.clone());
    let unlinked = tokio::task::spawn_blocking(move || {
        let firsts = firsts.into_iter().filter_map(|(_, first)| first);
        folder.map_or(0, |it| unlinked::bytes(&it, firsts))
    });
    bucket.bytes = bucket.bytes.saturating_add(unlinked.await.unwrap_or(0));
    incomplete |= bucket.incomplete;
    let problem = format!(
        "The files of the environment {} cannot all be counted, as its folders are too deep or too many: they may \
         grow no further. Remove some of them.",
        it.id
    );
    let found = Measured {
        bucket: (bucket.bytes, bucket.files),
        run_bytes,
        incomplete,
    };
    if shared.disk_uses.note(it.id, found, it.allowed) {
        shared.set_problem(&uncounted(it.id), incomplete.then_some(problem));
    }
    busy
}

/// How the problem of files that cannot be counted is called.
pub fn uncounted(id: EnvironmentId) -> String {
    format!("files of {id}")
}

/// What a folder takes.
#[derive(Default)]
struct Counted {
    bytes: u64,
    files: u64,
    incomplete: bool,
}

/// What a folder takes; nothing where there is none.
async fn size(folder: PathBuf, busy: &mut Duration) -> Counted {
    let Ok(mut walk) = Walk::begin(&folder) else {
        return Counted::default();
    };
    loop {
        let began = Instant::now();
        let slice = tokio::task::spawn_blocking(move || {
            let done = walk.slice(SLICE);
            (walk, done)
        });
        let slice = slice.await;
        *busy += began.elapsed();
        match slice {
            Ok((walk, true)) => {
                return Counted {
                    bytes: walk.bytes,
                    files: walk.files,
                    incomplete: walk.incomplete,
                };
            }
            Ok((unfinished, false)) => walk = unfinished,
            Err(_) => {
                return Counted {
                    incomplete: true,
                    ..Counted::default()
                };
            }
        }
        sleep(PAUSE).await;
    }
}

/// Lets the files of an environment's instances grow, or not.
async fn hold(shared: &Shared, it: &Followed) {
    let held = shared.disk_uses.is_held(it.id);
    for (instance, first) in &it.instances {
        let (Some(first), Some(uid)) = (*first, it.uid) else {
            continue;
        };
        let new = !shared.disk_uses.is_told(*instance, held);
        if held && new {
            tracing::warn!(workload = %it.id, %instance, "its files may grow no further");
        }
        let bytes = if held { 0 } else { file_limit::LARGEST };
        // While it is held in every round: one that was being started meanwhile may have been missed.
        if held || new {
            let owner = shared.sandbox.owner(uid);
            let set = tokio::task::spawn_blocking(move || file_limit::set(first, owner, bytes));
            match set.await {
                Ok(Ok(())) => shared.disk_uses.note_told(*instance, held),
                Ok(Err(error)) => {
                    tracing::warn!(%instance, %error, "the files of an instance cannot be limited");
                }
                Err(error) => tracing::error!(%instance, %error, "limiting files failed"),
            }
        }
    }
}

/// Holds who grows most while the reserve of the disk is touched.
async fn watch_reserve(shared: Weak<Shared>) {
    let mut touched = false;
    loop {
        sleep(LOOK_EVERY).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let Ok(free) = shared.disk.free() else {
            continue;
        };
        if free.bytes > 0 && free.files > 0 {
            if std::mem::take(&mut touched) {
                tracing::info!("the reserve of the disk is whole again");
                shared.disk_uses.let_go();
                shared.set_problem("disk", None);
            }
            continue;
        }
        let problem = format!(
            "The disk of {} has less free than is kept for the platform: nothing is unpacked, and who grows most may grow no further. Make room on it.",
            shared.config.data_dir.display()
        );
        if !std::mem::replace(&mut touched, true) {
            tracing::error!("{problem}");
            shared.set_problem("disk", Some(problem));
        }
        if let Some(held) = shared.disk_uses.hold_the_fastest() {
            tracing::error!(workload = %held, "the reserve of the disk is touched: its files may grow no further");
            let all = shared.disk_uses.followed();
            if let Some(it) = all.iter().find(|it| it.id == held) {
                hold(&shared, it).await;
            }
        }
    }
}
