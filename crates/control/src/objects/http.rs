//! The HTTP client of the object store: the one that the whole program uses, with time-outs.

use async_trait::async_trait;
use http_body_util::BodyExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, Error, Result};
use reqwest::{Body, Client, Request, Url};
use std::time::Duration;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long nothing may come; the whole of a large object may take long.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);

/// Makes the client.
#[derive(Debug)]
pub(super) struct Connector;

#[derive(Debug)]
struct Service(Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient> {
        let client = Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_AT_MOST)
            // Requests are signed for the host that they were meant for.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Generic {
                store: "S3",
                source: error.into(),
            })?;
        Ok(HttpClient::new(Service(client)))
    }
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let mut request = Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(match body.as_bytes() {
            Some(bytes) => Body::from(bytes.clone()),
            None => Body::wrap(body),
        });
        let response = self.0.execute(request).await.map_err(failed)?;
        Ok(http::Response::<Body>::from(response)
            .map(|body| HttpResponseBody::new(body.map_err(failed))))
    }
}

/// What the store may try again is told by the kind; the address is the store's to name.
fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error.without_url())
}
