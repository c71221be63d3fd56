//! The choice between the system's look, the light one and the dark one.
//!
//! The server reads the choice from a cookie and writes it on the document, so that the first paint is
//! right. A living page changes it at once and tells the server.

use crate::paths;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsValue;
use web_sys::XmlHttpRequest;

/// A look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in the form, the cookie and the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.as_str() == text)
            .unwrap_or(Self::System)
    }
}

/// The look that the person chose, from the request's cookie.
#[cfg(feature = "ssr")]
pub fn initial_theme() -> Theme {
    let Some(parts) = use_context::<http::request::Parts>() else {
        return Theme::System;
    };
    let cookies = parts.headers.get_all(http::header::COOKIE).into_iter();
    let chosen = cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("theme="));
    chosen.map_or(Theme::System, Theme::parse)
}

/// The look that the person chose, as the server wrote it on the document.
#[cfg(not(feature = "ssr"))]
pub fn initial_theme() -> Theme {
    let root = document().document_element();
    let chosen = root
        .and_then(|root| root.get_attribute("data-theme"))
        .unwrap_or_default();
    Theme::parse(&chosen)
}

/// The three looks, of which one is chosen.
#[component]
pub fn ThemeChoice() -> impl IntoView {
    let chosen = RwSignal::new(initial_theme());
    let location = use_location();
    let return_to = move || paths::with_search(&location.pathname.get(), &location.search.get());
    let change = move |event: SubmitEvent| {
        let pressed = event
            .submitter()
            .and_then(|button| button.get_attribute("value"));
        let Some(theme) = pressed.map(|value| Theme::parse(&value)) else {
            return;
        };
        event.prevent_default();
        chosen.set(theme);
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme.as_str());
        }
        let _ = tell_server(theme);
    };
    let buttons = Theme::ALL
        .into_iter()
        .map(|theme| {
            view! {
                <button
                    class="theme__button"
                    type="submit"
                    name="theme"
                    value=theme.as_str()
                    aria-pressed=move || if chosen.get() == theme { "true" } else { "false" }
                >
                    {theme.label()}
                </button>
            }
        })
        .collect_view();
    view! {
        <form class="theme" method="post" action=paths::theme() on:submit=change>
            <input type="hidden" name="return_to" value=return_to />
            <div class="theme__buttons" role="group" aria-label="Look">{buttons}</div>
        </form>
    }
}

fn tell_server(theme: Theme) -> Result<(), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", &paths::theme())?;
    request.set_request_header("Content-Type", "application/x-www-form-urlencoded")?;
    let form = format!("theme={}&return_to=%2Fmark.svg", theme.as_str());
    request.send_with_opt_str(Some(&form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_look_is_the_systems() {
        assert_eq!(Theme::parse("dark"), Theme::Dark);
        assert_eq!(Theme::parse("\"><script>"), Theme::System);
    }
}
