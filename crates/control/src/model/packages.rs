//! A deployment package as the database has it.

use domain::ids::PackageId;
use domain::versions::RuntimeVersion;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use views::packages::PackageSummary;

/// A package as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) id: PackageId,
    pub(crate) file_name: String,
    /// The name inside; the app's name when the package has none.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) runtime: RuntimeVersion,
    pub(crate) java_version: Option<u32>,
    pub(crate) description: String,
    pub(crate) size: u64,
    pub(crate) unpacked: u64,
    pub(crate) files: u64,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
    pub(crate) constants: Vec<Constant>,
    pub(crate) scheduled_events: Vec<String>,
    pub(crate) uploaded_by: String,
    pub(crate) uploaded_at: OffsetDateTime,
    /// Names of the environments that serve it, or are to.
    pub(crate) used_by: Vec<String>,
}

/// A constant of a package: a storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) default_value: String,
    pub(crate) description: String,
}

impl Package {
    /// Name and version: `Shop 2.4.1`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// It as a list shows it.
    pub(crate) fn summary(&self) -> PackageSummary {
        PackageSummary {
            id: self.id,
            file_name: self.file_name.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
            runtime: self.runtime.to_string(),
            size: self.size,
            files: self.files,
            unpacked: self.unpacked,
            uploaded_by: self.uploaded_by.clone(),
            uploaded_at: self.uploaded_at.unix_timestamp(),
            used_by: self.used_by.clone(),
        }
    }
}
