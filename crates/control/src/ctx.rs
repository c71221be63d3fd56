//! Who acts, for which company, by which request: what every use case takes first.

use crate::db;
use crate::db::people::Find;
use crate::error::{Error, Result};
use crate::state::State;
use domain::actors::Actor;
use domain::ids::{CompanyId, PersonId};
use domain::rights::{Access, Right, Target, may};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use views::apps::AppList;

/// Who acts, in one request or one run of a task. Having one is being let in.
#[derive(Clone)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// The company that is acted for; queries name it.
    pub company: CompanyId,
    /// The company's name.
    pub company_name: String,
    /// Whether the company demands that data stays in its political region.
    pub residency_required: bool,
    /// The actor's name, for people.
    pub name: String,
    /// The person's e-mail address; empty for the system.
    pub email: String,
    /// The request, for logs and audit.
    pub request_id: String,
    /// The address that the request came from, for the audit trail; none outside a request.
    pub from_address: Option<String>,
    /// The generation of the person's sessions that this one was begun in; none outside a session.
    pub(crate) session_generation: Option<i32>,
    /// The first page of the apps, once this request has read it.
    pub(crate) first_apps: Arc<OnceCell<AppList>>,
    /// The parts of the control plane.
    pub state: Arc<State>,
}

impl Ctx {
    /// The platform itself at work for a company: `part` names which part of it.
    pub async fn system(
        state: &Arc<State>,
        part: &'static str,
        company: CompanyId,
    ) -> Result<Self> {
        let mut db = state.pool.acquire().await?;
        let company = db::companies::get(&mut db, company)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(Self {
            actor: Actor::System(part),
            company: company.id,
            company_name: company.name,
            residency_required: company.residency_required,
            name: part.to_owned(),
            email: String::new(),
            request_id: part.to_lowercase().replace(' ', "-"),
            from_address: None,
            session_generation: None,
            first_apps: Arc::default(),
            state: Arc::clone(state),
        })
    }

    /// The actor with the rights of this moment, for work that has taken long.
    pub(crate) async fn as_of_now(&self) -> Result<Self> {
        let Some(id) = self.person() else {
            return Ok(self.clone());
        };
        let mut db = self.state.pool.acquire().await?;
        let person = db::people::get(&mut db, Find::Id(id)).await?;
        let person = person.filter(|person| {
            person.active
                && person.company == self.company
                && self
                    .session_generation
                    .is_none_or(|begun_in| begun_in == person.session_generation)
        });
        let Some(person) = person else {
            let text = "Your access has ended meanwhile; nothing was kept.";
            return Err(Error::Forbidden(text.to_owned()));
        };
        Ok(Self {
            actor: self.actor.with_role(person.role),
            ..self.clone()
        })
    }

    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        self.state.now()
    }

    /// The person whose memberships count; none for the system.
    pub fn person(&self) -> Option<PersonId> {
        self.actor.person()
    }

    /// Whether the actor may use a right on a target.
    pub fn may(&self, right: Right, target: &Target) -> Access {
        may(&self.actor, right, target)
    }

    /// Whether the actor may use a right that concerns the own company.
    pub fn may_in_company(&self, right: Right) -> Access {
        self.may(right, &Target::Company(self.company))
    }
}
