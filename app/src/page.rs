//! A page and its data: waited for, shown, kept when a refresh fails, explained when it cannot be had.

use crate::data::Data;
use crate::error::AppError;
use crate::paths;
use crate::suspense::await_on_server;
use crate::ui::button::{Button, LinkButton};
use crate::ui::moment::{Ago, use_clock};
use crate::ui::notice::Notice;
use crate::ui::page_header::PageHeader;
use crate::ui::skeleton::Skeleton;
use crate::ui::state::ErrorState;
use domain::states::Tone;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// After this long, what did not come because something does not answer is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// The part of this name in the page's address: `app` in `/apps/:app`.
pub fn named(name: &'static str) -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get(name).unwrap_or_default()))
}

/// Where the list on the page begins, if not at its beginning.
pub fn after() -> Memo<Option<String>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get("after")))
}

/// What the server said, and of which address.
type Answer<T> = (String, Result<T, AppError>);

/// The data of a page. It knows which address it was read for: the router keeps a page when only the
/// names in its address change, and what belongs to one thing must never stand under another's name.
#[derive(Debug)]
pub struct PageData<T: Send + Sync + 'static> {
    answer: Data<Answer<T>>,
    address: Memo<String>,
    again: RwSignal<u64>,
}

impl<T: Send + Sync> Clone for PageData<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for PageData<T> {}

/// Data that is read anew whenever `source` or the names in the page's address change.
pub fn page_data<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    read: impl Fn(S) -> F + Send + Sync + 'static,
) -> PageData<T>
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, AppError>> + Send + 'static,
{
    let params = use_params_map();
    let address = Memo::new(move |_| params.with(names));
    let again = RwSignal::new(0_u64);
    let answer = Data::new(
        move || (address.get(), again.get(), source()),
        move |(address, _, source)| {
            let answer = read(source);
            async move { (address, answer.await) }
        },
    );
    PageData {
        answer,
        address,
        again,
    }
}

/// The names in an address, the same text on the server and in the browser.
fn names(params: &ParamsMap) -> String {
    let mut names: Vec<String> = params
        .clone()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    names.sort();
    names.join(" ")
}

/// Which of its faces a page shows. It changes only when the kind of answer or the address does, so
/// that what is typed, open or focused survives every refresh of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Face {
    Waiting,
    Ready(String),
    Failed(AppError),
}

impl<T: Clone + PartialEq + Send + Sync + 'static> PageData<T> {
    fn face(self, before: Option<&Face>) -> Face {
        let address = self.address.get();
        self.answer.with(|answer| match answer {
            None => Face::Waiting,
            Some((of, _)) if *of != address => Face::Waiting,
            Some((_, Ok(_))) => Face::Ready(address),
            Some((_, Err(error))) => {
                let ready = Face::Ready(address);
                if error.passes() && before == Some(&ready) {
                    ready
                } else {
                    Face::Failed(error.clone())
                }
            }
        })
    }

    /// The last good answer for `address`.
    fn last(self, address: String) -> Signal<T> {
        let last = Memo::new(move |last: Option<&T>| {
            let fresh = self.answer.with(|answer| match answer {
                Some((of, Ok(data))) if *of == address => Some(data.clone()),
                _ => None,
            });
            fresh
                .or_else(|| last.cloned())
                .expect("this face is shown only once there is data")
        });
        last.into()
    }

    /// Why the last refresh failed, where that may pass.
    fn trouble(self) -> Memo<Option<AppError>> {
        Memo::new(move |_| {
            self.answer.with(|answer| match answer {
                Some((_, Err(error))) if error.passes() => Some(error.clone()),
                _ => None,
            })
        })
    }

    fn ask_again(self) {
        let _ = self.again.try_update(|again| *again += 1);
    }

    /// Asks again by itself while something does not answer. Gives when the last good answer came.
    fn keep_trying(self) -> RwSignal<Option<i64>> {
        let fresh_at = RwSignal::new(None);
        let clock = use_clock();
        // One timer at most: each answer that did not come would begin another chain of them.
        let timer = StoredValue::new(None::<TimeoutHandle>);
        let stop = move || {
            let running = timer.try_update_value(Option::take).flatten();
            running.iter().for_each(TimeoutHandle::clear);
        };
        on_cleanup(stop);
        Effect::new(move || {
            stop();
            let outcome = self.answer.with(|answer| match answer {
                Some((_, Ok(_))) => Some(true),
                Some((_, Err(error))) if error.passes() => Some(false),
                _ => None,
            });
            match outcome {
                Some(true) => fresh_at.set(untrack(|| clock.now())),
                Some(false) => {
                    timer.set_value(set_timeout_with_handle(move || self.ask_again(), AGAIN).ok());
                }
                None => {}
            }
        });
        fresh_at
    }
}

/// A page on `data`: grey lines while it is on its way, what `ready` makes of it, or the error. A
/// refresh that fails for a while takes nothing away; the page says how old it is.
pub fn loaded<T>(
    data: PageData<T>,
    ready: impl Fn(Signal<T>) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let fresh_at = data.keep_trying();
    let face = Memo::new(move |before| data.face(before));
    let again = Callback::new(move |()| data.ask_again());
    // The page may be gone when its last refresh comes.
    let page = move || match face.try_get().unwrap_or(Face::Waiting) {
        Face::Waiting => view! { <Skeleton lines=6 /> }.into_any(),
        Face::Failed(error) => view! { <Failure error again /> }.into_any(),
        Face::Ready(address) => {
            let (trouble, page) = (data.trouble(), ready(data.last(address)));
            view! {
                <NotRefreshed trouble fresh_at again />
                {page}
            }
            .into_any()
        }
    };
    await_on_server(data.answer, page)
}

/// That the page shows what was known before, and why.
#[component]
fn NotRefreshed(
    trouble: Memo<Option<AppError>>,
    fresh_at: RwSignal<Option<i64>>,
    again: Callback<()>,
) -> impl IntoView {
    let as_of = move || {
        fresh_at
            .get()
            .map(|at| view! { <span>" Last read " <Ago at />"."</span> })
    };
    view! {
        <div>
            {move || {
                trouble.try_get().flatten().map(|error| {
                    let text = error.beside_fields(&[]);
                    view! {
                        <Notice tone=Tone::Warn title="What you see may be out of date">
                            <p>{text} {as_of}</p>
                            <Button on_press=again>"Try again"</Button>
                        </Notice>
                    }
                })
            }}
        </div>
    }
}

/// A page that could not be made: what, why, what to do.
#[component]
fn Failure(error: AppError, again: Callback<()>) -> impl IntoView {
    error.set_status();
    let title = error.title();
    let what = match &error {
        AppError::Invalid { .. } => error.beside_fields(&[]),
        _ => None,
    };
    let here = use_location();
    let way_on = match &error {
        AppError::SignedOut => {
            let back = untrack(|| paths::with_search(&here.pathname.get(), &here.search.get()));
            view! { <a class="button button--primary" href=back rel="external">"Sign in"</a> }
                .into_any()
        }
        error if error.passes() => view! {
            <span class="needs-script"><Button on_press=again>"Try again"</Button></span>
            <LinkButton href=paths::apps()>"Go to your apps"</LinkButton>
        }
        .into_any(),
        _ => view! { <LinkButton href=paths::apps()>"Go to your apps"</LinkButton> }.into_any(),
    };
    view! {
        <PageHeader title=title />
        <ErrorState
            what=what.unwrap_or_else(|| error.to_string())
            why=None
            remedy=error.remedy().map(ToOwned::to_owned)
            request_id=error.request_id()
        >
            {way_on}
        </ErrorState>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use any_spawner::Executor;
    use futures::StreamExt as _;
    use leptos_meta::provide_meta_context;
    use leptos_router::components::{FlatRoutes, Route, Router};
    use leptos_router::location::RequestUrl;
    use leptos_router::path;

    async fn page(answer: Result<String, AppError>) -> String {
        let _ = Executor::init_tokio();
        let owner = Owner::new();
        let html = owner.with(|| {
            provide_meta_context();
            provide_context(RequestUrl::new("/here"));
            let page = move || {
                let answer = answer.clone();
                let data = page_data(
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
            };
            view! {
                <Router>
                    <FlatRoutes fallback=|| ()>
                        <Route path=path!("/here") view=page />
                    </FlatRoutes>
                </Router>
            }
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

    #[test]
    fn an_address_is_the_same_text_on_both_sides() {
        let params: ParamsMap = [("environment", "test"), ("app", "my-shop")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(names(&params), "app=my-shop environment=test");
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
