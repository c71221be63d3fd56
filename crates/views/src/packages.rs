//! Deployment packages.

use crate::environments::EnvironmentCard;
use domain::ids::{AppId, PackageId};
use domain::rights::Access;
use domain::topics::Topic;
use serde::{Deserialize, Serialize};

/// The version that a package has unless its builder gives it one.
const UNVERSIONED: &str = "unversioned";

/// A package in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSummary {
    pub id: PackageId,
    /// The file as it was uploaded.
    pub file_name: String,
    /// The project's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The runtime it is made for.
    pub runtime: String,
    pub size: u64,
    /// Number of files in it.
    pub files: u64,
    /// Size of those files.
    pub unpacked: u64,
    /// The first 8 digits of its SHA-256.
    pub digest: String,
    /// Names of constants that Mendix Cloud fills in and this platform does not.
    #[serde(default)]
    pub cloud_constants: Vec<String>,
    pub uploaded_by: String,
    pub uploaded_at: i64,
    /// Names of the environments that run it or are to.
    pub used_by: Vec<String>,
}

impl PackageSummary {
    /// What is to be known of constants that nobody fills in; nothing where there are none.
    pub fn unfilled(&self) -> Option<String> {
        let names = self.cloud_constants.join(", ");
        (!names.is_empty()).then(|| {
            format!("Mendix Cloud fills in these constants, this platform does not; they keep the package’s own values: {names}.")
        })
    }

    /// Name and version: `Shop 2.4.1`. What was built without a version is told apart by its digest:
    /// `Shop unversioned (3f2a91c0)`.
    pub fn label(&self) -> String {
        if self.version == UNVERSIONED {
            return format!("{} {} ({})", self.name, self.version, self.digest);
        }
        format!("{} {}", self.name, self.version)
    }
}

/// What a package may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest file.
    pub package_bytes: u64,
    /// Largest size unpacked.
    pub unpacked_bytes: u64,
    /// Most files.
    pub files: u64,
}

/// A page of an app's packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageList {
    pub app: AppId,
    pub app_name: String,
    pub upload: Access,
    pub limits: Limits,
    /// Newest first.
    pub items: Vec<PackageSummary>,
    /// Where the list goes on.
    pub next: Option<String>,
}

impl PackageList {
    /// What may change it.
    pub fn topics(&self) -> Vec<Topic> {
        topics(self.app)
    }
}

/// A package on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageDetails {
    pub app: AppId,
    pub app_name: String,
    pub summary: PackageSummary,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// What its maker says about it; may be empty.
    pub description: String,
    /// The Java it needs.
    pub java_version: Option<u32>,
    pub constants: Vec<Constant>,
    /// Their names.
    pub scheduled_events: Vec<String>,
    /// Where it can be deployed to.
    pub environments: Vec<EnvironmentCard>,
    pub delete: Access,
}

impl PackageDetails {
    /// What may change it.
    pub fn topics(&self) -> Vec<Topic> {
        let environments = self.environments.iter();
        let on_them = environments.map(|card| Topic::Subject(card.environment.id.uuid()));
        topics(self.app).into_iter().chain(on_them).collect()
    }
}

fn topics(app: AppId) -> Vec<Topic> {
    vec![Topic::Packages(app), Topic::App(app)]
}

/// A constant that the model declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// `Module.Name`.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its value when none is set; empty where it is masked.
    pub default: String,
    /// Whether the value looks like a secret, and is not shown.
    #[serde(default)]
    pub masked: bool,
    /// What it is for; may be empty.
    pub description: String,
}
