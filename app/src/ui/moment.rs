//! Moments: in universal time from the server; once the page is alive, as an age and in local time.
//!
//! The first paint is the same on both sides; an effect then starts the clock that all ages share.

use crate::format::date::{in_utc, in_zone, iso, time_of_day};
use crate::format::duration::ago;
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
        Some(now) => ago(now - at.get()),
        None => in_utc(at.get()),
    };
    view! {
        <time datetime=move || iso(at.get()) title=move || local_and_utc(at.get(), clock)>
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
        (false, false) => in_utc(at),
        (false, true) => format!("{} UTC", time_of_day(at)),
        (true, false) => in_local_time(at),
        (true, true) => time_of_day(at + offset(at)),
    };
    view! {
        <time datetime=iso(at) title=move || local_and_utc(at, clock)>
            {words}
        </time>
    }
}

/// Local time with universal time beside it; universal time alone before the page is alive.
fn local_and_utc(at: i64, clock: Clock) -> String {
    if clock.is_ticking() && offset(at) != 0 {
        format!("{} ({})", in_local_time(at), in_utc(at))
    } else {
        in_utc(at)
    }
}

/// A moment in the browser's own time, with its distance from universal time. Only in a living page.
pub fn in_local_time(at: i64) -> String {
    in_zone(at, offset(at))
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
