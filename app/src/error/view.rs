//! How a form or an action says that it was refused.

use super::AppError;
use crate::ui::notice::Notice;
use domain::states::Tone;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;

/// What is said above a form or beside an action that was refused; nothing else says it.
#[component]
pub fn Refusal(
    /// The refusal, if there is one.
    #[prop(into)]
    error: Signal<Option<AppError>>,
    /// The fields that say their own errors.
    #[prop(optional)]
    fields: &'static [&'static str],
) -> impl IntoView {
    let said = Memo::new(move |_| {
        error.with(|error| {
            let error = error.as_ref()?;
            let signed_out = *error == AppError::SignedOut;
            error
                .beside_fields(fields)
                .map(|text| (error.title(), text, signed_out))
        })
    });
    // A long form may be sent from far below the place where its refusal is said.
    let place = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let (true, Some(place)) = (said.with(Option::is_some), place.get()) {
            place.scroll_into_view();
        }
    });
    let path = use_location().pathname;
    view! {
        <div class="refusal" node_ref=place>
            {move || {
                said.get().map(|(title, text, signed_out)| {
                    view! {
                        <Notice tone=Tone::Bad title=title>
                            <p>
                                {text}
                                {signed_out.then(|| view! { " " <a href=path.get_untracked() rel="external">"Sign in"</a> })}
                            </p>
                        </Notice>
                    }
                })
            }}
        </div>
    }
}

/// The refusal that an action ended with; none while it is under way again.
pub fn refusal<S>(action: ServerAction<S>) -> Signal<Option<AppError>>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let (value, pending) = (action.value(), action.pending());
    Signal::derive(move || {
        let refused = value.with(|value| {
            value
                .as_ref()
                .and_then(|result| result.as_ref().err().cloned())
        });
        refused.filter(|_| !pending.get())
    })
}

/// Whether an action ended well.
pub fn done<S>(action: ServerAction<S>) -> Signal<bool>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let value = action.value();
    Signal::derive(move || value.with(|value| value.as_ref().is_some_and(Result::is_ok)))
}
