//! The numbers a runtime answers with, and what they mean to a person.

use std::fmt;

/// The call did what it should.
pub const OK: i64 = 0;
/// The password was wrong or missing.
pub const FORBIDDEN: i64 = -4;
/// There is no such action, or not in the runtime's present state.
pub const UNKNOWN_ACTION: i64 = -5;

/// What each general, negative result means.
pub fn meaning(result: i64) -> Option<&'static str> {
    Some(match result {
        -1 => "the request was empty",
        -2 => "the content type was not JSON",
        -3 => "the HTTP method was not POST",
        FORBIDDEN => "the admin password is wrong",
        UNKNOWN_ACTION => "the runtime does not know this action in its present state",
        -6 => "the runtime could not read the request",
        -7 => "the runtime could not write its answer",
        _ => return None,
    })
}

/// Why a `start` did not start the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StartResult {
    /// The database does not exist.
    DatabaseMissing,
    /// The database's structure is not the model's.
    StructureOutdated,
    /// A constant of the model has no value.
    ConstantMissing,
    /// An account with the administrator's role has a password anyone would guess.
    InsecureAdministrator,
    /// The runtime is not in a state from which it can start.
    InvalidState,
    /// `DTAPMode` is not set.
    DtapModeMissing,
    /// `BasePath` is not set.
    BasePathMissing,
    /// `RuntimePath` is not set.
    RuntimePathMissing,
    /// The licence is not valid.
    InvalidLicence,
    /// The app's security is off, which production does not allow.
    SecurityDisabled,
    /// The microflow that runs after startup failed.
    StartupActionFailed,
    /// The licence does not cover mobile apps.
    MobileNotLicensed,
    /// A result that the protocol does not document.
    Undocumented(i64),
}

impl StartResult {
    /// The meaning of a non-zero result of `start`.
    pub fn of(result: i64) -> Self {
        match result {
            2 => Self::DatabaseMissing,
            3 => Self::StructureOutdated,
            4 => Self::ConstantMissing,
            5 => Self::InsecureAdministrator,
            6 => Self::InvalidState,
            7 => Self::DtapModeMissing,
            8 => Self::BasePathMissing,
            9 => Self::RuntimePathMissing,
            10 => Self::InvalidLicence,
            11 => Self::SecurityDisabled,
            12 => Self::StartupActionFailed,
            13 => Self::MobileNotLicensed,
            other => Self::Undocumented(other),
        }
    }

    /// The number on the wire.
    pub fn number(self) -> i64 {
        match self {
            Self::DatabaseMissing => 2,
            Self::StructureOutdated => 3,
            Self::ConstantMissing => 4,
            Self::InsecureAdministrator => 5,
            Self::InvalidState => 6,
            Self::DtapModeMissing => 7,
            Self::BasePathMissing => 8,
            Self::RuntimePathMissing => 9,
            Self::InvalidLicence => 10,
            Self::SecurityDisabled => 11,
            Self::StartupActionFailed => 12,
            Self::MobileNotLicensed => 13,
            Self::Undocumented(number) => number,
        }
    }
}

impl fmt::Display for StartResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::DatabaseMissing => "The database does not exist",
            Self::StructureOutdated => "The database's structure does not fit the app's model",
            Self::ConstantMissing => "A constant has no value: set it, then start again",
            Self::InsecureAdministrator => {
                "An administrator's account has a password anyone would guess"
            }
            Self::InvalidState => "The runtime is in a state from which it cannot start",
            Self::DtapModeMissing => "The setting DTAPMode is missing",
            Self::BasePathMissing => "The setting BasePath is missing",
            Self::RuntimePathMissing => "The setting RuntimePath is missing",
            Self::InvalidLicence => "The licence is not valid",
            Self::SecurityDisabled => {
                "The app's security is off: set its security level to Production"
            }
            Self::StartupActionFailed => "The app's after-startup action failed",
            Self::MobileNotLicensed => "The licence does not cover mobile use",
            Self::Undocumented(_) => "The runtime did not start the app",
        };
        formatter.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::StartResult;

    #[test]
    fn every_number_goes_there_and_back() {
        for number in 1..=20 {
            assert_eq!(StartResult::of(number).number(), number);
        }
        assert_eq!(StartResult::of(14), StartResult::Undocumented(14));
        assert_eq!(StartResult::of(3), StartResult::StructureOutdated);
    }
}
