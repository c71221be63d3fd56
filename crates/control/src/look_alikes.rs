//! Names that are made to look like others: letters in disguise, an alphabet that poses as Latin, mixed
//! alphabets. The tables are those of Unicode Technical Standard 39; too large for a browser, so only the
//! server looks, and only when a name is given.

use domain::names::NameError;
use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

/// Refuses a name for `field` that passes for another one.
pub(crate) fn check(field: &'static str, text: &str) -> Result<(), NameError> {
    let message = if let Some(styled) = text.chars().find(|c| is_styled(*c)) {
        format!("“{styled}” is a letter in disguise; write the name with plain letters.")
    } else if imitates_latin(text) {
        "Every letter of this name only looks like a Latin one; write it in Latin letters."
            .to_owned()
    } else if !text.is_single_script() {
        "This name mixes letters of different alphabets that look alike; write it in one alphabet."
            .to_owned()
    } else {
        return Ok(());
    };
    Err(NameError { field, message })
}

/// Whether a letter is another one in circles, in another width or in a mathematician's hand.
fn is_styled(letter: char) -> bool {
    !letter.is_ascii()
        && std::iter::once(letter)
            .nfkc()
            .any(|plain| plain.is_ascii_alphanumeric())
}

/// Whether the whole name can be read as Latin although no letter of it is.
fn imitates_latin(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some()
        && letters.all(|letter| {
            !letter.is_ascii() && skeleton(letter.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii())
        })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_of_one_alphabet_are_taken() {
        for name in [
            "Shop",
            "Müller & Co.",
            "店舗管理",
            "Q1-2026",
            "O'Hara_2",
            "Магазин",
            "Καφέ",
            "日本語のアプリ",
        ] {
            assert_eq!(check("name", name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_in_disguise_are_refused() {
        let refused = [
            ("Sh\u{43e}p", "mixes"),
            ("\u{405}hop", "mixes"),
            ("\u{405}\u{4bb}\u{43e}\u{440}", "only looks like"),
            ("ΝΟΡΤΗ", "only looks like"),
            ("Ｓｈｏｐ", "disguise"),
            ("Ⓢhop", "disguise"),
            ("𝐒hop", "disguise"),
        ];
        for (name, why) in refused {
            let error = check("name", name).expect_err(name);
            assert!(error.message.contains(why), "{name}: {}", error.message);
        }
    }
}
