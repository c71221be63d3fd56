//! Moments: in universal time from the server; once the page is alive, as an age and in local time.
//!
//! The first paint is the same on both sides; an effect then starts the clock that all ages share.

use leptos::prelude::*;
use std::time::Duration;
use web_sys::js_sys::Date;

/// The present second in a living page; nothing on the server and in the first paint.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    second: RwSignal<Option<i64>>,
    ticks: Memo<bool>,
}

impl Clock {
    fn new() -> Self {
        let second = RwSignal::new(None);
        Self {
            second,
            ticks: Memo::new(move |_| second.with(Option::is_some)),
        }
    }

    /// The present second, once the page is alive.
    pub fn now(self) -> Option<i64> {
        self.second.get()
    }

    /// Whether the page is alive, without following each second.
    fn is_ticking(self) -> bool {
        self.ticks.get()
    }
}

/// Starts the clock that all ages share; once, around everything.
pub fn provide_clock() {
    let clock = Clock::new();
    provide_context(clock);
    Effect::new(move || {
        clock.second.set(Some(seconds()));
        let tick = move || {
            if !document().hidden() {
                clock.second.set(Some(seconds()));
            }
        };
        let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    });
}

/// The clock that all ages share.
pub fn use_clock() -> Clock {
    use_context().unwrap_or_else(Clock::new)
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
        <time datetime=move || utc_iso(at.get()) title=move || both_words(at.get(), clock)>
            {words}
        </time>
    }
}

/// A moment as a day and a time of day: local once the page is alive, universal before.
#[component]
pub fn Moment(
    /// Seconds since 1970, universal time.
    at: i64,
    /// Whether the day is left out.
    #[prop(optional)]
    time_only: bool,
) -> impl IntoView {
    let clock = use_clock();
    let words = move || match (clock.is_ticking(), time_only) {
        (false, false) => utc_words(at),
        (false, true) => format!("{} UTC", time_of_day(at)),
        (true, false) => local_words(at),
        (true, true) => time_of_day(at + offset(at)),
    };
    view! {
        <time datetime=utc_iso(at) title=move || both_words(at, clock)>
            {words}
        </time>
    }
}

/// Local time with universal time beside it; universal time alone before the page is alive.
fn both_words(at: i64, clock: Clock) -> String {
    if clock.is_ticking() && offset(at) != 0 {
        format!("{} ({})", local_words(at), utc_words(at))
    } else {
        utc_words(at)
    }
}

/// A moment in the browser's own time, with its distance from universal time. Only in a living page.
pub fn local_words(at: i64) -> String {
    zone_words(at, offset(at))
}

/// How far the browser's time is ahead of universal time at a moment, seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a day in minutes and a date in milliseconds fit by far"
)]
fn offset(at: i64) -> i64 {
    let date = Date::new(&(at as f64 * 1000.0).into());
    -(date.get_timezone_offset() as i64) * 60
}

fn zone_words(at: i64, offset: i64) -> String {
    let sign = if offset < 0 { '−' } else { '+' };
    let minutes = offset.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => utc_words(at),
        (hours, 0) => format!("{}{sign}{hours}", utc_words(at + offset)),
        (hours, minutes) => format!("{}{sign}{hours}:{minutes:02}", utc_words(at + offset)),
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

    #[test]
    fn local_time_says_how_far_it_is_from_universal_time() {
        let at = 1_795_217_338;
        assert_eq!(zone_words(at, 0), "20 Nov 2026, 23:28:58 UTC");
        assert_eq!(zone_words(at, 3_600), "21 Nov 2026, 00:28:58 UTC+1");
        assert_eq!(zone_words(at, -12_600), "20 Nov 2026, 19:58:58 UTC−3:30");
    }
}
