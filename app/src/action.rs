//! Actions of a page: what one ended with belongs to the address that it was sent from.
//!
//! The router keeps a page when only the names in its address change, and an answer may come when the page is
//! another thing's already. No refusal, and no secret, is then shown under that other thing's name.

use crate::error::AppError;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;

/// What an address has in it where a form was refused before its page was alive.
const REFUSED_BEFORE: &str = "__err=";

/// An action of the page, whose answer is forgotten as soon as the page has another address.
pub fn use_action<S>() -> ServerAction<S>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let action = ServerAction::<S>::new();
    let refused_before = use_location()
        .search
        .with_untracked(|search| search.contains(REFUSED_BEFORE));
    if !refused_before {
        // The router goes on knowing the refusal of the page that the tab began with.
        action.clear();
    }
    let (input, value) = (action.input(), action.value());
    stay_at_address(
        Box::new(move || input.with(Option::is_some)),
        Box::new(move || value.with(Option::is_some)),
        Box::new(move || action.clear()),
    );
    action
}

fn stay_at_address(
    is_sent: Box<dyn Fn() -> bool + Send + Sync>,
    is_answered: Box<dyn Fn() -> bool + Send + Sync>,
    forget: Box<dyn Fn() + Send + Sync>,
) {
    let path = use_location().pathname;
    let sent_from = StoredValue::new(path.get_untracked());
    Effect::new(move || {
        if is_sent() {
            sent_from.set_value(path.get_untracked());
        }
    });
    Effect::new(move || {
        let elsewhere = path.with(|path| sent_from.with_value(|from| from != path));
        if is_answered() && elsewhere {
            forget();
        }
    });
}
