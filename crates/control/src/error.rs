//! What went wrong, named for what the caller can do about it.

use domain::rights::Access;
use std::error::Error as StdError;

/// A refused form field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as it is called in the form.
    pub field: String,
    /// Rule and remedy, for a person.
    pub message: String,
}

/// An error of the control plane. Texts are for people; causes are for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the person must not know of it.
    #[error("not found")]
    NotFound,
    /// Some fields were refused.
    #[error("the input was refused")]
    Invalid(Vec<FieldError>),
    /// The person may not; the text says what is missing and who grants it.
    #[error("{0}")]
    Forbidden(String),
    /// It does not fit the present state; the text says why and what to do.
    #[error("{0}")]
    Conflict(String),
    /// Something needed does not answer; trying later may work.
    #[error("{text}")]
    Unavailable {
        /// What does not answer and what to do.
        text: String,
        /// The cause.
        #[source]
        source: Option<BoxedError>,
    },
    /// Our own fault.
    #[error("{doing}")]
    Internal {
        /// What was being done to which thing.
        doing: String,
        /// The cause.
        #[source]
        source: BoxedError,
    },
}

/// Any cause.
pub type BoxedError = Box<dyn StdError + Send + Sync>;

/// Result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// A row that breaks our own rules.
#[derive(Debug, thiserror::Error)]
#[error("row {id} of {table} holds a {column} that breaks our rules")]
pub struct Inconsistent {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub id: String,
}

impl Error {
    /// One refused field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// Our own fault, while `doing`.
    pub fn internal(doing: impl Into<String>, source: impl Into<BoxedError>) -> Self {
        Self::Internal {
            doing: doing.into(),
            source: source.into(),
        }
    }

    /// Of a commit: only the database's own word that it was refused is a no.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        // A server that ends says so in the place of an answer, whether it has committed or not.
        let refused = code.is_some_and(|code| !code.starts_with("57P") && !code.starts_with("XX"));
        if refused {
            return error.into();
        }
        Self::Unavailable {
            text: "The portal's database broke off before it said whether this was done. Look whether it was before you do it again.".to_owned(),
            source: Some(error.into()),
        }
    }

    /// The error for an answer of `what_may`, if it is not a yes.
    pub fn unless_possible(access: &Access) -> Result<()> {
        match access {
            Access::Denied(reason) => Err(Self::Conflict(reason.clone())),
            other => Self::unless_allowed(other),
        }
    }

    /// The error for an answer of `may`, if it is not a yes.
    pub fn unless_allowed(access: &Access) -> Result<()> {
        match access {
            Access::Allowed => Ok(()),
            Access::Denied(reason) => Err(Self::Forbidden(reason.clone())),
            Access::Hidden => Err(Self::NotFound),
        }
    }
}

impl Error {
    /// Whether the answer is a plain no: nothing has gone wrong, and nothing was changed.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NotFound | Self::Invalid(_) | Self::Forbidden(_) | Self::Conflict(_) => true,
            Self::Unavailable { .. } | Self::Internal { .. } => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => Self::Unavailable {
                text: "The portal's database does not answer. Try again in a moment; whether what you asked for was done, the page then shows.".to_owned(),
                source: Some(error.into()),
            },
            sqlx::Error::Database(ref database) if matches!(database.code().as_deref(), Some("57P01" | "57P02" | "57P03" | "53300")) => Self::Unavailable {
                text: "The portal's database is restarting. Nothing was changed; try again in a moment.".to_owned(),
                source: Some(error.into()),
            },
            sqlx::Error::Database(ref database) if database.code().as_deref() == Some("53100") => Self::Unavailable {
                text: "The disk of the portal's database is full. Nothing was changed; an operator must make room.".to_owned(),
                source: Some(error.into()),
            },
            // Text with a NUL, which no column takes; whoever sent it hears of it, wherever it went.
            sqlx::Error::Database(ref database) if matches!(database.code().as_deref(), Some("22021" | "22P05")) => Self::invalid(
                "",
                "A text of this request has a character that cannot be stored (NUL). Remove it and try again.",
            ),
            other => Self::internal("using the portal's database", other),
        }
    }
}

impl From<Inconsistent> for Error {
    fn from(error: Inconsistent) -> Self {
        Self::internal("reading a row", error)
    }
}

impl From<domain::bad_row::BadRow> for Error {
    fn from(row: domain::bad_row::BadRow) -> Self {
        Self::Unavailable {
            text: row.to_string(),
            source: None,
        }
    }
}

impl From<engine::EngineError> for Error {
    fn from(error: engine::EngineError) -> Self {
        match error {
            engine::EngineError::NotFound => Self::NotFound,
            engine::EngineError::Refused(why) | engine::EngineError::NoRoom(why) => Self::Conflict(why),
            engine::EngineError::NotNow(why) => Self::Unavailable {
                text: format!("The engine cannot do it now: {why}. Running apps are not affected; try again in a moment."),
                source: None,
            },
            engine::EngineError::Unavailable(_) => Self::Unavailable {
                text: "The engine that runs the apps does not answer. Running apps are not affected; try again in a moment.".to_owned(),
                source: Some(error.into()),
            },
        }
    }
}

impl From<domain::names::NameError> for Error {
    fn from(error: domain::names::NameError) -> Self {
        Self::invalid(error.field, error.message)
    }
}

impl From<Vec<domain::scaling::ScaleError>> for Error {
    fn from(errors: Vec<domain::scaling::ScaleError>) -> Self {
        let refused = errors.into_iter().map(|error| FieldError {
            field: error.field.to_owned(),
            message: error.message,
        });
        Self::Invalid(refused.collect())
    }
}
