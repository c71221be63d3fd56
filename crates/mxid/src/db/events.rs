//! The record of sign-ins and refusals.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// What happened.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    SignedIn,
    SignInRefused,
    SignInLimited,
    SignedOut,
    CodeReused,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignInLimited => "sign_in_limited",
            Self::SignedOut => "signed_out",
            Self::CodeReused => "code_reused",
        }
    }
}

/// One event. There is no field for what was typed.
pub(crate) struct Event<'a> {
    pub(crate) kind: Kind,
    pub(crate) at: OffsetDateTime,
    pub(crate) account_id: Option<Uuid>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) request_id: &'a str,
    pub(crate) from_address: &'a str,
}

/// Adds an event.
pub(crate) async fn insert(db: &mut PgConnection, event: &Event<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into mxid.events (at, kind, account_id, client_id, request_id, from_address)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        event.at,
        event.kind.as_str(),
        event.account_id,
        event.client_id,
        event.request_id,
        event.from_address,
    )
    .execute(db)
    .await?;
    Ok(())
}
