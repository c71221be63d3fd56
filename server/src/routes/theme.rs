//! The choice between the system's, the light and the dark look, kept in a cookie.

use crate::routes::login::return_to::ReturnTo;
use axum::Form;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use serde::Deserialize;

/// The form that chooses.
#[derive(Debug, Deserialize)]
pub struct Choice {
    theme: Theme,
    #[serde(default)]
    return_to: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Theme {
    System,
    Light,
    Dark,
}

/// Keeps the choice for a year and goes back to the page.
pub async fn choose(Form(choice): Form<Choice>) -> Response {
    let theme = match choice.theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let cookie = format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax; Secure; HttpOnly");
    (
        AppendHeaders([(SET_COOKIE, cookie)]),
        Redirect::to(ReturnTo::parse(&choice.return_to).as_str()),
    )
        .into_response()
}
