//! The way on in a list that goes on.

use crate::ui::button::LinkButton;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

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
        let (path, search) = (here.pathname.get(), here.search.get());
        address(&path, &search, after.as_deref())
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

/// The address with `after`, a text that an address may hold as it is.
fn address(path: &str, search: &str, after: Option<&str>) -> String {
    let of_this_page = |part: &str| {
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        OF_THIS_PAGE.contains(&name)
    };
    let kept = search.trim_start_matches('?').split('&');
    let mut query: Vec<String> = kept
        .filter(|part| !part.is_empty() && !of_this_page(part))
        .map(str::to_owned)
        .collect();
    query.extend(after.map(|after| format!("after={after}")));
    if query.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn another_page_keeps_what_the_list_shows() {
        let here = "?show=unfinished&after=ab&refused=no%26";
        assert_eq!(
            address("/operations", here, None),
            "/operations?show=unfinished"
        );
        assert_eq!(
            address("/operations", here, Some("c-_9")),
            "/operations?show=unfinished&after=c-_9"
        );
        assert_eq!(address("/apps", "after=x", None), "/apps");
        assert_eq!(address("/apps", "", Some("x")), "/apps?after=x");
    }
}
