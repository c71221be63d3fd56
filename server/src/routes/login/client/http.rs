//! Requests to the issuer: no redirect is followed, and only so much is waited for and read.

use crate::routes::login::client::SignInError;
use crate::routes::login::client::fields::Fields;
use reqwest::{RequestBuilder, StatusCode};
use std::time::Duration;
use url::Url;

const ANSWER_AT_MOST: usize = 1 << 20;
const ISSUER_MAY_TAKE: Duration = Duration::from_secs(10);

/// The client.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// An answer, read to its end.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its bytes, whatever they say that they are.
    pub body: Vec<u8>,
}

/// Why the issuer gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It was not reached, or stopped midway.
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    /// It does not come to an end.
    #[error("the answer is longer than 1 MiB")]
    TooLong,
    /// It is no answer to the question.
    #[error("the {what} answers with status {status}")]
    Status {
        /// Which part of the issuer.
        what: &'static str,
        /// The status.
        status: StatusCode,
    },
    /// It is something else, a page for instance.
    #[error("the answer of the {0} is not the JSON that it should be")]
    NotJson(&'static str),
}

impl From<HttpError> for SignInError {
    fn from(error: HttpError) -> Self {
        Self::Unreachable(error.into())
    }
}

impl Http {
    /// A client without any connection yet.
    pub fn new() -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ISSUER_MAY_TAKE)
            .no_proxy()
            .build()?;
        Ok(Self(client))
    }

    /// A question.
    pub fn get(&self, url: &Url) -> RequestBuilder {
        self.0.get(url.clone()).header("accept", "application/json")
    }

    /// A form.
    pub fn post(&self, url: &Url) -> RequestBuilder {
        self.0
            .post(url.clone())
            .header("accept", "application/json")
    }
}

/// Sends a request, and reads its answer.
pub async fn send(request: RequestBuilder) -> Result<Answer, HttpError> {
    // An address is not to stand in a log.
    let failed = |error: reqwest::Error| HttpError::Request(error.without_url());
    let mut response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > ANSWER_AT_MOST {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        body,
    })
}

/// Sends a question whose answer is an object of JSON; `what` names who is asked.
pub async fn object(request: RequestBuilder, what: &'static str) -> Result<Fields, HttpError> {
    let answer = send(request).await?;
    match answer.status {
        StatusCode::OK => Fields::parse(&answer.body).ok_or(HttpError::NotJson(what)),
        status => Err(HttpError::Status { what, status }),
    }
}
