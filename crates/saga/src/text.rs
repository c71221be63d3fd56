//! Text from outside, made fit to be kept: a step may pass on whatever a program or a server said.

/// The longest text that is kept, in characters.
const LONGEST: usize = 4_000;

/// The text without what `PostgreSQL` refuses, and not longer than what anybody reads.
pub(crate) fn kept(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, kept};

    #[test]
    fn what_cannot_be_kept_is_dropped() {
        assert_eq!(kept("bo\0om\n\u{e9}"), "boom\n\u{e9}");
        assert_eq!(kept(&"x".repeat(LONGEST + 1)).len(), LONGEST);
    }
}
