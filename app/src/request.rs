//! Who asks: the check that every server function starts with, and the session as pages see it.

use crate::error::AppError;
use domain::rights::Access;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The signed-in person, as the frame shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The person's name.
    pub name: String,
    /// The person's e-mail address.
    pub email: String,
    /// The company's name.
    pub company: String,
    /// The role, as a person reads it.
    pub role_label: String,
    /// Whether the person may create an app.
    pub create_app: Access,
}

/// The signed-in person.
#[server]
pub async fn get_session() -> Result<Session, AppError> {
    Ok(ctx().await?.into())
}

/// Tells that the person is at work: going from page to page in a living portal loads no document.
#[server]
pub async fn renew_session() -> Result<(), AppError> {
    ctx().await.map(drop)
}

/// The signed-in person with the means to act, or the refusal of an anonymous caller.
#[cfg(feature = "ssr")]
#[expect(
    clippy::unused_async,
    reason = "every server function begins the same way"
)]
pub async fn ctx() -> Result<control::ctx::Ctx, AppError> {
    present_ctx().ok_or(AppError::SignedOut)
}

/// The id of the request in the log; empty outside a request.
#[cfg(feature = "ssr")]
pub fn request_id() -> String {
    present_ctx().map(|ctx| ctx.request_id).unwrap_or_default()
}

#[cfg(feature = "ssr")]
fn present_ctx() -> Option<control::ctx::Ctx> {
    use_context::<Option<control::ctx::Ctx>>().flatten()
}

#[cfg(feature = "ssr")]
impl From<control::ctx::Ctx> for Session {
    fn from(ctx: control::ctx::Ctx) -> Self {
        Self {
            create_app: ctx.may_in_company(domain::rights::Right::CreateApp),
            name: ctx.name,
            email: ctx.email,
            company: ctx.company_name,
            role_label: ctx
                .actor
                .membership()
                .map(|(role, _)| role.label().to_owned())
                .unwrap_or_default(),
        }
    }
}
