//! Parameters of a request: from the query or from a form's body.

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
    }
}
