//! Actors: a person, an API key or the system itself.

use crate::ids::{ApiKeyId, CompanyId, PersonId};
use crate::roles::Role;
use uuid::Uuid;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is signed in.
    Person {
        /// The person.
        id: PersonId,
        /// The person's company.
        company: CompanyId,
        /// The person's role in the portal.
        role: Role,
    },
    /// A program, with the rights of the person whose key it holds.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// Whose key it is.
        owner: PersonId,
        /// The owner's company.
        company: CompanyId,
        /// The owner's role in the portal.
        role: Role,
    },
    /// A part of the platform, by its name: `Nightly backup`.
    System(&'static str),
}

/// The kind of an actor: a storage format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A person.
    Person,
    /// An API key.
    ApiKey,
    /// The platform.
    System,
}

impl ActorKind {
    /// The code in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ApiKey => "api_key",
            Self::System => "system",
        }
    }
}

impl Actor {
    /// Its kind.
    pub const fn kind(&self) -> ActorKind {
        match self {
            Self::Person { .. } => ActorKind::Person,
            Self::ApiKey { .. } => ActorKind::ApiKey,
            Self::System(_) => ActorKind::System,
        }
    }

    /// The person whose rights count: none for the system.
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } | Self::ApiKey { owner: id, .. } => Some(*id),
            Self::System(_) => None,
        }
    }

    /// The same one in another role; the system has none.
    #[must_use]
    pub const fn with_role(mut self, new: Role) -> Self {
        if let Self::Person { role, .. } | Self::ApiKey { role, .. } = &mut self {
            *role = new;
        }
        self
    }

    /// Its id among actors of its kind; the system has none.
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Person { id, .. } => Some(id.uuid()),
            Self::ApiKey { id, .. } => Some(id.uuid()),
            Self::System(_) => None,
        }
    }

    /// Role and company; none for the system, which belongs to no company.
    pub const fn membership(&self) -> Option<(Role, CompanyId)> {
        match self {
            Self::Person { company, role, .. } | Self::ApiKey { company, role, .. } => {
                Some((*role, *company))
            }
            Self::System(_) => None,
        }
    }
}
