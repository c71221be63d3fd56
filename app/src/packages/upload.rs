//! Bringing a package in: a plain form that also works without JavaScript, with progress where it can be had.
//!
//! An upload belongs to the page that shows it: whoever leaves the page ends it, and is told so before.

use crate::error::AppError;
use crate::format::bytes::{bytes, count, percent};
use crate::paths;
use crate::ui::bar::ProgressBar;
use crate::ui::button::{Button, ButtonKind};
use crate::ui::field::Field;
use domain::rights::Access;
use leptos::prelude::*;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::{ev, html};
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use serde::Deserialize;
use std::cell::RefCell;
use views::packages::Limits;
use web_sys::{Event, File, FormData, ProgressEvent, SubmitEvent, XmlHttpRequest};

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Upload {
    /// Not begun.
    #[default]
    Idle,
    /// Bytes are on their way.
    Sending {
        /// Bytes sent.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// All bytes are there; the package is being inspected.
    Inspecting,
    /// Not accepted.
    Refused(String),
}

impl Upload {
    fn under_way(&self) -> bool {
        matches!(self, Self::Sending { .. } | Self::Inspecting)
    }

    fn percent(&self) -> Option<u8> {
        match self {
            Self::Sending { sent, total } => Some(percent(*sent, *total)),
            _ => None,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Idle | Self::Refused(_) => String::new(),
            Self::Sending { sent, total } => {
                format!(
                    "{} of {} sent, {} %",
                    bytes(*sent),
                    bytes(*total),
                    percent(*sent, *total)
                )
            }
            Self::Inspecting => "Sent. The package is being inspected …".to_owned(),
        }
    }

    fn refusal(&self) -> Option<String> {
        match self {
            Self::Refused(message) => Some(message.clone()),
            _ => None,
        }
    }
}

/// The server's answer to an upload.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    location: Option<String>,
    errors: Vec<Refused>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    message: String,
}

/// What became of an upload that was answered with `text`: the page of the package, or why not.
fn outcome(text: &str) -> Result<String, String> {
    let answer: Answer = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
    if let Some(location) = answer.location {
        return Ok(location);
    }
    let refused: Vec<String> = answer
        .errors
        .into_iter()
        .map(|refused| refused.message)
        .collect();
    if !refused.is_empty() {
        return Err(refused.join(" "));
    }
    // What stands before the upload, such as the session's guard, answers as it answers any script.
    let error = serde_json::from_slice::<AppError>(text.as_bytes()).ok();
    Err(error
        .and_then(|error| error.beside_fields(&[]))
        .unwrap_or_else(|| {
            "The portal did not take the package and gave no reason. Try again.".to_owned()
        }))
}

/// What a package may be, in a sentence.
pub fn limits_sentence(limits: Limits) -> String {
    format!(
        "An .mda file of at most {}, {} unpacked and {} files, made for runtime {} or higher. It is inspected before it is kept.",
        bytes(limits.package_bytes),
        bytes(limits.unpacked_bytes),
        count(limits.files),
        domain::versions::OLDEST_RUNTIME,
    )
}

/// Why a file cannot be sent at all.
fn too_large(size: u64, limits: Limits) -> Option<String> {
    (size > limits.package_bytes).then(|| {
        format!(
            "This file has {}; a package has at most {}. Nothing was sent.",
            bytes(size),
            bytes(limits.package_bytes)
        )
    })
}

/// The form that brings a package in.
#[component]
pub fn UploadForm(
    /// The app's place in addresses.
    app: String,
    /// What a package may be.
    limits: Limits,
    /// Whether this person may.
    access: Access,
    /// What an earlier upload without JavaScript was refused with.
    refused: Option<String>,
) -> impl IntoView {
    let state = RwSignal::new(refused.map_or(Upload::Idle, Upload::Refused));
    let input = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let address = paths::package_upload(&app);
    let reason = Signal::stored(access.reason());
    let target = address.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if reason.with_untracked(Option::is_some) || state.with_untracked(Upload::under_way) {
            return;
        }
        let file = input
            .get_untracked()
            .and_then(|input| input.files())
            .and_then(|files| files.get(0));
        let Some(file) = file else {
            state.set(Upload::Refused(
                "Choose the package's file first.".to_owned(),
            ));
            return;
        };
        if let Some(words) = too_large(size_of(&file), limits) {
            state.set(Upload::Refused(words));
            return;
        }
        let navigate = navigate.clone();
        let done = move |location: &str| navigate(location, NavigateOptions::default());
        if send(&target, &file, state, done).is_err() {
            state.set(Upload::Refused(
                "The browser could not send the file. Choose it again.".to_owned(),
            ));
        }
    };
    // The button that was pressed goes away; the file may be sent again, or another one chosen.
    let cancel = Callback::new(move |()| {
        break_off();
        if let Some(input) = input.get_untracked() {
            let _ = input.focus();
        }
    });
    let busy = Signal::from(Memo::new(move |_| state.with(Upload::under_way)));
    on_cleanup(break_off);
    Effect::new(move || {
        if busy.get() {
            let question = window_event_listener(ev::beforeunload, |event| event.prevent_default());
            on_cleanup(move || question.remove());
        }
    });
    let words = Signal::derive(move || state.with(Upload::words));
    let error = Signal::derive(move || state.with(Upload::refusal));
    view! {
        <form class="upload" method="post" action=address enctype="multipart/form-data" on:submit=submit>
            <Field id="package" label="Package" hint=Some(limits_sentence(limits)) error>
                <input
                    class="input upload__file"
                    type="file"
                    id="package"
                    name="package"
                    accept=".mda"
                    aria-describedby="package-error package-hint"
                    node_ref=input
                />
            </Field>
            <div class="upload__actions">
                <Button kind=ButtonKind::Primary type_="submit" reason busy>"Upload"</Button>
                <span hidden=move || !busy.get()>
                    <Button kind=ButtonKind::Plain on_press=cancel>"Cancel upload"</Button>
                </span>
            </div>
            <div class="upload__progress" hidden=move || !busy.get()>
                <ProgressBar label="Upload" value=Signal::derive(move || state.with(Upload::percent)) />
                <p class="soft" role="status">{move || words.get()}</p>
                <p class="soft">"Stay on this page until it is done: leaving it ends the upload."</p>
            </div>
        </form>
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the size of a file is a whole number of bytes"
)]
fn size_of(file: &File) -> u64 {
    file.size() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are whole numbers of bytes"
)]
fn sending(event: &ProgressEvent) -> Upload {
    let (sent, total) = (event.loaded() as u64, event.total() as u64);
    if sent >= total {
        Upload::Inspecting
    } else {
        Upload::Sending { sent, total }
    }
}

thread_local! {
    /// The upload under way. It belongs to the browser's one thread; a form that the server renders
    /// moves between threads and must not hold it.
    static UNDER_WAY: RefCell<Option<XmlHttpRequest>> = const { RefCell::new(None) };
}

/// Ends the upload under way, if there is one, wherever it stands.
fn break_off() {
    if let Some(request) = UNDER_WAY.take() {
        let _ = request.abort();
    }
}

/// Sends the file and keeps `state` at how far it is.
fn send(
    address: &str,
    file: &File,
    state: RwSignal<Upload>,
    done: impl Fn(&str) + 'static,
) -> Result<(), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", address)?;
    request.set_request_header("Accept", "application/json")?;
    let body = FormData::new()?;
    body.append_with_blob_and_filename("package", file, &file.name())?;

    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        state.set(sending(&event));
    });
    request
        .upload()?
        .set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let answered = request.clone();
    let load = Closure::<dyn FnMut(Event)>::new(move |_| {
        match outcome(&answered.response_text().ok().flatten().unwrap_or_default()) {
            Ok(location) => {
                state.set(Upload::Idle);
                done(&location);
            }
            Err(message) => state.set(Upload::Refused(message)),
        }
    });
    request.set_onload(Some(load.as_ref().unchecked_ref()));
    let lost = Closure::<dyn FnMut(Event)>::new(move |_| {
        state.set(Upload::Refused(
            "The connection to the portal broke off, or the portal refused the file before its end. Nothing was kept; try again."
                .to_owned(),
        ));
    });
    request.set_onerror(Some(lost.as_ref().unchecked_ref()));
    let aborted = Closure::<dyn FnMut(Event)>::new(move |_| state.set(Upload::Idle));
    request.set_onabort(Some(aborted.as_ref().unchecked_ref()));
    // The request keeps its listeners for as long as it lives, and the page ends it.
    progress.forget();
    load.forget();
    lost.forget();
    aborted.forget();
    state.set(Upload::Sending {
        sent: 0,
        total: size_of(file),
    });
    request.send_with_opt_form_data(Some(&body))?;
    UNDER_WAY.set(Some(request));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        package_bytes: 16 << 30,
        unpacked_bytes: 32 << 30,
        files: 1_000_000,
    };

    #[test]
    fn limits_are_said_before_anything_is_sent() {
        assert_eq!(
            limits_sentence(LIMITS),
            "An .mda file of at most 16 GB, 32 GB unpacked and 1,000,000 files, made for runtime 6.0.0 or higher. It is inspected before it is kept."
        );
        assert_eq!(too_large(16 << 30, LIMITS), None);
        assert!(
            too_large((16 << 30) + 1, LIMITS).is_some_and(|words| words.contains("at most 16 GB"))
        );
    }

    #[test]
    fn progress_in_words() {
        let half = Upload::Sending {
            sent: 3 << 20,
            total: 6 << 20,
        };
        assert_eq!(half.words(), "3 MB of 6 MB sent, 50 %");
        assert_eq!(half.percent(), Some(50));
        assert!(half.under_way() && Upload::Inspecting.under_way());
        assert_eq!(Upload::Inspecting.percent(), None);
        assert_eq!(
            Upload::Refused("No.".to_owned()).refusal().as_deref(),
            Some("No.")
        );
    }

    #[test]
    fn every_answer_comes_to_something() {
        assert_eq!(
            outcome(r#"{"location":"/apps/shop/packages/1"}"#),
            Ok("/apps/shop/packages/1".to_owned())
        );
        let refused = r#"{"errors":[{"field":"package","message":"Not a zip file."}]}"#;
        assert_eq!(outcome(refused), Err("Not a zip file.".to_owned()));
        let signed_out = serde_json::to_string(&AppError::SignedOut).expect("is JSON");
        assert_eq!(outcome(&signed_out), Err(AppError::SignedOut.to_string()));
        let no_database = AppError::Unavailable("The database does not answer.".to_owned());
        let no_database = serde_json::to_string(&no_database).expect("is JSON");
        assert_eq!(
            outcome(&no_database),
            Err("The database does not answer.".to_owned())
        );
        for odd in ["", "<html>", "{}", "[]", "\"NotThere\""] {
            assert!(
                outcome(odd).is_err_and(|words| words.contains("no reason")),
                "{odd}"
            );
        }
    }
}
