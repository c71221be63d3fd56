//! Which databases are closed, and which are opened again.

use crate::model::usage::{UsageRow, Why};
use crate::resources::databases::growth::OnServer;
use domain::disk::Level;
use std::collections::HashMap;
use time::OffsetDateTime;

/// Growth between two measurings that counts where the reserve is touched, bytes.
const GROWS: u64 = 16 << 20;

/// What follows for one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Leave,
    Close(Why),
    Open(Why),
    /// It was closed on its server, but that was not written down.
    Reopen,
}

/// What follows for a database at this level. `touched` is whether the reserve of its disk is, where that is known.
pub(super) fn verdict(
    row: &UsageRow,
    found: &OnServer,
    level: Level,
    touched: Option<bool>,
    now: OffsetDateTime,
) -> Verdict {
    match row.closed {
        Some(closed) => match closed.why {
            Why::Plan if level < Level::Over => Verdict::Open(Why::Plan),
            Why::Reserve if touched == Some(false) => Verdict::Open(Why::Reserve),
            Why::Plan | Why::Reserve => Verdict::Leave,
        },
        None if level == Level::Held && row.open_until.is_none_or(|until| until <= now) => {
            Verdict::Close(Why::Plan)
        }
        None if found.connections == Some(0) && touched == Some(true) => {
            Verdict::Close(Why::Reserve)
        }
        None if found.connections == Some(0) => Verdict::Reopen,
        None => Verdict::Leave,
    }
}

/// The open database that grew most since it was measured last.
pub(super) fn fastest(rows: &[UsageRow], sizes: &HashMap<String, OnServer>) -> Option<String> {
    let open = rows
        .iter()
        .filter(|row| row.closed.is_none() && row.of_database.at.is_some());
    let grown = open.filter_map(|row| {
        let bytes = sizes.get(&row.database)?.bytes;
        let grown = bytes.saturating_sub(row.of_database.bytes);
        (grown >= GROWS).then_some((grown, &row.database))
    });
    grown.max().map(|(_, database)| database.clone())
}

#[cfg(test)]
mod tests {
    use super::{Verdict, fastest, verdict};
    use crate::model::usage::{Closed, Measured, UsageRow, Why};
    use crate::resources::databases::growth::OnServer;
    use domain::disk::Level;
    use domain::ids::{CompanyId, EnvironmentId};
    use std::collections::HashMap;
    use time::{Duration, OffsetDateTime};
    use uuid::Uuid;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    const SERVED: OnServer = OnServer {
        bytes: 0,
        connections: Some(10),
    };

    fn row(database: &str, bytes: u64) -> UsageRow {
        let measured = Measured {
            bytes,
            level: Level::Fine,
            at: Some(NOW),
        };
        UsageRow {
            environment: EnvironmentId::new(Uuid::nil()),
            company: CompanyId::new(Uuid::nil()),
            region: "r".to_owned(),
            plan: "M20".to_owned(),
            database: database.to_owned(),
            role: database.to_owned(),
            connections: Some(10),
            revision: 1,
            files_allowed: None,
            database_allowed: None,
            files: measured,
            file_count: 0,
            files_held: false,
            of_database: measured,
            closed: None,
            open_until: None,
        }
    }

    #[test]
    fn one_is_closed_beyond_the_margin_and_opened_within_the_plan() {
        let open = row("one", 0);
        assert_eq!(
            verdict(&open, &SERVED, Level::Over, Some(false), NOW),
            Verdict::Leave
        );
        assert_eq!(
            verdict(&open, &SERVED, Level::Over, Some(true), NOW),
            Verdict::Leave
        );
        let close = Verdict::Close(Why::Plan);
        assert_eq!(
            verdict(&open, &SERVED, Level::Held, Some(false), NOW),
            close
        );
        let cleaning = UsageRow {
            open_until: Some(NOW + Duration::HOUR),
            ..row("one", 0)
        };
        assert_eq!(
            verdict(&cleaning, &SERVED, Level::Held, Some(false), NOW),
            Verdict::Leave
        );
        let later = NOW + Duration::HOUR;
        assert_eq!(
            verdict(&cleaning, &SERVED, Level::Held, Some(false), later),
            close
        );
        let closed = |why| UsageRow {
            closed: Some(Closed { why, revision: 1 }),
            ..row("one", 0)
        };
        let plan = closed(Why::Plan);
        assert_eq!(
            verdict(&plan, &SERVED, Level::Over, Some(false), NOW),
            Verdict::Leave
        );
        assert_eq!(
            verdict(&plan, &SERVED, Level::Near, Some(false), NOW),
            Verdict::Open(Why::Plan)
        );
        let reserve = closed(Why::Reserve);
        assert_eq!(
            verdict(&reserve, &SERVED, Level::Fine, Some(true), NOW),
            Verdict::Leave
        );
        assert_eq!(
            verdict(&reserve, &SERVED, Level::Fine, Some(false), NOW),
            Verdict::Open(Why::Reserve)
        );
    }

    #[test]
    fn what_is_not_known_of_the_disk_opens_nothing() {
        let reserve = UsageRow {
            closed: Some(Closed {
                why: Why::Reserve,
                revision: 1,
            }),
            ..row("one", 0)
        };
        let verdict = verdict(&reserve, &SERVED, Level::Fine, None, NOW);
        assert_eq!(verdict, Verdict::Leave);
    }

    #[test]
    fn a_closing_that_was_not_written_down_is_ended_or_taken_back() {
        let closed = OnServer {
            connections: Some(0),
            ..SERVED
        };
        let follows = |level, touched| verdict(&row("one", 0), &closed, level, touched, NOW);
        assert_eq!(follows(Level::Over, Some(false)), Verdict::Reopen);
        assert_eq!(follows(Level::Fine, None), Verdict::Reopen);
        let held = follows(Level::Held, Some(false));
        assert_eq!(held, Verdict::Close(Why::Plan));
        let full = follows(Level::Fine, Some(true));
        assert_eq!(full, Verdict::Close(Why::Reserve));
    }

    #[test]
    fn the_reserve_takes_who_grows_fastest_and_nobody_who_does_not() {
        let size = |bytes| OnServer {
            bytes,
            connections: None,
        };
        let rows = [
            row("large", 900 << 20),
            row("fast", 10 << 20),
            row("slow", 0),
        ];
        let sizes = |fast| {
            HashMap::from([
                ("large".to_owned(), size(901 << 20)),
                ("fast".to_owned(), size(fast)),
                ("slow".to_owned(), size(1 << 20)),
            ])
        };
        assert_eq!(fastest(&rows, &sizes(90 << 20)).as_deref(), Some("fast"));
        assert_eq!(fastest(&rows, &sizes(11 << 20)), None);
    }
}
