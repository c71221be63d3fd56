//! The way on in a list that goes on.

use crate::ui::button::LinkButton;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use leptos_router::params::ParamsMap;

/// What an address holds that is of this page of the list alone: where it begins, and what was refused on it.
const OF_THIS_PAGE: [&str; 4] = ["after", "refused", "__path", "__err"];

/// The way to the first page, where this is another one, and to the page that follows, where there is one.
/// Both are the present address with another `after`.
#[component]
pub fn Pager(
    /// Where this page begins; none on the first page.
    #[prop(into)]
    after: Signal<Option<String>>,
    /// Where the page that follows begins.
    #[prop(into)]
    next: Signal<Option<String>>,
    /// What that page holds: `Older packages`.
    more: &'static str,
) -> impl IntoView {
    let here = use_location();
    let at = move |after: Option<String>| {
        let path = here.pathname.get();
        here.query.with(|query| address(&path, query, after))
    };
    let first = move || {
        after
            .with(Option::is_some)
            .then(|| view! { <LinkButton href=at(None)>"First page"</LinkButton> })
    };
    let on = move || {
        let next = next.get()?;
        Some(view! { <LinkButton href=at(Some(next))>{more}</LinkButton> })
    };
    view! {
        <nav class="pager" aria-label="Pages" hidden=move || after.with(Option::is_none) && next.with(Option::is_none)>
            {first}
            {on}
        </nav>
    }
}

fn address(path: &str, query: &ParamsMap, after: Option<String>) -> String {
    let mut query = query.clone();
    for name in OF_THIS_PAGE {
        query.remove(name);
    }
    if let Some(after) = after {
        query.insert("after", after);
    }
    format!("{path}{}", query.to_query_string())
}

#[cfg(test)]
mod tests {
    use super::address;
    use leptos_router::params::ParamsMap;

    #[test]
    fn another_page_keeps_what_the_list_shows() {
        let query = |pairs: &[(&str, &str)]| -> ParamsMap {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let unfinished = query(&[("show", "unfinished"), ("after", "a b"), ("refused", "no")]);
        assert_eq!(
            address("/operations", &unfinished, None),
            "/operations?show=unfinished"
        );
        assert_eq!(
            address("/operations", &unfinished, Some("c-_9".to_owned())),
            "/operations?show=unfinished&after=c-_9"
        );
        assert_eq!(address("/apps", &query(&[("after", "x")]), None), "/apps");
    }
}
