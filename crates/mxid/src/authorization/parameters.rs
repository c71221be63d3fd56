//! The parameters of an authorization request.

use crate::Client;
use crate::authorization::hint::{self, Expected};
use crate::authorization::prompt;
use crate::db::authorization_requests::AuthorizationRequestRow;
use crate::parameters::{Parameters, is_plain};
use crate::provider::Provider;
use crate::{email, pkce};

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

/// A value, or the standard's error and what it is about.
pub(crate) type Rule<T> = Result<T, (&'static str, &'static str)>;

/// A request that keeps every rule.
pub(crate) fn parse(
    parameters: &Parameters,
    provider: &Provider,
) -> Result<AuthorizationRequestRow, Refusal> {
    let required = |name| parameters.once(name).ok().flatten().ok_or(Refusal::Page);
    let (client_id, redirect_uri) = (required("client_id")?, required("redirect_uri")?);
    let client = provider
        .client_with_redirect(client_id, redirect_uri)
        .ok_or(Refusal::Page)?;
    check(parameters, provider, client, redirect_uri).map_err(|(error, description)| {
        Refusal::Redirect(RedirectRefusal {
            redirect_uri: redirect_uri.to_owned(),
            state: plain(parameters, "state").ok().flatten(),
            error,
            description,
        })
    })
}

/// The refusal for a person who would have to be asked.
pub(crate) fn login_required(request: &AuthorizationRequestRow) -> RedirectRefusal {
    RedirectRefusal {
        redirect_uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        error: "login_required",
        description: "The person has to sign in.",
    }
}

fn check(
    parameters: &Parameters,
    provider: &Provider,
    client: &Client,
    redirect_uri: &str,
) -> Rule<AuthorizationRequestRow> {
    if parameters.has_repeated() {
        return Err(REPEATED);
    }
    let state = plain(parameters, "state")?;
    check_response(parameters)?;
    let max_age_seconds = max_age(parameters)?;
    let expected = expected(parameters, provider, client)?;
    let is_anew = max_age_seconds == Some(0) || matches!(expected, Expected::Nobody);
    Ok(AuthorizationRequestRow {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scope(parameters)?,
        state,
        nonce: plain(parameters, "nonce")?,
        code_challenge: code_challenge(parameters)?,
        // Nothing but a help for typing.
        login_hint: once(parameters, "login_hint")?
            .filter(|it| is_plain(it) && it.len() <= email::LONGEST)
            .map(str::to_owned),
        prompt: prompt::parse(once(parameters, "prompt")?)?.to_owned(),
        // No session is as young as this.
        max_age_seconds: if is_anew { Some(-1) } else { max_age_seconds },
        hinted_account_id: match expected {
            Expected::Account(id) => Some(id),
            Expected::Anyone | Expected::Nobody => None,
        },
        created_at: provider.now(),
    })
}

const REPEATED: (&str, &str) = ("invalid_request", "A parameter was sent more than once.");

fn once<'a>(parameters: &'a Parameters, name: &str) -> Rule<Option<&'a str>> {
    parameters.once(name).map_err(|_| REPEATED)
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
    let unsupported = [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ];
    for (name, error) in unsupported {
        if once(parameters, name)?.is_some() {
            return Err((error, "Everything is to be sent as a parameter of its own."));
        }
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

fn expected(parameters: &Parameters, provider: &Provider, client: &Client) -> Rule<Expected> {
    Ok(match once(parameters, "id_token_hint")? {
        None => Expected::Anyone,
        Some(token) => {
            hint::account(provider, client, token).map_or(Expected::Nobody, Expected::Account)
        }
    })
}

fn max_age(parameters: &Parameters) -> Rule<Option<i64>> {
    let refused = ("invalid_request", "max_age must be a number of seconds.");
    once(parameters, "max_age")?
        .map(|text| text.parse::<u32>().map(i64::from).map_err(|_| refused))
        .transpose()
}
