//! Parameters of a request: from the query or from a form's body.

use std::collections::HashSet;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use url::form_urlencoded;

/// The parameters, in the order sent.
pub(crate) struct Parameters(Vec<(String, String)>);

/// A parameter was sent more than once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

impl Parameters {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Whether any was sent more than once, known or not.
    pub(crate) fn has_repeated(&self) -> bool {
        let mut seen = HashSet::new();
        !self.0.iter().all(|(name, _)| seen.insert(name))
    }

    /// A parameter that may be sent once; an empty one counts as left out.
    pub(crate) fn once(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self
            .0
            .iter()
            .filter(|(it, _)| it == name)
            .map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated);
        }
        Ok(first.map(String::as_str).filter(|value| !value.is_empty()))
    }
}

/// Whether a request's body says that it is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.and_then(|it| it.split(|byte| *byte == b';').next());
    kind.is_some_and(|kind| {
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

/// Visible ASCII and spaces: what the standard allows in `state`, `nonce` and their like.
pub(crate) fn is_plain(text: &str) -> bool {
    text.len() <= 2048 && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Parameters, Repeated};

    #[test]
    fn a_parameter_counts_once() {
        let parameters = Parameters::parse("a=1&b=&c=2&c=3");
        assert_eq!(parameters.once("a"), Ok(Some("1")));
        assert_eq!(parameters.once("b"), Ok(None));
        assert_eq!(parameters.once("c"), Err(Repeated));
        assert_eq!(parameters.once("d"), Ok(None));
        assert!(parameters.has_repeated());
        assert!(!Parameters::parse("a=1&b=&c=2").has_repeated());
    }
}
