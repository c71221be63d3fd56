//! A workload of which it is not known what is wanted, since its record cannot be read.

use super::WorkloadTask;
use crate::record::{InstanceRecord, WorkloadRecord, template_hash};
use crate::supervisor::refusal::Refusal;
use engine::workload::{Template, Workload};

impl WorkloadTask {
    /// Whether nothing is started and nothing ended, since nobody knows what should be.
    pub(super) fn is_left_alone(&self) -> bool {
        self.unreadable.is_some() && !self.record.removing && !self.halted
    }

    /// What people are told.
    pub(super) fn unreadable_text(&self) -> Option<String> {
        let why = self.unreadable.as_ref()?;
        Some(format!(
            "What is wanted cannot be read from the engine's disk: {why}. What runs goes on as it is. Apply \
             the wanted state again; the portal does so by itself as soon as it reaches the engine."
        ))
    }

    /// Makes it known to operators.
    pub(super) fn say_unreadable(&self) {
        let Some(text) = self.unreadable_text() else {
            return;
        };
        let id = self.record.wanted.id;
        let file = self.shared.layout.workload(id);
        tracing::error!(file = %file.display(), "{text}");
        let problem = format!("{}: {text}", file.display());
        self.shared.set_problem(id, Some(problem));
    }

    /// Takes on what is wanted in the place of what could not be read; that is kept beside it.
    pub(super) fn apply_anew(&mut self, workload: Workload) -> Result<(), Refusal> {
        let id = workload.id;
        let aside = self.shared.layout.unreadable_workload(id);
        if let Err(error) = std::fs::copy(self.shared.layout.workload(id), &aside) {
            tracing::warn!(%error, "an unreadable file could not be kept aside");
        }
        let mut next = WorkloadRecord::new(workload);
        next.serving = self.what_serves();
        next.crashes = std::mem::take(&mut self.record.crashes);
        next.crashes
            .retain(|index, _| *index < next.wanted.instances);
        self.take_over(next)?;
        self.unreadable = None;
        self.shared.set_problem(id, None);
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
