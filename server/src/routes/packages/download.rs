//! The file of a package, streamed from the store.

use crate::web::error_page::ErrorPage;
use crate::web::layers::request_id::RequestId;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use control::ctx::Ctx;
use control::error::{Error, Result};
use domain::ids::PackageId;
use domain::names::Subdomain;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What may not stand as it is in an extended value of a header (RFC 5987).
const IN_A_HEADER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// Sends the file to someone of the app's team.
pub async fn get(Path((app, package)): Path<(String, String)>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let id = request
        .extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    match open(&app, &package, &request).await {
        Ok(response) => response,
        Err(error) => ErrorPage::from_error(&error, &id).answer(&request.extensions),
    }
}

async fn open(app: &str, package: &str, request: &Parts) -> Result<Response> {
    let ctx = request.extensions.get::<Ctx>().ok_or(Error::NotFound)?;
    let subdomain = Subdomain::parse(app).map_err(|_| Error::NotFound)?;
    let package: PackageId = package.parse().map_err(|_| Error::NotFound)?;
    let file = control::packages::open(ctx, &subdomain, package).await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, file.size.to_string()),
        (CONTENT_DISPOSITION, disposition(&file.file_name)),
    ];
    Ok((headers, Body::from_stream(file.bytes)).into_response())
}

/// The name twice: for every browser in ASCII, and as it really is.
fn disposition(file_name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._- ".contains(c) {
            c
        } else {
            '_'
        }
    };
    let ascii: String = file_name.chars().map(plain).collect();
    let encoded = percent_encode(file_name.as_bytes(), IN_A_HEADER);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_stays_inside_its_quotes() {
        assert_eq!(
            disposition("Shöp \"1\"\r\n.mda"),
            "attachment; filename=\"Sh_p _1___.mda\"; filename*=UTF-8''Sh%C3%B6p%20%221%22%0D%0A.mda"
        );
    }
}
