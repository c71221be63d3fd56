//! How objects are named: from what they are and their id, never from what somebody typed.

use domain::ids::PackageId;
use object_store::path::Path;
use std::fmt;
use uuid::Uuid;

/// What an object is; each kind has a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A deployment package.
    Package,
}

/// The name of an object: `packages/<id>.mda`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// What it is.
    pub kind: ObjectKind,
    /// Its id.
    pub id: Uuid,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 1] = [Self::Package];

    /// The folder of its objects: a storage format.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Package => "packages",
        }
    }

    /// How their names end: a storage format.
    const fn extension(self) -> &'static str {
        match self {
            Self::Package => "mda",
        }
    }
}

impl ObjectKey {
    /// The file of a package.
    pub fn package(id: PackageId) -> Self {
        Self {
            kind: ObjectKind::Package,
            id: id.uuid(),
        }
    }

    /// The last part of its name: `<id>.mda`.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.{}", self.id, self.kind.extension())
    }

    /// The key of an object of this kind with this file name; none if it is no name of ours.
    pub(crate) fn parse(kind: ObjectKind, file_name: &str) -> Option<Self> {
        let id = file_name
            .strip_suffix(kind.extension())?
            .strip_suffix('.')?;
        let key = Self {
            kind,
            id: id.parse().ok()?,
        };
        // An id can be written in several ways, of which one is ours.
        (key.file_name() == file_name).then_some(key)
    }

    pub(super) fn path(&self) -> Path {
        Path::from_iter([self.kind.folder().to_owned(), self.file_name()])
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.folder(), self.file_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        let id = Uuid::from_u128(7);
        let key = ObjectKey::package(PackageId::new(id));
        assert_eq!(key.to_string(), format!("packages/{id}.mda"));
        assert_eq!(key.path().as_ref(), key.to_string());
        let read = |name: &str| ObjectKey::parse(ObjectKind::Package, name);
        assert_eq!(read(&key.file_name()), Some(key));
        for other in [
            format!("{id}"),
            format!("{id}.zip"),
            format!("{}.mda", id.simple()),
            "shop.mda".to_owned(),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
