//! Sizes and counts as people read them.

/// Bytes in the largest fitting unit of 1024, with one decimal below 100: `512 B`, `6.2 MB`, `16 GB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let (mut divisor, mut unit) = (1024_u64, 0);
    while count / divisor >= 1024 && unit + 1 < UNITS.len() {
        divisor *= 1024;
        unit += 1;
    }
    let (whole, tenth) = (count / divisor, count % divisor / (divisor / 10));
    if tenth == 0 || whole >= 100 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}.{} {}", tenth.min(9), UNITS[unit])
    }
}

/// A count with a thin mark between thousands: `48,211`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So much of a whole, in percent from 0 to 100.
pub fn percent(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 kB"),
            (1_572_864, "1.5 MB"),
            (6_501_171, "6.2 MB"),
            (104_857_600, "100 MB"),
            (17_179_869_184, "16 GB"),
            (u64::MAX, "16383 PB"),
        ];
        for (size, words) in cases {
            assert_eq!(bytes(size), words);
        }
    }

    #[test]
    fn counts_and_shares() {
        assert_eq!(
            [0, 999, 1000, 48_211, 1_000_000].map(count),
            ["0", "999", "1,000", "48,211", "1,000,000"]
        );
        assert_eq!(percent(1, 0), 100);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(1, 3), 33);
    }
}
