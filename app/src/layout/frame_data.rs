//! What the frame knows: who is signed in, the apps, what is under way. Loaded once for all its parts.

use crate::apps::api::list_apps;
use crate::data::Data;
use crate::error::AppError;
use crate::layout::breadcrumb_trail::app_of;
use crate::live::use_live;
use crate::operations::api::list_operations;
use crate::polling::use_polling;
use crate::session::api::{get_session, renew_session};
use domain::topics::Topic;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use views::apps::AppList;
use views::operations::OperationSummary;
use views::page::Page;
use views::people::Session;

/// How often the frame is asked for again, seconds: that something fell silent makes no notice.
const REFRESH_SECONDS: u64 = 15;

/// The data of the frame. Read them through [`known`].
#[derive(Debug, Clone, Copy)]
pub struct FrameData {
    /// The signed-in person.
    pub session: Data<Result<Session, AppError>>,
    /// The first page of the apps, for the switcher, and the app that the page is about.
    pub apps: Data<Result<AppList, AppError>>,
    /// The operations that are not finished.
    pub under_way: Data<Result<Page<OperationSummary>, AppError>>,
}

/// Loads what the frame needs and gives it to everything inside.
pub fn provide_frame_data() -> FrameData {
    let apps_changed = use_live(vec![Topic::Apps.to_string()]);
    let operations_changed = use_live(vec![Topic::Operations.to_string()]);
    let pulse = use_polling(REFRESH_SECONDS);
    let path = use_location().pathname;
    let here = Memo::new(move |_| path.with(|path| app_of(path).map(str::to_owned)));
    let (last_apps, last_under_way) = (StoredValue::new(None), StoredValue::new(None));
    let data = FrameData {
        session: Data::new(|| (), |()| get_session()),
        apps: Data::new(
            move || (apps_changed.get(), pulse.get(), here.get()),
            move |(_, _, here)| async move { kept(last_apps, list_apps(None, here).await) },
        ),
        under_way: Data::new(
            move || (operations_changed.get(), pulse.get()),
            move |_| async move { kept(last_under_way, list_operations(true, None).await) },
        ),
    };
    remember(data.apps, last_apps);
    remember(data.under_way, last_under_way);
    let renew = Action::new(|(): &()| renew_session());
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_some() {
            renew.dispatch(());
        }
    });
    provide_context(data);
    data
}

/// The answer, or the last good one where something does not answer for a while.
fn kept<T: Clone + Send + Sync + 'static>(
    last: StoredValue<Option<T>>,
    answer: Result<T, AppError>,
) -> Result<T, AppError> {
    answer.or_else(|error| {
        let last = last.try_get_value().flatten();
        last.filter(|_| error.passes()).ok_or(error)
    })
}

/// Keeps each good answer in `last`, the one that came with the page too.
fn remember<T: Clone + Send + Sync + 'static>(
    data: Data<Result<T, AppError>>,
    last: StoredValue<Option<T>>,
) {
    Effect::new(move || {
        let good = data.with(|answer| answer.as_ref().and_then(|answer| answer.clone().ok()));
        if good.is_some() {
            last.try_set_value(good);
        }
    });
}

/// What `read` finds in an answer of the frame; nothing before there is one, or where there is none.
/// A view reads it and stays: a view that is made anew by a `Suspend` hangs in the page for a while after
/// its signals are gone, and breaks if a key is pressed in it then.
pub fn known<T, U>(
    data: Data<Result<T, AppError>>,
    read: impl Fn(&T) -> U + Send + Sync + 'static,
) -> Memo<Option<U>>
where
    T: Send + Sync + 'static,
    U: PartialEq + Send + Sync + 'static,
{
    Memo::new(move |_| {
        data.with(|answer| match answer {
            Some(Ok(known)) => Some(read(known)),
            _ => None,
        })
    })
}

/// The data of the frame.
pub fn use_frame_data() -> FrameData {
    expect_context::<FrameData>()
}
