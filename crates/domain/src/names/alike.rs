//! Names that are made to look like others: mixed alphabets, letters in disguise, an alphabet that poses as Latin.

/// Latin beside Cyrillic or Greek in one name is how one name is made to look like another.
pub(super) fn mixes_scripts(text: &str) -> bool {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    latin && text.chars().any(is_cyrillic_or_greek)
}

fn is_cyrillic_or_greek(letter: char) -> bool {
    ('\u{370}'..='\u{52f}').contains(&letter)
}

/// Whether a letter is another one in circles, in another width or in a mathematician's hand.
pub(super) fn is_styled(letter: char) -> bool {
    matches!(
        letter,
        '\u{2460}'..='\u{24ff}' | '\u{ff00}'..='\u{ffef}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}'
    )
}

/// Whether the whole name can be read as Latin although no letter of it is.
pub(super) fn imitates_latin(text: &str) -> bool {
    const ALIKE: &str = "асԁеһіјӏорԛѕԝхуѵАВСЕНІЈӀКМОРЅТХУҺԚԜѴονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    let mut letters = text.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(|letter| ALIKE.contains(letter))
}
