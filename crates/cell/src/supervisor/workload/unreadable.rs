//! A workload of which it is not known what is wanted, since its record cannot be read.

use super::WorkloadTask;

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
        self.shared.set_problem(&id.to_string(), Some(problem));
    }
}
