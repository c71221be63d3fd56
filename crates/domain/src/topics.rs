//! Topics: what may have changed, as pages are told. Named by id, never by a name that changes.

use crate::ids::{AppId, EnvironmentId, OperationId};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A thing, or a list of things, that pages follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The company's apps.
    Apps,
    /// An app.
    App(AppId),
    /// An environment.
    Environment(EnvironmentId),
    /// An app's packages.
    Packages(AppId),
    /// The company's operations.
    Operations,
    /// An operation.
    Operation(OperationId),
    /// The operations on one thing, by that thing's id.
    Subject(Uuid),
    /// Who may sign in, and as whom.
    People,
    /// What no row knows, of the installation.
    Orphans,
}

impl Topic {
    /// The id of the one thing that it is about; none for lists and for what is the whole company's.
    pub fn thing(&self) -> Option<Uuid> {
        match self {
            Self::Apps | Self::Operations | Self::People | Self::Orphans => None,
            Self::App(id) | Self::Packages(id) => Some(id.uuid()),
            Self::Environment(id) => Some(id.uuid()),
            Self::Operation(id) => Some(id.uuid()),
            Self::Subject(id) => Some(*id),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apps => f.write_str("apps"),
            Self::App(id) => write!(f, "app:{id}"),
            Self::Environment(id) => write!(f, "environment:{id}"),
            Self::Packages(app) => write!(f, "packages:{app}"),
            Self::Operations => f.write_str("operations"),
            Self::Operation(id) => write!(f, "operation:{id}"),
            Self::Subject(id) => write!(f, "subject:{id}"),
            Self::People => f.write_str("people"),
            Self::Orphans => f.write_str("orphans"),
        }
    }
}

/// Text that names no topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no topic: a name, or a name and an id with a colon between, is expected")]
pub struct TopicError;

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        fn id<T: FromStr>(text: &str) -> Result<T, TopicError> {
            text.parse().map_err(|_| TopicError)
        }
        match text.split_once(':') {
            None => match text {
                "apps" => Ok(Self::Apps),
                "operations" => Ok(Self::Operations),
                "people" => Ok(Self::People),
                "orphans" => Ok(Self::Orphans),
                _ => Err(TopicError),
            },
            Some(("app", rest)) => id(rest).map(Self::App),
            Some(("environment", rest)) => id(rest).map(Self::Environment),
            Some(("packages", rest)) => id(rest).map(Self::Packages),
            Some(("operation", rest)) => id(rest).map(Self::Operation),
            Some(("subject", rest)) => id(rest).map(Self::Subject),
            Some(_) => Err(TopicError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_back_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let all = [
            Topic::Apps,
            Topic::App(AppId::new(id)),
            Topic::Environment(EnvironmentId::new(id)),
            Topic::Packages(AppId::new(id)),
            Topic::Operations,
            Topic::Operation(OperationId::new(id)),
            Topic::Subject(id),
            Topic::People,
            Topic::Orphans,
        ];
        for topic in all {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for text in ["", "app", "app:shop", "moon:1", "apps:1"] {
            assert_eq!(text.parse::<Topic>(), Err(TopicError), "{text}");
        }
    }
}
