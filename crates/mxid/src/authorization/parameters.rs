//! The parameters of an authorization request.

use time::Duration;

use crate::db::authorization_requests::AuthorizationRequestRow;
use crate::parameters::{Parameters, is_plain};
use crate::pkce;
use crate::provider::Provider;

/// What the client wants of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Sign in when needed.
    WhenNeeded,
    /// Sign in again, in any case.
    Login,
    /// Ask nothing: answer from the session or not at all.
    None,
}

/// A request that keeps every rule.
pub(crate) struct Asked {
    pub(crate) request: AuthorizationRequestRow,
    pub(crate) prompt: Prompt,
    pub(crate) max_age: Option<Duration>,
}

/// A request that breaks a rule.
pub(crate) enum Refusal {
    /// The client or its address is not known, so nothing is sent there.
    Page,
    /// The client is told.
    Redirect(RedirectRefusal),
}

/// What the client is told.
pub(crate) struct RedirectRefusal {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

type Rule<T> = Result<T, (&'static str, &'static str)>;

impl Asked {
    pub(crate) fn parse(parameters: &Parameters, provider: &Provider) -> Result<Self, Refusal> {
        let required = |name| {
            parameters
                .once(name)
                .ok()
                .flatten()
                .map(str::to_owned)
                .ok_or(Refusal::Page)
        };
        let client_id = required("client_id")?;
        let redirect_uri = required("redirect_uri")?;
        if provider
            .client_with_redirect(&client_id, &redirect_uri)
            .is_none()
        {
            return Err(Refusal::Page);
        }
        Self::check(parameters, client_id, redirect_uri.clone()).map_err(|(error, description)| {
            let state = plain(parameters, "state").ok().flatten();
            Refusal::Redirect(RedirectRefusal {
                redirect_uri,
                state,
                error,
                description,
            })
        })
    }

    /// The refusal for a person who would have to be asked.
    pub(crate) fn login_required(&self) -> RedirectRefusal {
        RedirectRefusal {
            redirect_uri: self.request.redirect_uri.clone(),
            state: self.request.state.clone(),
            error: "login_required",
            description: "The person has to sign in.",
        }
    }

    fn check(parameters: &Parameters, client_id: String, redirect_uri: String) -> Rule<Self> {
        let state = plain(parameters, "state")?;
        check_response(parameters)?;
        Ok(Self {
            prompt: prompt(parameters)?,
            max_age: max_age(parameters)?,
            request: AuthorizationRequestRow {
                client_id,
                redirect_uri,
                scope: scope(parameters)?,
                state,
                nonce: plain(parameters, "nonce")?,
                code_challenge: code_challenge(parameters)?,
                login_hint: plain(parameters, "login_hint")?,
            },
        })
    }
}

fn once<'a>(parameters: &'a Parameters, name: &str) -> Rule<Option<&'a str>> {
    parameters
        .once(name)
        .map_err(|_| ("invalid_request", "A parameter was sent more than once."))
}

fn plain(parameters: &Parameters, name: &str) -> Rule<Option<String>> {
    match once(parameters, name)? {
        Some(value) if !is_plain(value) => Err((
            "invalid_request",
            "A parameter is too long or not in visible ASCII.",
        )),
        value => Ok(value.map(str::to_owned)),
    }
}

fn check_response(parameters: &Parameters) -> Rule<()> {
    if once(parameters, "request")?.is_some() {
        return Err((
            "request_not_supported",
            "Request objects are not supported.",
        ));
    }
    if once(parameters, "request_uri")?.is_some() {
        return Err((
            "request_uri_not_supported",
            "Request objects are not supported.",
        ));
    }
    match once(parameters, "response_type")? {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "response_type must be code.")),
        None => return Err(("invalid_request", "response_type is missing.")),
    }
    match once(parameters, "response_mode")? {
        None | Some("query") => Ok(()),
        Some(_) => Err(("invalid_request", "response_mode must be query.")),
    }
}

/// The scopes that are known here; unknown ones are passed over, as the standard has it.
fn scope(parameters: &Parameters) -> Rule<String> {
    let asked = once(parameters, "scope")?.unwrap_or_default();
    let known: Vec<&str> = ["openid", "email", "profile"]
        .into_iter()
        .filter(|known| asked.split(' ').any(|it| it == *known))
        .collect();
    if known.first() == Some(&"openid") {
        Ok(known.join(" "))
    } else {
        Err(("invalid_scope", "scope must contain openid."))
    }
}

fn code_challenge(parameters: &Parameters) -> Rule<String> {
    if once(parameters, "code_challenge_method")? != Some("S256") {
        return Err(("invalid_request", "code_challenge_method must be S256."));
    }
    match once(parameters, "code_challenge")? {
        Some(challenge) if pkce::is_challenge(challenge) => Ok(challenge.to_owned()),
        _ => Err((
            "invalid_request",
            "code_challenge must be an S256 challenge.",
        )),
    }
}

fn prompt(parameters: &Parameters) -> Rule<Prompt> {
    let values: Vec<&str> = once(parameters, "prompt")?
        .unwrap_or_default()
        .split(' ')
        .filter(|value| !value.is_empty())
        .collect();
    match values.as_slice() {
        ["none"] => Ok(Prompt::None),
        values if values.contains(&"none") => Err(("invalid_request", "prompt=none stands alone.")),
        values if values.contains(&"login") || values.contains(&"select_account") => {
            Ok(Prompt::Login)
        }
        _ => Ok(Prompt::WhenNeeded),
    }
}

fn max_age(parameters: &Parameters) -> Rule<Option<Duration>> {
    let refused = ("invalid_request", "max_age must be a number of seconds.");
    once(parameters, "max_age")?
        .map(|text| {
            text.parse::<u32>()
                .map(|it| Duration::seconds(it.into()))
                .map_err(|_| refused)
        })
        .transpose()
}
