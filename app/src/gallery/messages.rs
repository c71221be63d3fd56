//! What is said beside a page.

use crate::ui::button::Button;
use crate::ui::notice::Notice;
use crate::ui::panel::Panel;
use crate::ui::toast::{Toast, use_toasts};
use domain::states::Tone;
use leptos::prelude::*;

/// Notices within the page, and messages over it.
#[component]
pub fn Messages() -> impl IntoView {
    let toasts = use_toasts();
    let done = move |()| {
        toasts.push(Toast::done("“Create Shop” is done.").with_link("/apps/shop", "Open Shop"));
    };
    let failed = move |()| {
        toasts.push(Toast::failed(
            "“Deploy Shop 2.5” failed; 2.4.1 keeps serving.",
        ));
    };
    view! {
        <div id="messages"></div>
        <Panel title="Notices and messages">
            <Notice tone=Tone::Busy title="Adds 1 instance. Nothing restarts.">
                <p>"4 × 1 GB = 4 of 4 GB. Connections: 4 × 50 of 400."</p>
            </Notice>
            <Notice tone=Tone::Warn title="Two things only you can know.">
                <p>"The app sends mail through the local server, which v4 does not have."</p>
            </Notice>
            <Notice tone=Tone::Bad title="The last deployment failed.">
                <p>"The readiness check got no answer within 120 s. Version 2.4.1 keeps serving."</p>
            </Notice>
            <Notice tone=Tone::Ok title="All instances run the new version." />
            <Notice tone=Tone::Idle title="You may look, not touch." />
            <div class="row-of">
                <Button on_press=done>"Say that something is done"</Button>
                <Button on_press=failed>"Say that something failed"</Button>
            </div>
        </Panel>
    }
}
