//! How a page waits for its data, shows it, and says why it did not come.

use super::AppError;
use crate::paths;
use crate::ui::button::LinkButton;
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::skeleton::Skeleton;
use crate::ui::state::ErrorState;
use domain::states::Tone;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_location;

/// Which of its faces a page shows. It changes only when the kind of answer does, so that what is
/// typed, open or focused survives every refresh of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Face {
    Waiting,
    Ready,
    Failed(AppError),
}

/// A page on `data`: grey lines while it is on its way, what `ready` makes of it, or the error.
pub fn loaded<T>(
    data: Resource<Result<T, AppError>>,
    ready: impl Fn(Signal<T>) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let inner = move || {
        let face = Memo::new(move |_| match data.get() {
            None => Face::Waiting,
            Some(Ok(_)) => Face::Ready,
            Some(Err(error)) => Face::Failed(error),
        });
        let ready = ready.clone();
        move || match face.get() {
            Face::Waiting => ().into_any(),
            Face::Failed(error) => view! { <Failure error /> }.into_any(),
            Face::Ready => {
                let last = Memo::new(move |last: Option<&T>| {
                    let fresh = data.get().and_then(Result::ok);
                    fresh
                        .or_else(|| last.cloned())
                        .expect("this face is shown only once there is data")
                });
                ready(last.into())
            }
        }
    };
    view! { <Transition fallback=|| view! { <Skeleton lines=6 /> }>{inner()}</Transition> }
        .into_any()
}

/// A page that could not be made: what, why, what to do.
#[component]
pub fn Failure(
    /// Why.
    error: AppError,
) -> impl IntoView {
    error.set_status();
    let title = error.title();
    view! {
        <PageHeader title=title />
        <ErrorState
            what=error.to_string()
            why=None
            remedy=error.remedy().map(ToOwned::to_owned)
            request_id=error.request_id()
        >
            <LinkButton href=paths::apps()>"Go to your apps"</LinkButton>
        </ErrorState>
    }
}

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

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use any_spawner::Executor;
    use futures::StreamExt as _;
    use leptos_meta::provide_meta_context;

    async fn page(answer: Result<String, AppError>) -> String {
        let _ = Executor::init_tokio();
        let owner = Owner::new();
        let html = owner.with(|| {
            provide_meta_context();
            let data = Resource::new(
                || (),
                move |()| {
                    let answer = answer.clone();
                    async move {
                        tokio::task::yield_now().await;
                        answer
                    }
                },
            );
            loaded(data, |name| {
                view! { <p>"App: " {move || name.get()}</p> }.into_any()
            })
            .to_html_stream_in_order()
        });
        html.collect::<String>().await
    }

    #[tokio::test]
    async fn the_server_sends_the_data_and_no_grey_lines() {
        let html = page(Ok("Shop".to_owned())).await;
        assert!(html.contains("Shop"), "{html}");
        assert!(!html.contains("skeleton"), "{html}");
    }

    #[tokio::test]
    async fn an_error_is_a_page_with_a_title_a_remedy_and_the_id_of_the_request() {
        let html = page(Err(AppError::Internal {
            request_id: "r-42".to_owned(),
        }))
        .await;
        for part in ["<h1", "Something went wrong", "Try again", "r-42", "/apps"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
