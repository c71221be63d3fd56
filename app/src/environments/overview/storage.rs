//! What an environment takes of disks, beside what its plan allows.

use crate::format::bytes::{bytes, count, percent};
use crate::ui::bar::Meter;
use crate::ui::moment::Ago;
use crate::ui::notice::Notice;
use domain::disk::Level;
use domain::states::Tone;
use leptos::prelude::*;
use views::environments::EnvironmentDetails;
use views::usage::{Taken, Usage};

/// What may grow no further, and what to do.
#[component]
pub(super) fn Held(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let held = Memo::new(move |_| details.with(|details| details.usage.held.clone()));
    move || {
        held.get().map(|words| {
            view! {
                <Notice tone=Tone::Bad title="Its storage is full"><p>{words}</p></Notice>
            }
        })
    }
}

#[component]
pub(super) fn Storage(details: Signal<EnvironmentDetails>) -> impl IntoView {
    let usage = Memo::new(move |_| details.with(|details| details.usage.clone()));
    let measured = Memo::new(move |_| usage.with(measured_at));
    view! {
        {move || usage.with(rows).into_iter().map(row).collect_view()}
        {move || match measured.get() {
            Some(at) => view! { <p class="soft">"Measured " <Ago at /></p> }.into_any(),
            None => view! { <p class="soft">"Nothing was measured yet."</p> }.into_any(),
        }}
    }
}

fn row(row: Row) -> impl IntoView {
    view! { <Meter label=row.words percent=row.percent tone=row.tone /> }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    words: String,
    percent: u8,
    tone: Tone,
}

/// The older of the times, for it is what one can rely on.
fn measured_at(usage: &Usage) -> Option<i64> {
    let all = [&usage.files, &usage.database];
    let all = all.into_iter().flatten().map(|taken| taken.measured_at);
    all.min()
}

fn rows(usage: &Usage) -> Vec<Row> {
    let database = usage
        .database
        .as_ref()
        .map(|taken| of("Database", taken, ""));
    let files = usage.files.as_ref().map(|taken| {
        let more = format!(" in {} files", count(usage.file_count));
        of("Files", taken, &more)
    });
    let run = usage.run.map(|taken| Row {
        words: format!("Logs and temporary files: {}", bytes(taken)),
        percent: 0,
        tone: Tone::Idle,
    });
    [database, files, run].into_iter().flatten().collect()
}

fn of(what: &str, taken: &Taken, more: &str) -> Row {
    let used = bytes(taken.bytes);
    let (words, percent) = match taken.allowed {
        Some(allowed) => (
            format!("{what}: {used} of {}{more}", bytes(allowed)),
            percent(taken.bytes, allowed),
        ),
        None => (format!("{what}: {used}{more}"), 0),
    };
    let tone = match taken.level {
        Level::Fine => Tone::Ok,
        Level::Near => Tone::Warn,
        Level::Over | Level::Held => Tone::Bad,
    };
    Row {
        words,
        percent,
        tone,
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, measured_at, rows};
    use domain::disk::Level;
    use domain::states::Tone;
    use views::usage::{Taken, Usage};

    #[test]
    fn each_part_is_shown_beside_the_plan() {
        let usage = Usage {
            files: Some(Taken {
                bytes: 9 << 30,
                allowed: Some(10 << 30),
                level: Level::Near,
                measured_at: 7,
            }),
            file_count: 48_211,
            run: Some(12 << 20),
            database: Some(Taken {
                bytes: 8 << 20,
                allowed: None,
                level: Level::Fine,
                measured_at: 5,
            }),
            held: None,
        };
        let row = |words: &str, percent, tone| Row {
            words: words.to_owned(),
            percent,
            tone,
        };
        assert_eq!(
            rows(&usage),
            [
                row("Database: 8 MB", 0, Tone::Ok),
                row("Files: 9 GB of 10 GB in 48,211 files", 90, Tone::Warn),
                row("Logs and temporary files: 12 MB", 0, Tone::Idle),
            ]
        );
        assert_eq!(measured_at(&usage), Some(5));
        assert_eq!(rows(&Usage::default()), []);
        assert_eq!(measured_at(&Usage::default()), None);
    }
}
