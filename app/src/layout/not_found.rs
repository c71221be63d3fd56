//! The page for an address where nothing is, inside the frame.

use crate::paths;
use crate::ui::button::{ButtonKind, LinkButton};
use crate::ui::page_header::PageHeader;
use crate::ui::panel::Panel;
use crate::ui::state::EmptyState;
use leptos::prelude::*;

/// There is nothing at this address.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    answer_not_found();
    view! {
        <PageHeader title="Not found" />
        <Panel>
            <EmptyState
                title="There is nothing at this address."
                text="It may have been deleted, or it belongs to a team that you are not in."
            >
                <LinkButton kind=ButtonKind::Primary href=paths::apps()>"Go to your apps"</LinkButton>
            </EmptyState>
        </Panel>
    }
}

/// Has the server answer 404; in a browser there is nothing to do.
pub fn answer_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}
