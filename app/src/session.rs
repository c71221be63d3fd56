//! Who is signed in, as pages see it.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::server_context;
use domain::permissions::Access;
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
    Ok(server_context::ctx().await?.into())
}

/// Tells that the person is at work: going from page to page in a living portal loads no document.
#[server]
pub async fn renew_session() -> Result<(), AppError> {
    server_context::ctx().await.map(drop)
}

#[cfg(feature = "ssr")]
impl From<control::ctx::Ctx> for Session {
    fn from(ctx: control::ctx::Ctx) -> Self {
        Self {
            create_app: domain::permissions::create_app_access(&ctx.actor),
            name: ctx.name,
            email: ctx.email,
            company: ctx.company_name,
            role_label: ctx.actor.role.label().to_owned(),
        }
    }
}
