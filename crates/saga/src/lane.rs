//! Lanes: runs that must not wait for each other take their places from different heaps.

/// Which heap of places a saga's runs are worked on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Lane {
    /// Somebody waits for it.
    Interactive,
    /// It may take its time: backups, clean-ups.
    Bulk,
}

/// How much of a lane is worked on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Runs that one worker takes at once.
    pub runs: usize,
    /// A tenant of whose runs all workers together hold this many waits.
    pub per_tenant: i64,
}

impl Lane {
    /// The lanes in the order in which a worker fills them.
    pub const ALL: [Self; 2] = [Self::Interactive, Self::Bulk];

    /// Its name in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Bulk => "bulk",
        }
    }

    /// The limits unless the worker is given others: what people wait for mostly waits itself.
    pub(crate) const fn limits(self) -> LaneLimits {
        match self {
            Self::Interactive => LaneLimits {
                runs: 128,
                per_tenant: 16,
            },
            Self::Bulk => LaneLimits {
                runs: 16,
                per_tenant: 2,
            },
        }
    }
}
