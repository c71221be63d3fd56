//! Packages: the deployment packages (`.mda`) of an app.

pub mod sweep;
pub mod upload;

use crate::access;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::objects::key::ObjectKey;
use crate::page::{Cursor, Page};
use crate::state::State;
use bytes::Bytes;
use domain::ids::PackageId;
use domain::names::Subdomain;
use domain::rights::Right;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use domain::versions::RuntimeVersion;
use domain::what_may;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

/// A package, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSummary {
    /// Its id.
    pub id: PackageId,
    /// The name of the file as it was uploaded.
    pub file_name: String,
    /// The name inside; the app's name when the package has none.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The runtime that it needs.
    pub runtime: RuntimeVersion,
    /// Size of the file, bytes.
    pub size: u64,
    /// Size unpacked, bytes.
    pub unpacked: u64,
    /// Number of files in it.
    pub files: u64,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: OffsetDateTime,
    /// Names of the environments that serve it, or are to.
    pub used_by: Vec<String>,
}

impl PackageSummary {
    /// Name and version: `Shop 2.4.1`.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// A package, for its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageDetails {
    /// What the list shows.
    pub summary: PackageSummary,
    /// The Java version that it asks for.
    pub java_version: Option<u32>,
    /// The description inside.
    pub description: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// Its constants.
    pub constants: Vec<Constant>,
    /// Names of its scheduled events.
    pub scheduled_events: Vec<String>,
}

/// A constant of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// `Module.Name`.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The value it has unless an environment says otherwise.
    pub default_value: String,
    /// What the model says of it.
    pub description: String,
}

/// What a package may be, to be said before the upload.
pub fn limits(state: &State) -> crate::config::Limits {
    state.config.limits
}

/// Packages of an app, newest first.
pub async fn list(
    ctx: &Ctx,
    subdomain: &Subdomain,
    after: Option<Cursor>,
) -> Result<Page<PackageSummary>> {
    let after: Option<(OffsetDateTime, PackageId)> =
        after.map(|cursor| cursor.key()).transpose()?;
    let mut db = ctx.state.pool.acquire().await?;
    let app = access::app(&mut db, ctx, subdomain).await?.app;
    let rows = db::packages::list(&mut db, app.company, app.id, after).await?;
    Ok(Page::from_rows(rows, |p| (p.summary.uploaded_at, p.summary.id))?.map(|p| p.summary))
}

/// One package.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, id: PackageId) -> Result<PackageDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let app = access::app(&mut db, ctx, subdomain).await?.app;
    db::packages::get(&mut db, app.company, app.id, id)
        .await?
        .ok_or(Error::NotFound)
}

/// A package's file, for a download.
pub struct Download {
    /// The name to save it under.
    pub file_name: String,
    /// Its size, bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: BoxStream<'static, std::io::Result<Bytes>>,
}

/// Opens a package for download.
pub async fn open(ctx: &Ctx, subdomain: &Subdomain, id: PackageId) -> Result<Download> {
    let package = get(ctx, subdomain, id).await?;
    let file = ctx.state.objects.read(&ObjectKey::package(id)).await?;
    Ok(Download {
        file_name: package.summary.file_name,
        size: file.size,
        bytes: file.bytes,
    })
}

/// Deletes a package that no environment is to serve or serves.
pub async fn delete(ctx: &Ctx, subdomain: &Subdomain, id: PackageId) -> Result<()> {
    let found = access::app(&mut *ctx.state.pool.acquire().await?, ctx, subdomain).await?;
    let mut change = Change::begin(ctx, Right::DeletePackage, &found).await?;
    let app = &found.app;
    let package = db::packages::get(change.db(), app.company, app.id, id)
        .await?
        .ok_or(Error::NotFound)?;
    Error::unless_possible(&what_may::packages::delete(&package.summary.used_by))?;
    if !db::packages::delete(change.db(), app.company, app.id, id).await? {
        return Err(Error::Conflict(
            "An environment has just begun to use it. Deploy another package there first."
                .to_owned(),
        ));
    }
    change.set_subject(Subject::new(SubjectKind::Package, id.uuid()));
    let details = json!({ "version": package.summary.version, "sha256": package.sha256 });
    change.commit(details, &[Topic::Packages(app.id)]).await?;
    // The row is gone: a file that stays is only lost space, which the sweep finds.
    ctx.state.objects.delete(&ObjectKey::package(id)).await
}
