//! The page that asks for address and password.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use maud::{Markup, Render, html};
use url::Url;

use crate::headers;
use crate::pages::layout;
use crate::pages::message::{with_retry_after, words};

/// What the page says about the last attempt.
pub(crate) enum Notice {
    /// There was none.
    None,
    /// What is wrong with the fields themselves.
    Fields {
        email: Option<&'static str>,
        password: Option<&'static str>,
    },
    /// Address and password do not belong together. Which one is wrong is not said.
    Refused,
    /// The application expects another person.
    SomeoneElse,
    /// Too many attempts.
    TooOften(Duration),
}

/// The form. `target` is the client's address that a success leads to.
pub(crate) fn page(request: &str, target: &Url, email: &str, notice: &Notice) -> Response {
    let (email_error, password_error) = match notice {
        Notice::Fields { email, password } => (*email, *password),
        _ => (None, None),
    };
    let email_first = email.is_empty() || email_error.is_some();
    let refused = matches!(notice, Notice::Refused);
    let email_field = Field {
        name: "email",
        label: "Email address",
        autocomplete: "username",
        value: email,
        error: email_error,
        marked: refused,
        focused: email_first,
    };
    let password_field = Field {
        name: "password",
        label: "Password",
        autocomplete: "current-password",
        value: "",
        error: password_error,
        marked: refused,
        focused: !email_first,
    };
    let content = html! {
        h1 { "Sign in" }
        p class="soft" { "to continue to " strong { (host(target)) } }
        @if let Some(text) = notice_text(notice) {
            p class="notice" id="notice" role="alert" { (text) }
        }
        form method="post" action={ "sign-in?request=" (request) } novalidate {
            (email_field)
            (password_field)
            button class="button" type="submit" { "Sign in" }
        }
    };
    let title = if matches!(notice, Notice::None) {
        "Sign in"
    } else {
        "Not signed in"
    };
    let mut response = layout(status(notice), title, &content);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, headers::policy(Some(target)));
    match notice {
        Notice::TooOften(wait) => with_retry_after(response, *wait),
        _ => response,
    }
}

struct Field<'a> {
    /// Its name, and the kind of what is typed into it.
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    value: &'a str,
    error: Option<&'static str>,
    /// The notice above the form is about this field.
    marked: bool,
    focused: bool,
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        let name = self.name;
        let error_id = format!("{name}-error");
        let described_by = match (self.error, self.marked) {
            (Some(_), _) => Some(error_id.as_str()),
            (None, true) => Some("notice"),
            (None, false) => None,
        };
        // An address is no sentence: neither its first letter nor its spelling is to be mended.
        let email = name == "email";
        html! {
            div class="field" {
                label for=(name) { (self.label) }
                input class="input" id=(name) name=(name) type=(name) autocomplete=(self.autocomplete)
                    autocapitalize=[email.then_some("none")] spellcheck=[email.then_some("false")]
                    value=(self.value) required
                    aria-invalid=[described_by.map(|_| "true")] aria-describedby=[described_by]
                    autofocus[self.focused];
                @if let Some(error) = self.error {
                    p class="error" id=(error_id) { (error) }
                }
            }
        }
    }
}

fn notice_text(notice: &Notice) -> Option<String> {
    match notice {
        Notice::None | Notice::Fields { .. } => None,
        Notice::Refused => Some(
            "Email address and password do not match an account. Check both and try again."
                .to_owned(),
        ),
        Notice::SomeoneElse => Some(
            "The application expects the person whose email address is filled in. Sign in as that \
             person, or go back to the application and start again."
                .to_owned(),
        ),
        Notice::TooOften(wait) => Some(format!(
            "There were too many attempts. Try again in {}.",
            words(*wait)
        )),
    }
}

fn status(notice: &Notice) -> StatusCode {
    match notice {
        Notice::None => StatusCode::OK,
        Notice::Fields { .. } | Notice::Refused | Notice::SomeoneElse => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Notice::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
    }
}

fn host(target: &Url) -> String {
    let host = target.host_str().unwrap_or_default();
    match target.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
