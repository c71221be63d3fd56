//! The first sign-in of an invited person: whom the issuer calls so is bound to it.

use super::{Person, SignIn, by_subject};
use crate::audit::{AuditEvent, By, Outcome};
use crate::db;
use crate::db::people::Find;
use crate::error::Result;
use crate::state::State;
use domain::actors::ActorKind;
use serde_json::json;
use sqlx::PgConnection;

/// Binds the subject to the person with its address. Of two tabs that sign in for the first time at once,
/// one does; the other waits for it, and finds the person by the subject.
pub(super) async fn subject(
    db: &mut PgConnection,
    state: &State,
    sign_in: &SignIn,
) -> Result<Option<Person>> {
    let bound = db::people::bind(
        db,
        &sign_in.email,
        &sign_in.issuer,
        &sign_in.subject,
        state.now(),
    )
    .await?;
    let Some(id) = bound else {
        return by_subject(db, sign_in).await;
    };
    let person = db::people::get(db, Find::Id(id)).await?;
    if let Some(person) = &person {
        let event = AuditEvent {
            company: Some(person.company),
            at: state.now(),
            by: By {
                kind: ActorKind::Person,
                id: Some(person.id.uuid()),
                name: person.name.clone(),
            },
            action: "person.bind",
            target: person.email.clone(),
            subject: Some(super::subject(person.id)),
            details: json!({ "issuer": sign_in.issuer, "issuer_subject": sign_in.subject }),
            outcome: Outcome::Done,
            request_id: sign_in.request_id.clone(),
            from_address: sign_in.from_address.clone(),
        };
        db::audit::insert(db, &event).await?;
    }
    Ok(person)
}
