//! Ids of everything that has a row: one type each, so that one can never stand in for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Text that should have been an id and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 32 hexadecimal digits in five groups are expected")]
pub struct IdError;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        pub struct $name(Uuid);

        impl $name {
            /// The id for a UUID that was made for it.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }
            /// The UUID, for the database.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    )*};
}

id! {
    /// A company: the tenant that owns apps.
    CompanyId;
    /// A person who can sign in.
    PersonId;
    /// A key with which a program acts for a person.
    ApiKeyId;
    /// An app.
    AppId;
    /// An environment of an app; also the id of its workload in an engine.
    EnvironmentId;
    /// A deployment package in an app's repository.
    PackageId;
    /// A durable operation: one saga run.
    OperationId;
    /// Something that no row knows, as the operator's page lists it.
    OrphanId;
    /// One running instance; a replacement has a new id.
    InstanceId;
}
