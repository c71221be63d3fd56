//! The page that shows every primitive in all its states, for those who build the portal.

pub mod forms;
pub mod messages;
pub mod shown;

use crate::gallery::forms::{Buttons, Forms};
use crate::gallery::messages::Messages;
use crate::gallery::shown::Shown;
use crate::ui::chip::Chip;
use crate::ui::page_header::PageHeader;
use crate::ui::slots::{Actions, Sentence};
use crate::ui::tabs::{TabLink, Tabs};
use domain::states::Tone;
use leptos::prelude::*;

/// All primitives.
#[component]
pub fn GalleryPage() -> impl IntoView {
    let tabs = vec![
        TabLink::new("#buttons", "Buttons", true),
        TabLink::new("#forms", "Forms", false),
        TabLink::new("#shown", "Shown", false),
        TabLink::new("#messages", "Messages", false),
    ];
    view! {
        <PageHeader title="Primitives">
            <Sentence slot>
                <Chip tone=Tone::Ok label="Development" />
                <span>"Every primitive in each of its states. A release build does not have this page."</span>
            </Sentence>
            <Actions slot>
                <a class="button" href="#messages">"Secondary"</a>
                <a class="button button--primary" href="#forms">"Primary"</a>
            </Actions>
        </PageHeader>
        <Tabs label="Primitives" items=tabs />
        <div class="gallery">
            {view! { <Buttons /> }.into_any()}
            {view! { <Forms /> }.into_any()}
            {view! { <Shown /> }.into_any()}
            {view! { <Messages /> }.into_any()}
        </div>
    }
}
