//! Room in memory: what the limits of all wanted instances may come to.

use domain::disk::words;
use domain::ids::EnvironmentId;
use engine::workload::Workload;
use procfs::{Current, Meminfo};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Of the machine's memory the platform keeps this part: PostgreSQL, the portal, this program, and the second
/// instance beside the one that it replaces.
const KEPT_PART: u64 = 4;

/// Where a control group that holds the whole machine says how much that is.
const LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/// MiB that this machine can promise unless it is told otherwise.
pub fn of_this_machine() -> u64 {
    let machine = Meminfo::current().map_or(u64::MAX, |memory| memory.mem_total);
    let limits = LIMITS.into_iter().filter_map(limit);
    let all = limits.fold(machine, u64::min);
    (all - all / KEPT_PART) >> 20
}

fn limit(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(Path::new(file)).ok()?;
    text.trim().parse().ok()
}

/// What was promised to whom.
#[derive(Debug)]
pub struct MemoryRoom {
    all: u64,
    promised: Mutex<BTreeMap<Uuid, u64>>,
}

/// A promise that is given back unless it is kept: whoever asked may go away.
#[derive(Debug)]
pub struct Promise<'a> {
    room: &'a MemoryRoom,
    id: EnvironmentId,
    before: Option<u64>,
}

impl Promise<'_> {
    /// What was promised is wanted now.
    pub fn keep(mut self) {
        self.before = None;
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            self.room.put(self.id, before);
        }
    }
}

impl MemoryRoom {
    /// Room for `all` MiB.
    pub fn new(all: u64) -> Self {
        Self {
            all,
            promised: Mutex::default(),
        }
    }

    /// MiB of all, and what is left of them.
    pub fn free(&self) -> (u64, u64) {
        (self.all, left(self.all, &self.promised()))
    }

    /// Promises a workload what it wants, whatever is left: it is there already. What it had before.
    pub fn put(&self, id: EnvironmentId, mib: u64) -> u64 {
        let mut promised = self.promised();
        let before = match mib {
            0 => promised.remove(&id.uuid()),
            mib => promised.insert(id.uuid(), mib),
        };
        before.unwrap_or(0)
    }

    /// Promises a workload at least this.
    pub fn put_at_least(&self, id: EnvironmentId, mib: u64) {
        let mut promised = self.promised();
        let has = promised.entry(id.uuid()).or_default();
        *has = mib.max(*has);
    }

    /// Promises a workload what it wants, unless it wants more than before and there is too little; why, then. What it
    /// had before it has still: that may run until the wanted does.
    pub fn admit(&self, workload: &Workload) -> Result<Promise<'_>, String> {
        let needed = needed(workload);
        let mut promised = self.promised();
        let before = promised.get(&workload.id.uuid()).copied().unwrap_or(0);
        let left = left(self.all, &promised);
        let more = needed.saturating_sub(before);
        if more > left {
            return Err(refusal(workload, more, left, self.all));
        }
        promised.insert(workload.id.uuid(), needed.max(before));
        Ok(Promise {
            room: self,
            id: workload.id,
            before: Some(before),
        })
    }

    fn promised(&self) -> MutexGuard<'_, BTreeMap<Uuid, u64>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// MiB that the instances of a workload may use.
pub fn needed(workload: &Workload) -> u64 {
    let each = workload
        .template
        .as_ref()
        .map_or(0, |it| u64::from(it.memory_mib));
    each * u64::from(workload.instances)
}

fn left(all: u64, promised: &BTreeMap<Uuid, u64>) -> u64 {
    all.saturating_sub(promised.values().sum())
}

fn refusal(workload: &Workload, more: u64, left: u64, all: u64) -> String {
    let mib = |mib: u64| words(mib << 20);
    let each = workload.template.as_ref().map_or(1, |it| it.memory_mib);
    let instances = match more / u64::from(each.max(1)) {
        1 => "1 more instance".to_owned(),
        count if more.is_multiple_of(u64::from(each.max(1))) => format!("{count} more instances"),
        _ => format!("{} × {}", workload.instances, mib(u64::from(each))),
    };
    format!(
        "It needs {} for {instances}; {} of {} are free. Choose fewer instances or less memory, or ask an operator for more.",
        mib(more),
        mib(left),
        mib(all)
    )
}

#[cfg(test)]
mod tests {
    use super::{MemoryRoom, of_this_machine};
    use crate::stored::blank;
    use domain::ids::EnvironmentId;
    use engine::workload::Workload;
    use uuid::Uuid;

    fn wants(id: u128, instances: u16, memory_mib: u32) -> Workload {
        let mut workload = blank::workload(EnvironmentId::new(Uuid::from_u128(id))).wanted;
        workload.instances = instances;
        workload.template.as_mut().expect("a template").memory_mib = memory_mib;
        workload
    }

    #[test]
    fn a_refusal_names_the_need_and_the_room() {
        let room = MemoryRoom::new(20 << 10);
        room.admit(&wants(1, 8, 2048)).expect("has room").keep();
        drop(room.admit(&wants(2, 1, 2048)).expect("has room"));
        assert_eq!(room.free(), (20 << 10, 4 << 10), "it was given back");
        room.admit(&wants(2, 1, 2560)).expect("has room").keep();
        let said = room.admit(&wants(1, 10, 2048)).expect_err("no room");
        assert!(
            said.starts_with("It needs 4 GB for 2 more instances; 1.5 GB of 20 GB are free."),
            "{said}"
        );
        assert_eq!(room.free(), (20 << 10, 1536), "nothing was taken");
        let said = room.admit(&wants(2, 1, 5120)).expect_err("no room");
        assert!(said.starts_with("It needs 2.5 GB for 1 × 5 GB;"), "{said}");
    }

    #[test]
    fn less_is_always_taken_and_what_runs_stays() {
        let room = MemoryRoom::new(1024);
        let two = wants(1, 2, 1024);
        assert_eq!(room.put(two.id, 2048), 0, "as a former cell left it");
        assert_eq!(room.free(), (1024, 0));
        room.admit(&two).expect("the same again").keep();
        room.admit(&wants(1, 1, 1024)).expect("less").keep();
        room.admit(&wants(1, 0, 1024)).expect("is stopped").keep();
        let other = wants(2, 1, 128);
        room.admit(&other).expect_err("both run still");
        room.put(two.id, 0);
        room.admit(&other).expect("has room now").keep();
    }

    #[test]
    fn the_platform_keeps_a_part_of_the_machine() {
        let kept = of_this_machine();
        assert!(kept > 64 && kept < 1 << 30, "{kept} MiB");
    }
}
