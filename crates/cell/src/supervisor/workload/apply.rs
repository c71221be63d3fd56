//! How a workload's task takes on another wanted state.

use super::WorkloadTask;
use crate::record::{self, InstanceRecord, WorkloadRecord, template_hash};
use crate::supervisor::refusal::Refusal;
use engine::workload::{Template, Workload};
use std::collections::BTreeSet;

impl WorkloadTask {
    /// Makes `workload` the wanted state, or says why not.
    pub(super) fn apply(&mut self, workload: Workload) -> Result<(), Refusal> {
        if self.record.removing {
            return Err(Refusal::not_now(
                "the workload is being removed; apply it again afterwards",
            ));
        }
        if self.unreadable.is_some() {
            return self.apply_anew(workload);
        }
        let has = self.record.wanted.revision;
        if workload.revision < has {
            return Err(Refusal::conflict(format!(
                "revision {} is older than revision {has}, which the engine has",
                workload.revision
            )));
        }
        if workload.revision == has {
            return if record::same(&workload, &self.record.wanted) {
                Ok(())
            } else {
                Err(Refusal::conflict(format!(
                    "revision {has} is known with another content; give the change a higher one"
                )))
            };
        }
        let mut next = self.record.clone();
        next.failed = None;
        let hash = workload.template.as_ref().map(template_hash);
        // What is gone by now has to show anew that it can become ready.
        next.rolled_out
            .retain(|index| hash == self.wanted_hash && self.serves_wanted(*index));
        next.wanted = workload;
        self.take_over(next)
    }

    /// Writes `next` down and goes by it from now on.
    fn take_over(&mut self, mut next: WorkloadRecord) -> Result<(), Refusal> {
        let wanted = next.wanted.instances;
        next.crashes.retain(|index, _| *index < wanted);
        // A person acts: what had to wait or was given up is tried again.
        for crashes in next.crashes.values_mut() {
            crashes.count = 0;
            crashes.not_before = None;
        }
        let saved = self.shared.save_workload(&next);
        saved.map_err(|error| Refusal::not_written(&error))?;
        self.record = next;
        self.held.clear();
        self.tries.clear();
        self.converged = false;
        self.note_hashes();
        self.open_database();
        Ok(())
    }

    /// Takes on what is wanted in the place of what could not be read; that is kept beside it.
    fn apply_anew(&mut self, workload: Workload) -> Result<(), Refusal> {
        let id = workload.id;
        let aside = self.shared.layout.unreadable_workload(id);
        if let Err(error) = std::fs::copy(self.shared.layout.workload(id), &aside) {
            tracing::warn!(%error, "an unreadable file could not be kept aside");
        }
        let mut next = WorkloadRecord::new(workload);
        next.serving = self.what_serves();
        next.crashes.clone_from(&self.record.crashes);
        self.take_over(next)?;
        self.unreadable = None;
        self.shared.set_problem(&id.to_string(), None);
        let indexes = self.live.iter().map(|live| live.record.index);
        let indexes: BTreeSet<u16> = indexes.collect();
        for index in indexes {
            self.note_rolled_out(index);
        }
        Ok(())
    }

    /// The template of everything that runs, if it is one and the same and known to the last field.
    fn what_serves(&self) -> Option<Template> {
        let running = self.live.iter().map(|live| &live.record);
        let mut ready = running.filter(|record| record.ready_at.is_some());
        let first: &InstanceRecord = ready.next()?;
        let hash = template_hash(&first.template);
        let same =
            |record: &InstanceRecord| !record.partial && template_hash(&record.template) == hash;
        (same(first) && ready.all(same)).then(|| first.template.clone())
    }
}
