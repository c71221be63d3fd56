//! What the frame knows: who is signed in, the apps, what is under way. Loaded once for all its parts.

use crate::apps::api::{AppList, list_apps};
use crate::error::AppError;
use crate::live::use_live;
use crate::operations::api::{OperationList, list_operations};
use crate::request::{Session, get_session};
use leptos::prelude::*;

/// The resources of the frame. Read them inside `Suspense` or `Transition` only.
#[derive(Debug, Clone, Copy)]
pub struct FrameData {
    /// The signed-in person.
    pub session: Resource<Result<Session, AppError>>,
    /// The first page of the apps, for the switcher.
    pub apps: Resource<Result<AppList, AppError>>,
    /// The operations that are not finished.
    pub under_way: Resource<Result<OperationList, AppError>>,
}

/// Loads what the frame needs and gives it to everything inside.
pub fn provide_frame_data() -> FrameData {
    let apps_changed = use_live(vec!["apps".to_owned()]);
    let operations_changed = use_live(vec!["operations".to_owned()]);
    let data = FrameData {
        session: Resource::new(|| (), |()| get_session()),
        apps: Resource::new(move || apps_changed.get(), |_| list_apps(None)),
        under_way: Resource::new(
            move || operations_changed.get(),
            |_| list_operations(true, None),
        ),
    };
    provide_context(data);
    data
}

/// The resources of the frame.
pub fn use_frame_data() -> FrameData {
    expect_context::<FrameData>()
}
