//! Numbers of the tables `[limits]`, `[quotas]` and `[retention]`, with the usual ones where none is given.

use super::settings::{LimitSettings, QuotaSettings, RetentionSettings};
use control::config::{Limits, Retention};
use domain::quotas::{Amounts, QuotaKind};

/// What a company may use.
pub(super) fn quotas(settings: &QuotaSettings) -> Amounts {
    let given = [
        (QuotaKind::Apps, settings.apps),
        (QuotaKind::Environments, settings.environments),
        (QuotaKind::MemoryMib, settings.memory_mib),
        (QuotaKind::Packages, settings.packages),
        (QuotaKind::PackageBytes, settings.package_bytes),
    ];
    let given = given
        .into_iter()
        .filter_map(|(kind, given)| Some((kind, given?)));
    given.fold(Amounts::usual(), |amounts, (kind, given)| {
        amounts.with(kind, given)
    })
}

/// What a package may be, and how many connections there are.
pub(super) fn limits(settings: &LimitSettings) -> Limits {
    let mut limits = Limits::default();
    for (limit, given) in [
        (&mut limits.package_bytes, settings.package_bytes),
        (
            &mut limits.package_unpacked_bytes,
            settings.package_unpacked_bytes,
        ),
        (&mut limits.package_files, settings.package_files),
    ] {
        *limit = given.unwrap_or(*limit);
    }
    limits.database_connections = settings
        .database_connections
        .map(|connections| u32::try_from(connections).unwrap_or(u32::MAX));
    limits
}

/// How long what has ended is kept.
pub(super) fn retention(settings: &RetentionSettings) -> Retention {
    let default = Retention::default();
    Retention {
        operations_days: settings.operations_days.unwrap_or(default.operations_days),
        deployments_days: settings
            .deployments_days
            .unwrap_or(default.deployments_days),
        events_days: settings.events_days.unwrap_or(default.events_days),
    }
}
