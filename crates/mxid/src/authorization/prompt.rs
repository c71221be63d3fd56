//! What may be asked of the person: `prompt`.

use crate::authorization::parameters::Rule;

/// Sign in when needed.
pub(crate) const WHEN_NEEDED: &str = "when_needed";
/// Sign in again, in any case.
pub(crate) const LOGIN: &str = "login";
/// Ask nothing: answer from the session or not at all.
pub(crate) const NONE: &str = "none";

/// What a list of values means. Nobody is asked for consent here, since the operator alone says who may
/// ask for a sign-in.
pub(crate) fn parse(values: Option<&str>) -> Rule<&'static str> {
    let mut meaning = WHEN_NEEDED;
    let values = values.unwrap_or_default().split(' ');
    let values: Vec<&str> = values.filter(|value| !value.is_empty()).collect();
    for value in &values {
        match *value {
            "none" if values.len() == 1 => meaning = NONE,
            "none" => return Err(("invalid_request", "prompt=none stands alone.")),
            "login" | "select_account" => meaning = LOGIN,
            "consent" => {}
            _ => return Err(("invalid_request", "prompt has a value that is not known.")),
        }
    }
    Ok(meaning)
}

#[cfg(test)]
mod tests {
    use super::{LOGIN, NONE, WHEN_NEEDED, parse};

    #[test]
    fn values_are_known_or_refused() {
        for (values, meaning) in [
            (None, Some(WHEN_NEEDED)),
            (Some("consent"), Some(WHEN_NEEDED)),
            (Some("none"), Some(NONE)),
            (Some("login"), Some(LOGIN)),
            (Some("select_account"), Some(LOGIN)),
            (Some("consent  login"), Some(LOGIN)),
            (Some("none login"), None),
            (Some("login none"), None),
            (Some("none none"), None),
            (Some("create"), None),
            (Some("Login"), None),
        ] {
            assert_eq!(parse(values).ok(), meaning, "{values:?}");
        }
    }
}
