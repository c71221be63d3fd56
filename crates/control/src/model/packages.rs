//! A deployment package as the database has it.

use domain::ids::PackageId;
use domain::versions::RuntimeVersion;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use views::packages::PackageSummary;

/// So much of a digest tells files apart for people.
const DIGEST: usize = 8;

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
    /// Names of the constants that Mendix Cloud fills in.
    pub(crate) cloud_constants: Vec<String>,
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

/// Modules whose constants Mendix Cloud fills in.
const FILLED_BY_THE_CLOUD: [&str; 2] = ["MendixSSO.", "AppCloudServices."];

/// What the names of secrets have in them, in lower case and without what stands between words.
const SECRET_NAMES: [&str; 8] = [
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "token",
    "credential",
];
/// How secrets start, whatever they are called.
const SECRET_STARTS: [&str; 6] = ["-----BEGIN", "AKIA", "ghp_", "sk_live_", "xox", "eyJ"];

impl Constant {
    /// Whether Mendix Cloud fills it in, which this platform does not.
    pub(crate) fn is_filled_by_the_cloud(&self) -> bool {
        FILLED_BY_THE_CLOUD
            .iter()
            .any(|module| self.name.starts_with(module))
    }

    /// Whether its value looks like a secret: people put real ones in, and pages must not show them.
    pub(crate) fn looks_secret(&self) -> bool {
        let value = self.default_value.trim();
        if value.is_empty() || ["true", "false"].contains(&value.to_lowercase().as_str()) {
            return false;
        }
        let name = self.name.rsplit('.').next().unwrap_or_default();
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = name.to_lowercase();
        let with_password = |rest: &str| {
            let host = rest.split('/').next().unwrap_or_default();
            host.split_once('@')
                .is_some_and(|(user, _)| user.contains(':'))
        };
        SECRET_NAMES.iter().any(|word| name.contains(word))
            || SECRET_STARTS.iter().any(|start| value.starts_with(start))
            || value
                .split_once("://")
                .is_some_and(|(_, rest)| with_password(rest))
    }

    /// Its value as pages show it.
    pub(crate) fn shown_default(&self) -> String {
        if self.looks_secret() {
            return String::new();
        }
        self.default_value.clone()
    }
}

impl Package {
    /// Name and version, as its summary has them.
    pub(crate) fn label(&self) -> String {
        self.summary().label()
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
            digest: self.sha256.chars().take(DIGEST).collect(),
            uploaded_by: self.uploaded_by.clone(),
            uploaded_at: self.uploaded_at.unix_timestamp(),
            cloud_constants: self.cloud_constants.clone(),
            used_by: self.used_by.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Constant;

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        let constant = |(name, value): (&str, &str)| Constant {
            name: name.to_owned(),
            kind: "String".to_owned(),
            default_value: value.to_owned(),
            description: String::new(),
        };
        for secret in [
            ("Mail.SMTP_Password", "hunter2"),
            ("Maps.Api_Key", "0123"),
            ("Shop.Stripe", "sk_live_0123"),
            ("Shop.Store", "https://shop:hunter2@store.example.com/v1"),
            ("Shop.Certificate", "-----BEGIN PRIVATE KEY-----"),
        ]
        .map(constant)
        {
            assert!(
                secret.looks_secret() && secret.shown_default().is_empty(),
                "{secret:?}"
            );
        }
        for plain in [
            ("Shop.Greeting", "Hello"),
            ("Shop.UseToken", "true"),
            ("Mail.Password", ""),
            ("Shop.Store", "https://store.example.com/a@b:c"),
        ]
        .map(constant)
        {
            assert!(
                !plain.looks_secret() && plain.shown_default() == plain.default_value,
                "{plain:?}"
            );
        }
    }
}
