//! Who asks: the check that every server function starts with, and the session as pages see it.

use crate::error::AppError;
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
pub async fn session() -> Result<Session, AppError> {
    Ok(ctx()?.into())
}

#[cfg(feature = "ssr")]
pub use on_server::{ctx, request_id, state};

#[cfg(feature = "ssr")]
mod on_server {
    use super::{AppError, Session, use_context};
    use control::ctx::{Ctx, State};
    use domain::permissions::create_app_access;
    use std::sync::Arc;

    /// The signed-in person with the means to act, or the refusal of an anonymous caller.
    pub fn ctx() -> Result<Ctx, AppError> {
        use_context::<Option<Ctx>>().flatten().ok_or(AppError::SignedOut)
    }

    /// The parts of the control plane.
    pub fn state() -> Result<Arc<State>, AppError> {
        ctx().map(|ctx| ctx.state)
    }

    /// The id of the request in the log; empty outside a request.
    pub fn request_id() -> String {
        use_context::<Option<Ctx>>().flatten().map(|ctx| ctx.request_id).unwrap_or_default()
    }

    impl From<Ctx> for Session {
        fn from(ctx: Ctx) -> Self {
            Self {
                create_app: create_app_access(&ctx.actor),
                name: ctx.name,
                email: ctx.email,
                company: ctx.company_name,
                role_label: ctx.actor.role.label().to_owned(),
            }
        }
    }
}
