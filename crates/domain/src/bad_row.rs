//! Rows of reference data that break our own rules: said where they are shown, in nobody else's way.

use crate::names::NameError;
use serde::{Deserialize, Serialize};

/// A row of regions or plans that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error(
    "Row “{code}” of the table “{table}” cannot be used: {reason} An operator must correct that row."
)]
pub struct BadRow {
    /// The table.
    pub table: String,
    /// The code in the row, as it stands there.
    pub code: String,
    /// Column, rule and remedy, as one or more sentences.
    pub reason: String,
}

impl BadRow {
    /// A row in which a column breaks a rule.
    pub fn new(table: &str, code: &str, error: &NameError) -> Self {
        Self {
            table: table.to_owned(),
            code: code.escape_debug().to_string(),
            reason: format!("{}: {}", error.field, error.message),
        }
    }

    /// A row that something speaks of and that is not there.
    pub fn missing(table: &str, code: &str) -> Self {
        Self {
            table: table.to_owned(),
            code: code.escape_debug().to_string(),
            reason: "It is not there.".to_owned(),
        }
    }
}
