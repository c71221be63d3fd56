//! People: who signs in, and as whom they then act.

mod bind;
mod system_actor;

use crate::audit::{AuditEvent, By, Outcome};
use crate::ctx::Ctx;
use crate::db;
use crate::db::people::Find;
use crate::error::{Error, Result};
use crate::state::State;
use domain::actors::{Actor, ActorKind};
use domain::ids::{CompanyId, PersonId};
use domain::rights::{Right, Target};
use domain::roles::Role;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use serde_json::json;
use sqlx::PgConnection;
use std::sync::Arc;
use system_actor::{INSTALLATION, OPERATOR, SystemActor};
use time::OffsetDateTime;
use uuid::Uuid;
use views::people::Session;

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
    /// Sessions hold that were begun in this generation.
    pub session_generation: i32,
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
/// under the same, verified address and whom this issuer has not named before: the operator chose
/// the issuer, and may give it another address or choose another one. Anyone else is refused.
pub async fn sign_in(state: &State, sign_in: SignIn) -> Result<Person> {
    let mut tx = state.pool.begin().await?;
    let mut person = by_subject(&mut tx, &sign_in).await?;
    if person.is_none() && sign_in.email_verified {
        person = bind::subject(&mut tx, state, &sign_in).await?;
    }
    let refusal = match &person {
        None if sign_in.email.is_empty() => Some(
            "The service that signs you in did not say your email address, so no invitation can be found. Ask whoever runs this portal.",
        ),
        None if !sign_in.email_verified => Some(
            "The service that signs you in has not verified your email address, so it cannot be compared with invitations. Verify it there, then sign in again.",
        ),
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
        by: By {
            kind: ActorKind::Person,
            id: person.as_ref().map(|p| p.id.uuid()),
            name: person
                .as_ref()
                .map_or_else(|| sign_in.name.clone(), |p| p.name.clone()),
        },
        action: "person.sign_in",
        target: sign_in.email.clone(),
        subject: person.as_ref().map(|p| subject(p.id)),
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
    db::commit(tx).await?;
    match (person, refusal) {
        (Some(person), None) => Ok(person),
        (_, refusal) => Err(Error::Forbidden(refusal.unwrap_or_default().to_owned())),
    }
}

/// What a person may use; none once the person is deactivated.
pub async fn ctx(state: &Arc<State>, id: PersonId, request_id: String) -> Result<Option<Ctx>> {
    let mut db = state.pool.acquire().await?;
    let person = db::people::get(&mut db, Find::Id(id)).await?;
    Ok(person.and_then(|person| ctx_of(state, person, None, request_id)))
}

/// The same for a session that was begun in this generation of the person's; none once they were ended.
pub async fn ctx_of_session(
    state: &Arc<State>,
    id: PersonId,
    generation: i32,
    request_id: String,
) -> Result<Option<Ctx>> {
    let mut db = state.pool.acquire().await?;
    let person = db::people::get(&mut db, Find::Id(id)).await?;
    let person = person.filter(|person| person.session_generation == generation);
    Ok(person.and_then(|person| ctx_of(state, person, Some(generation), request_id)))
}

fn ctx_of(
    state: &Arc<State>,
    person: Person,
    session_generation: Option<i32>,
    request_id: String,
) -> Option<Ctx> {
    person.active.then(|| Ctx {
        actor: Actor::Person {
            id: person.id,
            company: person.company,
            role: person.role,
        },
        company: person.company,
        name: person.name,
        email: person.email,
        company_name: person.company_name,
        residency_required: person.residency_required,
        request_id,
        from_address: None,
        session_generation,
        first_apps: Arc::default(),
        state: Arc::clone(state),
    })
}

/// Who is signed in.
pub fn session(ctx: &Ctx) -> Session {
    Session {
        name: ctx.name.clone(),
        email: ctx.email.clone(),
        company: ctx.company_name.clone(),
        role: ctx.actor.membership().map(|(role, _)| role),
        create_app: ctx.may_in_company(Right::CreateApp),
        view_installation: ctx.may(Right::ViewInstallation, &Target::Installation),
    }
}

/// Records that the person signed out, and has open pages ask whether their session still holds.
pub async fn sign_out(ctx: &Ctx) -> Result<()> {
    let mut tx = ctx.state.pool.begin().await?;
    let event = AuditEvent {
        company: Some(ctx.company),
        at: ctx.now(),
        by: By::actor(&ctx.actor, &ctx.name),
        action: "person.sign_out",
        target: ctx.email.clone(),
        subject: ctx.person().map(subject),
        details: json!({}),
        outcome: Outcome::Done,
        request_id: ctx.request_id.clone(),
        from_address: ctx.from_address.clone(),
    };
    db::audit::insert(&mut tx, &event).await?;
    db::notify::changed(&mut tx, ctx.company, &[Topic::People]).await?;
    db::commit(tx).await
}

/// Everyone, by company and address.
pub async fn list(state: &State) -> Result<Vec<Person>> {
    db::people::all(&mut *state.pool.acquire().await?).await
}

/// The person with this address.
pub async fn by_email(state: &State, email: &str) -> Result<Option<Person>> {
    db::people::get(&mut *state.pool.acquire().await?, Find::Email(email.trim())).await
}

/// Adds the people an installation starts with; those who are there already stay as they are.
pub async fn seed(state: &State, people: &[SeedPerson]) -> Result<()> {
    let mut tx = state.pool.begin().await?;
    for person in people {
        insert(&mut tx, state, person, &INSTALLATION).await?;
    }
    db::commit(tx).await
}

/// Adds a person, and the company where it is new; false if the address is known already.
pub async fn add(state: &State, person: &SeedPerson) -> Result<bool> {
    check(person)?;
    let mut tx = state.pool.begin().await?;
    let added = insert(&mut tx, state, person, &OPERATOR).await?;
    if added {
        db::commit(tx).await?;
    }
    Ok(added)
}

/// Ends a person's access at once.
pub async fn deactivate(state: &State, id: PersonId) -> Result<()> {
    let deactivated_at = Some(state.now());
    set_deactivated(state, id, deactivated_at, "person.deactivate").await
}

/// Gives a deactivated person access again.
pub async fn activate(state: &State, id: PersonId) -> Result<()> {
    set_deactivated(state, id, None, "person.activate").await
}

/// Records that the operator gave the person a new password, and ends every session that the old one began.
pub async fn password_set(state: &State, person: &Person) -> Result<()> {
    end_sessions_for(state, person, "person.set_password").await
}

/// Ends every session of the person, here alone: the issuer has its own.
pub async fn end_sessions(state: &State, person: &Person) -> Result<()> {
    end_sessions_for(state, person, "person.end_sessions").await
}

async fn end_sessions_for(state: &State, person: &Person, action: &'static str) -> Result<()> {
    let mut tx = state.pool.begin().await?;
    db::people::end_sessions(&mut tx, person.id, state.now()).await?;
    let whom = (person.id, person.company);
    let event = OPERATOR.event(state, whom, action, &person.email, json!({}));
    db::audit::insert(&mut tx, &event).await?;
    db::notify::changed(&mut tx, person.company, &[Topic::People]).await?;
    Ok(tx.commit().await?)
}

/// The subject that a person is.
const fn subject(id: PersonId) -> Subject {
    Subject::new(SubjectKind::Person, id.uuid())
}

async fn by_subject(db: &mut PgConnection, sign_in: &SignIn) -> Result<Option<Person>> {
    let find = Find::Subject {
        issuer: &sign_in.issuer,
        subject: &sign_in.subject,
    };
    db::people::get(db, find).await
}

fn check(person: &SeedPerson) -> Result<()> {
    let sound = |text: &str| {
        !text.trim().is_empty()
            && text.chars().count() <= 200
            && !text.chars().any(char::is_control)
    };
    let email = person.email.split_once('@');
    let has_two_parts =
        |(local, host): (&str, &str)| !local.is_empty() && !host.is_empty() && !host.contains('@');
    if !email.is_some_and(has_two_parts)
        || !sound(&person.email)
        || person.email.contains(char::is_whitespace)
    {
        return Err(Error::invalid(
            "email",
            "The address is no e-mail address; write it as name@example.com.",
        ));
    }
    for (field, text) in [("name", &person.name), ("company", &person.company)] {
        if !sound(text) {
            let rule = format!(
                "The {field} must have 1 to 200 characters, none of them a control character."
            );
            return Err(Error::invalid(field, rule));
        }
    }
    Ok(())
}

async fn insert(
    db: &mut PgConnection,
    state: &State,
    person: &SeedPerson,
    by: &SystemActor,
) -> Result<bool> {
    let company = db::companies::upsert(db, person.company.trim(), state.now()).await?;
    let id = PersonId::new(Uuid::now_v7());
    let added = db::people::insert(
        db,
        id,
        company,
        &person.email,
        &person.name,
        person.role,
        state.now(),
    )
    .await?;
    if added {
        let details = json!({ "role": person.role.as_str() });
        let event = by.event(
            state,
            (id, company),
            "person.create",
            &person.email,
            details,
        );
        db::audit::insert(db, &event).await?;
    }
    Ok(added)
}

async fn set_deactivated(
    state: &State,
    id: PersonId,
    deactivated_at: Option<OffsetDateTime>,
    action: &'static str,
) -> Result<()> {
    let mut tx = state.pool.begin().await?;
    let person = db::people::get(&mut tx, Find::Id(id))
        .await?
        .ok_or(Error::NotFound)?;
    db::people::set_deactivated(&mut tx, id, deactivated_at, state.now()).await?;
    let event = OPERATOR.event(
        state,
        (id, person.company),
        action,
        &person.email,
        json!({}),
    );
    db::audit::insert(&mut tx, &event).await?;
    db::notify::changed(&mut tx, person.company, &[Topic::People]).await?;
    db::commit(tx).await
}
