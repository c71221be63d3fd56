//! People: who signs in, and as whom they then act.

use crate::audit::{AuditEvent, Outcome};
use crate::ctx::{Ctx, State};
use crate::db;
use crate::error::{Error, Result};
use domain::ids::{CompanyId, PersonId};
use domain::permissions::{Actor, Role};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A person of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// The person's company.
    pub company: CompanyId,
    /// Its name.
    pub company_name: String,
    /// Whether it demands that data stays in its political region.
    pub residency_required: bool,
    /// E-mail address, lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role in the portal.
    pub role: Role,
    /// Whether an issuer's subject is bound to the person.
    pub bound: bool,
    /// False once deactivated.
    pub active: bool,
}

/// What an OpenID Connect issuer says of someone who has just signed in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The issuer.
    pub issuer: String,
    /// The issuer's id for the person.
    pub subject: String,
    /// E-mail address.
    pub email: String,
    /// Whether the issuer vouches for the address.
    pub email_verified: bool,
    /// Name.
    pub name: String,
    /// The request.
    pub request_id: String,
    /// Where from.
    pub from_address: Option<String>,
}

/// A person that an installation starts with.
#[derive(Debug, Clone)]
pub struct SeedPerson {
    /// E-mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Name of the company.
    pub company: String,
}

/// Turns a sign-in at the issuer into a person of the portal.
///
/// Known subjects are taken as they are. A new subject is bound to the person who was invited
/// under the same, verified address. Anyone else is refused.
pub async fn sign_in(state: &State, sign_in: SignIn) -> Result<Person> {
    let mut tx = state.pool.begin().await?;
    let mut person = db::people::by_subject(&mut tx, &sign_in.issuer, &sign_in.subject).await?;
    if person.is_none() && sign_in.email_verified {
        let bound = db::people::bind(
            &mut tx,
            &sign_in.email,
            &sign_in.issuer,
            &sign_in.subject,
            state.now(),
        )
        .await?;
        if let Some(id) = bound {
            person = db::people::by_id(&mut tx, id).await?;
        }
    }
    let refusal = match &person {
        None => Some(
            "Nobody has invited you to this portal yet. Ask an admin of your company to invite the address you signed in with.",
        ),
        Some(person) if !person.active => {
            Some("Your access to this portal has been ended. Ask an admin of your company.")
        }
        Some(_) => None,
    };
    let event = AuditEvent {
        company: person.as_ref().map(|p| p.company),
        at: state.now(),
        person: person.as_ref().map(|p| p.id),
        person_name: person
            .as_ref()
            .map_or_else(|| sign_in.name.clone(), |p| p.name.clone()),
        action: "person.sign_in",
        target: sign_in.email.clone(),
        details: json!({ "issuer": sign_in.issuer }),
        outcome: if refusal.is_some() {
            Outcome::Refused
        } else {
            Outcome::Done
        },
        request_id: sign_in.request_id,
        from_address: sign_in.from_address,
    };
    db::audit::insert(&mut tx, &event).await?;
    tx.commit().await?;
    match (person, refusal) {
        (Some(person), None) => Ok(person),
        (_, refusal) => Err(Error::Forbidden(refusal.unwrap_or_default().to_owned())),
    }
}

/// What a session's person may use; none once the person is deactivated.
pub async fn ctx(state: &Arc<State>, id: PersonId, request_id: String) -> Result<Option<Ctx>> {
    let mut db = state.pool.acquire().await?;
    let person = db::people::by_id(&mut db, id).await?;
    Ok(person.filter(|p| p.active).map(|person| Ctx {
        actor: Actor {
            person: person.id,
            company: person.company,
            role: person.role,
        },
        name: person.name,
        email: person.email,
        company_name: person.company_name,
        residency_required: person.residency_required,
        request_id,
        state: Arc::clone(state),
    }))
}

/// Records that the person signed out.
pub async fn sign_out(ctx: &Ctx) -> Result<()> {
    let mut db = ctx.state.pool.acquire().await?;
    crate::audit::record(&mut db, ctx, "person.sign_out", &ctx.email, json!({})).await
}

/// Adds the people an installation starts with; those who are there already stay as they are.
pub async fn seed(state: &State, people: &[SeedPerson]) -> Result<()> {
    let mut tx = state.pool.begin().await?;
    for person in people {
        let company = db::people::upsert_company(
            &mut tx,
            CompanyId::new(Uuid::now_v7()),
            &person.company,
            state.now(),
        )
        .await?;
        let id = PersonId::new(Uuid::now_v7());
        if db::people::insert(
            &mut tx,
            id,
            company,
            &person.email,
            &person.name,
            person.role,
            state.now(),
        )
        .await?
        {
            let event = AuditEvent {
                company: Some(company),
                at: state.now(),
                person: None,
                person_name: "Installation".to_owned(),
                action: "person.create",
                target: person.email.clone(),
                details: json!({ "role": person.role.as_str() }),
                outcome: Outcome::Done,
                request_id: "installation".to_owned(),
                from_address: None,
            };
            db::audit::insert(&mut tx, &event).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Ends a person's access at once.
pub async fn deactivate(state: &State, id: PersonId) -> Result<()> {
    let mut tx = state.pool.begin().await?;
    let person = db::people::by_id(&mut tx, id)
        .await?
        .ok_or(Error::NotFound)?;
    db::people::set_deactivated(&mut tx, id, Some(state.now()), state.now()).await?;
    let event = AuditEvent {
        company: Some(person.company),
        at: state.now(),
        person: None,
        person_name: "Operator".to_owned(),
        action: "person.deactivate",
        target: person.email,
        details: json!({}),
        outcome: Outcome::Done,
        request_id: "command line".to_owned(),
        from_address: None,
    };
    db::audit::insert(&mut tx, &event).await?;
    tx.commit().await?;
    Ok(())
}
