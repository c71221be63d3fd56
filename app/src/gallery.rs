//! The page that shows every primitive in all its states, for those who build the portal.

pub mod forms;
pub mod messages;
pub mod shown;

use crate::error::AppError;
use crate::gallery::forms::{Buttons, Forms};
use crate::gallery::messages::Messages;
use crate::gallery::shown::Shown;
use crate::page::{loaded, page_data};
#[cfg(feature = "ssr")]
use crate::request;
use crate::ui::chip::Chip;
use crate::ui::page_header::PageHeader;
use crate::ui::slots::{Actions, Sentence};
use crate::ui::tabs::{TabLink, Tabs};
use domain::states::Tone;
use leptos::prelude::*;

/// Whether this portal shows the gallery: a development build does.
#[server]
pub async fn get_gallery() -> Result<(), AppError> {
    request::ctx().await?;
    if cfg!(debug_assertions) {
        Ok(())
    } else {
        Err(AppError::NotFound)
    }
}

/// The gallery, where there is one.
#[component]
pub fn GalleryPage() -> impl IntoView {
    let gallery = page_data(|| (), |()| get_gallery());
    loaded(gallery, |_| view! { <Gallery /> }.into_any())
}

#[component]
fn Gallery() -> impl IntoView {
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
