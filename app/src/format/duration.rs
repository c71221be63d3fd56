//! Spans of time as people read them.

/// A span of time in its two largest units: `9 d 4 h`, `3 min 20 s`, `6 s`.
pub fn in_words(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let seconds = seconds.max(0);
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".to_owned();
    };
    let (unit, name) = UNITS[first];
    let rest = UNITS
        .get(first + 1)
        .map(|(next, name)| (seconds % unit / next, name))
        .filter(|(count, _)| *count > 0);
    match rest {
        Some((count, small)) => format!("{} {name} {count} {small}", seconds / unit),
        None => format!("{} {name}", seconds / unit),
    }
}

/// The time since a moment, in one unit or two.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..2 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => match (seconds / 3_600, seconds % 3_600 / 60) {
            (hours, 0) => format!("{hours} h ago"),
            (hours, minutes) => format!("{hours} h {minutes} min ago"),
        },
        86_400..2_592_000 => match (seconds / 86_400, seconds % 86_400 / 3_600) {
            (days, 0) => format!("{days} d ago"),
            (days, hours) => format!("{days} d {hours} h ago"),
        },
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        let cases = [
            (-3, "0 s"),
            (0, "0 s"),
            (6, "6 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (3_600, "1 h"),
            (3_661, "1 h 1 min"),
            (792_000, "9 d 4 h"),
        ];
        for (seconds, words) in cases {
            assert_eq!(in_words(seconds), words);
        }
    }

    #[test]
    fn ages_in_words() {
        assert_eq!(ago(-3), "just now");
        assert_eq!(ago(59), "59 s ago");
        assert_eq!(ago(61), "1 min ago");
        assert_eq!(ago(7_200), "2 h ago");
        assert_eq!(ago(7_380), "2 h 3 min ago");
        assert_eq!(ago(9 * 86_400 + 4 * 3_600), "9 d 4 h ago");
        assert_eq!(ago(40 * 86_400), "40 d ago");
    }
}
