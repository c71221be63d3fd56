//! What the package screens ask of the server.

#![expect(
    missing_docs,
    reason = "an argument of a server function is a field that cannot be documented"
)]

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{apps, paths, server_context};
use domain::permissions::Access;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A package in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSummary {
    /// Its id.
    pub id: String,
    /// The file as it was uploaded.
    pub file_name: String,
    /// The project's name.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The runtime it is made for.
    pub runtime: String,
    /// The file's size, bytes.
    pub size: u64,
    /// Files in it.
    pub files: u64,
    /// Size of those files, bytes.
    pub unpacked: u64,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: i64,
    /// Names of the environments that run it or are to.
    pub used_by: Vec<String>,
}

impl PackageSummary {
    /// Name and version: `Shop 2.4.1`.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// What a package may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest file, bytes.
    pub package_bytes: u64,
    /// Largest size unpacked, bytes.
    pub unpacked_bytes: u64,
    /// Most files.
    pub files: u64,
}

/// A page of an app's packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageList {
    /// The app's name.
    pub app_name: String,
    /// Whether one may upload and delete.
    pub manage: Access,
    /// What a package may be.
    pub limits: Limits,
    /// The packages, newest first.
    pub items: Vec<PackageSummary>,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// A package on its own page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageDetails {
    /// The app's name.
    pub app_name: String,
    /// The same as in a list.
    pub summary: PackageSummary,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What its maker says about it.
    pub description: String,
    /// The Java it needs.
    pub java_version: Option<u32>,
    /// Constants that the model declares.
    pub constants: Vec<Constant>,
    /// Scheduled events that the model declares.
    pub scheduled_events: Vec<String>,
    /// The app's environments: name and address in the portal.
    pub environments: Vec<(String, String)>,
    /// Whether it can be deployed by this person.
    pub deploy: Access,
    /// Whether it can be deleted, now and by this person.
    pub delete: Access,
}

/// A constant of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// `Module.Name`.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its value when none is set.
    pub default: String,
    /// What it is for.
    pub description: String,
}

/// An app's packages, newest first, and what may be uploaded.
#[server]
pub async fn list_packages(app: String, after: Option<String>) -> Result<PackageList, AppError> {
    let ctx = server_context::ctx().await?;
    let address = apps::api::address(&app)?;
    let after = after.map(control::page::Cursor::from_text);
    let details = control::apps::get(&ctx, &address).await?;
    let page = control::packages::list(&ctx, &address, after).await?;
    Ok(from_control::package_list(
        details,
        page,
        control::packages::limits(&ctx.state),
    ))
}

/// One package.
#[server]
pub async fn get_package(app: String, package: String) -> Result<PackageDetails, AppError> {
    let ctx = server_context::ctx().await?;
    let address = apps::api::address(&app)?;
    let id = package.parse().map_err(|_| AppError::NotFound)?;
    let details = control::apps::get(&ctx, &address).await?;
    let package = control::packages::get(&ctx, &address, id).await?;
    Ok(from_control::package_details(details, package))
}

/// Deletes a package that nothing runs, and goes back to the list.
#[server]
pub async fn delete_package(app: String, package: String) -> Result<(), AppError> {
    let ctx = server_context::ctx().await?;
    let id = package.parse().map_err(|_| AppError::NotFound)?;
    control::packages::delete(&ctx, &apps::api::address(&app)?, id).await?;
    leptos_axum::redirect(&paths::packages(&app));
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_control {
    use super::{Constant, Limits, PackageDetails, PackageList, PackageSummary};
    use control::apps::AppDetails;
    use control::page::Page;
    use control::{config, packages};
    use domain::permissions::Access;

    impl From<packages::PackageSummary> for PackageSummary {
        fn from(package: packages::PackageSummary) -> Self {
            Self {
                id: package.id.to_string(),
                file_name: package.file_name,
                name: package.name,
                version: package.version,
                runtime: package.runtime.to_string(),
                size: package.size,
                files: package.files,
                unpacked: package.unpacked,
                uploaded_by: package.uploaded_by,
                uploaded_at: package.uploaded_at.unix_timestamp(),
                used_by: package.used_by,
            }
        }
    }

    impl From<config::Limits> for Limits {
        fn from(limits: config::Limits) -> Self {
            Self {
                package_bytes: limits.package_bytes,
                unpacked_bytes: limits.package_unpacked_bytes,
                files: limits.package_files,
            }
        }
    }

    pub(super) fn package_list(
        app: AppDetails,
        page: Page<packages::PackageSummary>,
        limits: config::Limits,
    ) -> PackageList {
        PackageList {
            app_name: app.app.name.to_string(),
            manage: app.access.manage_packages,
            limits: limits.into(),
            next: page.next.map(|cursor| cursor.as_str().to_owned()),
            items: page.items.into_iter().map(Into::into).collect(),
        }
    }

    pub(super) fn package_details(
        app: AppDetails,
        package: packages::PackageDetails,
    ) -> PackageDetails {
        let delete = match (
            &app.access.manage_packages,
            package.summary.used_by.as_slice(),
        ) {
            (Access::Allowed, [_, ..]) => Access::Denied(format!(
                "In use by {}. Deploy another package there first.",
                package.summary.used_by.join(", ")
            )),
            (access, _) => access.clone(),
        };
        let constant = |constant: packages::Constant| Constant {
            name: constant.name,
            kind: constant.kind,
            default: constant.default_value,
            description: constant.description,
        };
        PackageDetails {
            app_name: app.app.name.to_string(),
            sha256: package.sha256,
            description: package.description,
            java_version: package.java_version,
            constants: package.constants.into_iter().map(constant).collect(),
            scheduled_events: package.scheduled_events,
            environments: app
                .environments
                .into_iter()
                .map(|environment| (environment.name.to_string(), environment.slug))
                .collect(),
            deploy: app.access.operate,
            delete,
            summary: package.summary.into(),
        }
    }
}
