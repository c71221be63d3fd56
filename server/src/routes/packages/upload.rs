//! Receives a package: streamed from the form to the control plane, never held in memory.
//!
//! A script is answered in JSON; a plain form goes to the package's page, or back with the reason.

use crate::state::AppState;
use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use axum::Extension;
use axum::Json;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{Multipart, Path, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use control::ctx::Ctx;
use control::error::{Error, FieldError, Result};
use control::packages::upload::FIELD;
use domain::ids::PackageId;
use domain::names::Subdomain;
use futures::TryStreamExt;
use leptos::nonce::Nonce;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::io;
use std::time::Duration;
use url::form_urlencoded::byte_serialize;

/// The headers and line ends around the file in the form take less than this.
const FORM_AROUND_FILE: u64 = 4 << 10;
/// How long what comes after a refusal is still read, so that the sender hears the answer.
const READ_ON_AT_MOST: Duration = Duration::from_secs(5);
/// The longest text that goes into the address of the page.
const REFUSAL_AT_MOST: usize = 300;

/// What may not stand as it is in one part of a path.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// Takes the field `package` of the form.
pub async fn create(
    State(app): State<AppState>,
    Extension(ctx): Extension<Ctx>,
    Extension(nonce): Extension<Nonce>,
    Extension(id): Extension<RequestId>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
    form: std::result::Result<Multipart, MultipartRejection>,
) -> Response {
    let answer = Answer {
        in_json: prefers_json(&headers),
        app: &subdomain,
        request_id: &id.0,
        nonce,
    };
    if let Some(person) = ctx.person()
        && let Err(wait) = app.limits.upload(person)
    {
        return answer.too_often(wait);
    }
    let Ok(mut form) = form else {
        return answer.refused(&Error::invalid(
            FIELD,
            "The upload is no form with a file in it. Choose the file on the packages page.",
        ));
    };
    match receive(&ctx, &subdomain, &headers, &mut form).await {
        Ok(package) => answer.accepted(package),
        Err(error) => {
            let rest = async { while let Ok(Some(_)) = form.next_field().await {} };
            // Whoever still sends after that hears nothing of the refusal, and that is all.
            let _ = tokio::time::timeout(READ_ON_AT_MOST, rest).await;
            answer.refused(&error)
        }
    }
}

async fn receive(
    ctx: &Ctx,
    subdomain: &str,
    headers: &HeaderMap,
    form: &mut Multipart,
) -> Result<PackageId> {
    let subdomain = Subdomain::parse(subdomain).map_err(|_| Error::NotFound)?;
    // Whether the person may is asked before a byte of the file is read.
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        if field.name() == Some(FIELD) {
            return store(ctx, &subdomain, headers, field).await;
        }
    }
    Err(Error::invalid(FIELD, "Choose a package file first."))
}

async fn store(
    ctx: &Ctx,
    subdomain: &Subdomain,
    headers: &HeaderMap,
    field: Field<'_>,
) -> Result<PackageId> {
    let file_name = field.file_name().unwrap_or_default().to_owned();
    if file_name.is_empty() {
        return Err(Error::invalid(FIELD, "Choose a package file first."));
    }
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let declared = length.map(|length| length.saturating_sub(FORM_AROUND_FILE));
    control::packages::upload::upload(
        ctx,
        subdomain,
        &file_name,
        declared,
        field.map_err(io::Error::other),
    )
    .await
}

fn broken(error: &MultipartError) -> Error {
    tracing::info!(%error, "the form of an upload could not be read");
    Error::invalid(
        FIELD,
        "The upload broke off before the end of the file. Nothing was kept; send it again.",
    )
}

fn prefers_json(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"))
}

/// How the sender wants to hear of it.
struct Answer<'a> {
    in_json: bool,
    app: &'a str,
    request_id: &'a str,
    nonce: Nonce,
}

impl Answer<'_> {
    fn accepted(&self, package: PackageId) -> Response {
        let location = format!("{}/{package}", self.page());
        if self.in_json {
            return (StatusCode::CREATED, Json(json!({ "location": location }))).into_response();
        }
        Redirect::to(&location).into_response()
    }

    fn refused(&self, error: &Error) -> Response {
        let page = ErrorPage::from_error(error, self.request_id);
        if self.in_json {
            let errors = match error {
                Error::Invalid(errors) => errors.clone(),
                _ => vec![FieldError {
                    field: FIELD.to_owned(),
                    message: page.text.clone(),
                }],
            };
            let errors: Vec<_> = errors
                .iter()
                .map(|e| json!({ "field": e.field, "message": e.message }))
                .collect();
            return (page.status, Json(json!({ "errors": errors }))).into_response();
        }
        if matches!(error, Error::NotFound) {
            let mut extensions = Extensions::new();
            extensions.insert(self.nonce.clone());
            return page.answer(&extensions);
        }
        self.back_with(&page.text)
    }

    fn too_often(&self, wait: u64) -> Response {
        let text = format!(
            "You have started many uploads in a short time. Wait {wait} seconds and try again."
        );
        if self.in_json {
            let errors = json!({ "errors": [{ "field": FIELD, "message": text }] });
            return (
                StatusCode::TOO_MANY_REQUESTS,
                [(RETRY_AFTER, wait.to_string())],
                Json(errors),
            )
                .into_response();
        }
        self.back_with(&text)
    }

    fn back_with(&self, text: &str) -> Response {
        let capped: String = text.chars().take(REFUSAL_AT_MOST).collect();
        let encoded: String = byte_serialize(capped.as_bytes()).collect();
        Redirect::to(&format!("{}?refused={encoded}", self.page())).into_response()
    }

    fn page(&self) -> String {
        let app = utf8_percent_encode(self.app, IN_A_PATH);
        format!("/apps/{app}/packages")
    }
}
