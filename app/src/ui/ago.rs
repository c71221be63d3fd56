//! Moments: in universal time from the server, as an age once the page is alive.
//!
//! The first paint is the same on both sides; an effect then starts the clock that all ages share.

use leptos::prelude::*;
use std::time::Duration;
use web_sys::js_sys::Date;

/// The present second in a living page; nothing on the server and in the first paint.
#[derive(Debug, Clone, Copy)]
pub struct Clock(RwSignal<Option<i64>>);

impl Clock {
    /// The present second, once the page is alive.
    pub fn now(self) -> Option<i64> {
        self.0.get()
    }
}

/// Starts the clock that all ages share; once, around everything.
pub fn provide_clock() {
    let clock = Clock(RwSignal::new(None));
    provide_context(clock);
    Effect::new(move || {
        clock.0.set(Some(seconds()));
        let tick = move || {
            if !document().hidden() {
                clock.0.set(Some(seconds()));
            }
        };
        let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    });
}

/// The clock that all ages share.
pub fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock(RwSignal::new(None)))
}

#[expect(clippy::cast_possible_truncation, reason = "seconds fit by far")]
fn seconds() -> i64 {
    (Date::now() / 1000.0) as i64
}

/// A moment, as the time since; the exact time is in the element and on hover.
#[component]
pub fn Ago(
    /// Seconds since 1970, universal time.
    #[prop(into)]
    at: Signal<i64>,
) -> impl IntoView {
    let clock = use_clock();
    let words = move || match clock.now() {
        Some(now) => age_words(now - at.get()),
        None => utc_words(at.get()),
    };
    view! {
        <time datetime=move || utc_iso(at.get()) title=move || utc_words(at.get())>
            {words}
        </time>
    }
}

/// The time since a moment, in one unit or two.
pub fn age_words(seconds: i64) -> String {
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

/// A moment as a person reads it, in universal time: `20 Nov 2026, 23:42:18 UTC`.
pub fn utc_words(at: i64) -> String {
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
pub fn utc_iso(at: i64) -> String {
    let (year, month, day) = date(at);
    format!("{year:04}-{month:02}-{day:02}T{}Z", time_of_day(at))
}

fn time_of_day(at: i64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        assert_eq!(utc_iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc_iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc_iso(1_795_217_338), "2026-11-20T23:28:58Z");
        assert_eq!(utc_iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(utc_words(951_868_799), "29 Feb 2000, 23:59:59 UTC");
        assert_eq!(utc_words(4_107_542_399), "28 Feb 2100, 23:59:59 UTC");
    }

    #[test]
    fn ages_in_words() {
        assert_eq!(age_words(-3), "just now");
        assert_eq!(age_words(59), "59 s ago");
        assert_eq!(age_words(61), "1 min ago");
        assert_eq!(age_words(7_200), "2 h ago");
        assert_eq!(age_words(7_380), "2 h 3 min ago");
        assert_eq!(age_words(9 * 86_400 + 4 * 3_600), "9 d 4 h ago");
        assert_eq!(age_words(40 * 86_400), "40 d ago");
    }
}
