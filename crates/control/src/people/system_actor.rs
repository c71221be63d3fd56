//! Parts of the platform that act on people, and what the audit trail says of them.

use super::subject;
use crate::audit::{AuditEvent, By, Outcome};
use crate::state::State;
use domain::ids::{CompanyId, PersonId};
use serde_json::Value;

/// A part of the platform that acts on people.
pub(super) struct SystemActor {
    name: &'static str,
    request_id: &'static str,
}

pub(super) const INSTALLATION: SystemActor = SystemActor {
    name: "Installation",
    request_id: "installation",
};
pub(super) const OPERATOR: SystemActor = SystemActor {
    name: "Operator",
    request_id: "command line",
};

impl SystemActor {
    pub(super) fn event(
        &self,
        state: &State,
        person: (PersonId, CompanyId),
        action: &'static str,
        email: &str,
        details: Value,
    ) -> AuditEvent {
        let (id, company) = person;
        AuditEvent {
            company: Some(company),
            at: state.now(),
            by: By::system(self.name),
            action,
            target: email.to_owned(),
            subject: Some(subject(id)),
            details,
            outcome: Outcome::Done,
            request_id: self.request_id.to_owned(),
            from_address: None,
        }
    }
}
