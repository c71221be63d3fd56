//! Email addresses as account names.

/// The most characters that an address has.
pub(crate) const LONGEST: usize = 254;
/// What is said of a longer one.
pub(crate) const TOO_LONG: &str = "The email address is too long: use at most 254 characters.";

/// The address as it is kept and compared: trimmed and lower-cased; nothing when it is none.
pub(crate) fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, host) = text.rsplit_once('@')?;
    let sound = (3..=LONGEST).contains(&text.len())
        && !local.is_empty()
        && !host.is_empty()
        && !local.contains('@')
        && !text
            .chars()
            .any(|char| char.is_whitespace() || char.is_control());
    sound.then(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn an_address_is_trimmed_and_lower_cased() {
        assert_eq!(
            normalise(" Ada@Example.COM "),
            Some("ada@example.com".to_owned())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@c.d",
            "a@b@c",
            "a\0@b.c",
            &long,
        ] {
            assert_eq!(normalise(text), None, "{text:?}");
        }
    }
}
