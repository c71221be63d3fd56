//! Moments as people and machines read them. Seconds since 1970, universal time.

/// A moment as a person reads it, in universal time: `20 Nov 2026, 23:42:18 UTC`.
pub fn in_utc(at: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (year, month, day) = date(at);
    let month = usize::try_from(month - 1)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .unwrap_or(&"");
    format!("{day} {month} {year}, {} UTC", time_of_day(at))
}

/// A moment as a machine reads it.
pub fn iso(at: i64) -> String {
    let (year, month, day) = date(at);
    format!("{year:04}-{month:02}-{day:02}T{}Z", time_of_day(at))
}

/// The time of day: `23:42:18`.
pub fn time_of_day(at: i64) -> String {
    let second = at.rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        second / 3_600,
        second % 3_600 / 60,
        second % 60
    )
}

/// Year, month and day in the Gregorian calendar: days are counted from 1 March of the year 0, so
/// that the leap day is the last of its year.
fn date(at: i64) -> (i64, i64, i64) {
    let day = at.div_euclid(86_400) + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// A moment in a time that is `offset` seconds ahead of universal time, with that distance.
pub fn in_zone(at: i64, offset: i64) -> String {
    let sign = if offset < 0 { '−' } else { '+' };
    let minutes = offset.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => in_utc(at),
        (hours, 0) => format!("{}{sign}{hours}", in_utc(at + offset)),
        (hours, minutes) => format!("{}{sign}{hours}:{minutes:02}", in_utc(at + offset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_795_217_338), "2026-11-20T23:28:58Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(in_utc(951_868_799), "29 Feb 2000, 23:59:59 UTC");
        assert_eq!(in_utc(4_107_542_399), "28 Feb 2100, 23:59:59 UTC");
    }

    #[test]
    fn local_time_says_how_far_it_is_from_universal_time() {
        let at = 1_795_217_338;
        assert_eq!(in_zone(at, 0), "20 Nov 2026, 23:28:58 UTC");
        assert_eq!(in_zone(at, 3_600), "21 Nov 2026, 00:28:58 UTC+1");
        assert_eq!(in_zone(at, -12_600), "20 Nov 2026, 19:58:58 UTC−3:30");
    }
}
