//! Named locks that a run holds from its start to its end.

/// One lock that a run asks for when it starts. A run names each lock once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What is locked, for all tenants: use ids.
    pub name: String,
    /// Whether others may have it too.
    pub mode: LockMode,
    /// What a start does when the lock is taken, or when somebody waits for it already.
    pub when_taken: WhenTaken,
}

/// Whether others may have a lock too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LockMode {
    /// Others that share it.
    Shared,
    /// Nobody.
    Exclusive,
}

/// What a start does when a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenTaken {
    /// It is refused, and says by whom.
    Refuse,
    /// The run is parked until its turn comes: first come, first served.
    Wait,
}

impl Lock {
    /// A lock that nobody else may have meanwhile; refused when it is taken.
    pub fn exclusive(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mode: LockMode::Exclusive,
            when_taken: WhenTaken::Refuse,
        }
    }

    /// A lock that others may share; refused when somebody has it alone.
    pub fn shared(name: impl Into<String>) -> Self {
        Self {
            mode: LockMode::Shared,
            ..Self::exclusive(name)
        }
    }

    /// The same lock, waited for when it is taken.
    #[must_use]
    pub fn or_wait(self) -> Self {
        Self {
            when_taken: WhenTaken::Wait,
            ..self
        }
    }
}

impl LockMode {
    /// Its name in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
        }
    }
}
