//! What an instance uses: from its control groups of either version, else from its process.

use crate::process;
use procfs::ProcessCGroups;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// The control groups of a process: path by controller; `""` is the unified hierarchy.
pub fn groups_of(pid: u32) -> BTreeMap<String, String> {
    let found = process::entry(pid).and_then(|entry| entry.cgroups().ok());
    found.map(groups).unwrap_or_default()
}

fn groups(found: ProcessCGroups) -> BTreeMap<String, String> {
    let mut groups = BTreeMap::new();
    for group in found {
        if group.controllers.is_empty() {
            groups.insert(String::new(), group.pathname);
            continue;
        }
        for controller in group.controllers {
            groups.insert(controller, group.pathname.clone());
        }
    }
    groups
}

/// What one reading gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Processor use since the reading before, thousandths of a core.
    pub cpu_milli: Option<u32>,
}

/// Reads one instance's use.
#[derive(Debug)]
pub struct Meter {
    groups: BTreeMap<String, String>,
    pid: Option<u32>,
    before: Option<(Instant, u64)>,
}

impl Meter {
    /// A meter of the instance in `groups` whose container is `container`, or else of the process `pid`.
    pub fn new(groups: BTreeMap<String, String>, container: &str, pid: Option<u32>) -> Self {
        // A group that holds more than this instance says nothing about it.
        let name = |path: &str| path.rsplit('/').next() == Some(container);
        let own = groups.into_iter().filter(|(_, path)| name(path));
        Self {
            groups: own.collect(),
            pid,
            before: None,
        }
    }

    /// One reading.
    pub fn read(&mut self) -> Usage {
        let now = Instant::now();
        let micros = self.cpu_micros();
        let cpu_milli = match (self.before, micros) {
            (Some((then, before)), Some(micros)) => {
                let elapsed = u64::try_from((now - then).as_micros()).unwrap_or(u64::MAX);
                let used = micros.saturating_sub(before).saturating_mul(1000);
                used.checked_div(elapsed)
                    .and_then(|milli| u32::try_from(milli).ok())
            }
            _ => None,
        };
        self.before = micros.map(|micros| (now, micros));
        Usage {
            memory_bytes: self.memory_bytes(),
            cpu_milli,
        }
    }

    /// How often the kernel ended a process of this instance for want of memory.
    pub fn out_of_memory(&self) -> u64 {
        let old = self.file("memory", "memory.oom_control");
        let new = self.file("", "memory.events");
        let text = old.or(new).unwrap_or_default();
        field(&text, "oom_kill").unwrap_or(0)
    }

    fn memory_bytes(&self) -> Option<u64> {
        let (used, stat) = match self.file("memory", "memory.usage_in_bytes") {
            Some(used) => (used, self.file("memory", "memory.stat")),
            None => match self.file("", "memory.current") {
                Some(used) => (used, self.file("", "memory.stat")),
                None => return self.resident_bytes(),
            },
        };
        let stat = stat.unwrap_or_default();
        // Files that were read once and can be dropped at any time are not use.
        let droppable =
            field(&stat, "total_inactive_file").or_else(|| field(&stat, "inactive_file"));
        let used: u64 = used.trim().parse().ok()?;
        Some(used.saturating_sub(droppable.unwrap_or(0)))
    }

    fn cpu_micros(&self) -> Option<u64> {
        if let Some(nanos) = self.file("cpuacct", "cpuacct.usage") {
            return nanos.trim().parse::<u64>().ok().map(|nanos| nanos / 1000);
        }
        if let Some(stat) = self.file("", "cpu.stat") {
            return field(&stat, "usage_usec");
        }
        let stat = process::entry(self.pid?)?.stat().ok()?;
        let ticks = (stat.utime + stat.stime).saturating_mul(1_000_000);
        ticks.checked_div(procfs::ticks_per_second())
    }

    fn resident_bytes(&self) -> Option<u64> {
        let pages = process::entry(self.pid?)?.statm().ok()?.resident;
        Some(pages.saturating_mul(procfs::page_size()))
    }

    fn file(&self, controller: &str, name: &str) -> Option<String> {
        let group = self.groups.get(controller)?.trim_start_matches('/');
        let places: Vec<PathBuf> = if controller.is_empty() {
            vec![Path::new(ROOT).to_owned(), Path::new(ROOT).join("unified")]
        } else {
            vec![Path::new(ROOT).join(controller)]
        };
        let mut texts = places
            .into_iter()
            .map(|place| std::fs::read_to_string(place.join(group).join(name)));
        texts.find_map(Result::ok)
    }
}

fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(key, _)| *key == name)?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Meter, ProcessCGroups, field, groups};
    use procfs::FromBufRead;
    use std::collections::BTreeMap;

    #[test]
    fn both_versions_of_control_groups_are_understood() {
        let text = "7:cpu,cpuacct:/cell/cell-1\n4:memory:/cell/cell-1\n0::/x:y\n";
        let read = ProcessCGroups::from_buf_read(text.as_bytes());
        let found = groups(read.expect("groups"));
        assert_eq!(found["cpuacct"], "/cell/cell-1");
        assert_eq!(found["memory"], "/cell/cell-1");
        assert_eq!(found[""], "/x:y");
    }

    #[test]
    fn an_instance_s_own_group_is_told_by_its_whole_name() {
        let paths = ["/cell/cell-1", "/cell/cell-12", "/x/cell-1/y", "/"];
        let groups = paths.map(|path| (path.to_owned(), path.to_owned()));
        let meter = Meter::new(BTreeMap::from(groups), "cell-1", None);
        assert_eq!(
            meter.groups.into_values().collect::<Vec<_>>(),
            ["/cell/cell-1"]
        );
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(field(text, "oom_kill"), Some(3));
    }

    #[test]
    fn without_a_group_of_its_own_the_process_is_read() {
        // The cell itself may run in a group of such a name.
        let shared = BTreeMap::from([("memory".to_owned(), "/cell-1/services".to_owned())]);
        let mut meter = Meter::new(shared, "cell-1", Some(std::process::id()));
        assert!(meter.groups.is_empty());
        assert!(meter.read().memory_bytes.expect("read") > 1 << 20);
        assert!(meter.read().cpu_milli.is_some());
        assert_eq!(meter.out_of_memory(), 0);
    }
}
