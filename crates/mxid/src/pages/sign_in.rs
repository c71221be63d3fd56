//! The page that asks for address and password.

use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use url::Url;

use crate::headers;
use crate::pages::message::{with_retry_after, words};
use crate::pages::{escape, layout};

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
        kind: r#"type="email" autocomplete="username" autocapitalize="none" spellcheck="false""#,
        value: email,
        error: email_error,
        marked: refused,
        focused: email_first,
    };
    let password_field = Field {
        name: "password",
        label: "Password",
        kind: r#"type="password" autocomplete="current-password""#,
        value: "",
        error: password_error,
        marked: refused,
        focused: !email_first,
    };
    let content = format!(
        r#"<h1>Sign in</h1>
<p class="soft">to continue to <strong>{target}</strong></p>
{notice}<form method="post" action="sign-in?request={request}" novalidate>
{email}{password}<button class="button" type="submit">Sign in</button>
</form>"#,
        target = escape(&host(target)),
        notice = notice_html(notice),
        request = escape(request),
        email = email_field.html(),
        password = password_field.html(),
    );
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
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    value: &'a str,
    error: Option<&'a str>,
    /// The notice above the form is about this field.
    marked: bool,
    focused: bool,
}

impl Field<'_> {
    fn html(&self) -> String {
        let Self {
            name, label, kind, ..
        } = self;
        let described_by = match (self.error, self.marked) {
            (Some(_), _) => format!(r#" aria-invalid="true" aria-describedby="{name}-error""#),
            (None, true) => r#" aria-invalid="true" aria-describedby="notice""#.to_owned(),
            (None, false) => String::new(),
        };
        let error = self.error.map(|error| {
            format!(
                "<p class=\"error\" id=\"{name}-error\">{}</p>\n",
                escape(error)
            )
        });
        format!(
            r#"<div class="field">
<label for="{name}">{label}</label>
<input class="input" id="{name}" name="{name}" {kind} value="{value}" required{described_by}{focus}>
{error}</div>
"#,
            value = escape(self.value),
            focus = if self.focused { " autofocus" } else { "" },
            error = error.unwrap_or_default(),
        )
    }
}

fn notice_html(notice: &Notice) -> String {
    let text = match notice {
        Notice::None | Notice::Fields { .. } => return String::new(),
        Notice::Refused => {
            "Email address and password do not match an account. Check both and try again."
                .to_owned()
        }
        Notice::TooOften(wait) => {
            format!(
                "There were too many attempts. Try again in {}.",
                words(*wait)
            )
        }
    };
    format!(
        "<p class=\"notice\" id=\"notice\" role=\"alert\">{}</p>\n",
        escape(&text)
    )
}

fn status(notice: &Notice) -> StatusCode {
    match notice {
        Notice::None => StatusCode::OK,
        Notice::Fields { .. } | Notice::Refused => StatusCode::UNPROCESSABLE_ENTITY,
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
