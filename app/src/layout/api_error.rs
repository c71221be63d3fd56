//! An error of the server in the place of what was asked for.

use crate::error::AppError;
use crate::layout::not_found::answer_not_found;
use crate::paths;
use crate::ui::button::LinkButton;
use crate::ui::state::ErrorState;
use leptos::prelude::*;

/// What went wrong, why, and what to do; also the status of the answer, where it is the whole page.
#[component]
pub fn ApiError(
    /// What went wrong.
    error: AppError,
) -> impl IntoView {
    if error == AppError::NotFound {
        answer_not_found();
    }
    let signed_out = error == AppError::SignedOut;
    view! {
        <ErrorState
            what=error.title()
            why=Some(error.to_string())
            remedy=error.remedy().map(str::to_owned)
            request_id=error.request_id()
        >
            {if signed_out {
                view! { <a class="button button--primary" href=paths::login() rel="external">"Sign in"</a> }.into_any()
            } else {
                view! { <LinkButton href=paths::apps()>"Go to your apps"</LinkButton> }.into_any()
            }}
        </ErrorState>
    }
}
