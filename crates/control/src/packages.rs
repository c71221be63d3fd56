//! Packages: the deployment packages (`.mda`) of an app.

pub mod inspections;
pub mod ownership;
pub mod sweep;
pub mod upload;

use crate::access;
use crate::change::Change;
use crate::ctx::Ctx;
use crate::db;
use crate::environments;
use crate::error::{Error, Result};
use crate::model;
use crate::model::apps::App;
use crate::model::packages::Package;
use crate::objects::key::ObjectKey;
use crate::page;
use bytes::Bytes;
use domain::ids::PackageId;
use domain::names::Subdomain;
use domain::rights::Right;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use domain::what_may;
use futures::stream::BoxStream;
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use views::packages::{Constant, Limits, PackageDetails, PackageList};

/// Packages of an app, newest first.
pub async fn list(ctx: &Ctx, subdomain: &Subdomain, after: Option<String>) -> Result<PackageList> {
    let after: Option<(OffsetDateTime, PackageId)> = page::key(after)?;
    let mut db = ctx.state.pool.acquire().await?;
    let listed = db::packages::listed(&mut db, ctx.company, ctx.person(), subdomain, after).await?;
    let (app, team_role, rows) = listed.ok_or(Error::NotFound)?;
    let found = access::visible(ctx, app, team_role)?;
    let app = &found.app;
    let page = page::of_rows(rows, |listed| (listed.uploaded_at, listed.summary.id))?;
    let limits = ctx.state.config.limits;
    Ok(PackageList {
        app: app.id,
        app_name: app.name.to_string(),
        upload: found.may(ctx, Right::UploadPackage),
        limits: Limits {
            package_bytes: limits.package_bytes,
            unpacked_bytes: limits.package_unpacked_bytes,
            files: limits.package_files,
        },
        items: page
            .items
            .into_iter()
            .map(|listed| listed.summary)
            .collect(),
        next: page.next,
    })
}

/// One package.
pub async fn get(ctx: &Ctx, subdomain: &Subdomain, id: PackageId) -> Result<PackageDetails> {
    let mut db = ctx.state.pool.acquire().await?;
    let found = access::app(&mut db, ctx, subdomain).await?;
    let package = row(&mut db, &found.app, id).await?;
    let (cards, _) = environments::list::cards(ctx, &mut db, &found).await?;
    Ok(PackageDetails {
        app: found.app.id,
        app_name: found.app.name.to_string(),
        delete: found
            .may(ctx, Right::DeletePackage)
            .and(|| what_may::packages::delete(&package.used_by)),
        environments: cards,
        summary: package.summary(),
        sha256: package.sha256,
        description: package.description,
        java_version: package.java_version,
        constants: package.constants.into_iter().map(constant).collect(),
        scheduled_events: package.scheduled_events,
    })
}

async fn row(db: &mut PgConnection, app: &App, id: PackageId) -> Result<Package> {
    let package = db::packages::get(db, app.company, app.id, id).await?;
    package.ok_or(Error::NotFound)
}

fn constant(constant: model::packages::Constant) -> Constant {
    Constant {
        masked: constant.looks_secret(),
        default: constant.shown_default(),
        name: constant.name,
        kind: constant.kind,
        description: constant.description,
    }
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
    let mut db = ctx.state.pool.acquire().await?;
    let app = access::app(&mut db, ctx, subdomain).await?.app;
    let package = row(&mut db, &app, id).await?;
    drop(db);
    let file = ctx.state.objects.read(&ObjectKey::package(id)).await?;
    Ok(Download {
        file_name: package.file_name,
        size: file.size,
        bytes: file.bytes,
    })
}

/// Deletes a package that no environment is to serve or serves.
pub async fn delete(ctx: &Ctx, subdomain: &Subdomain, id: PackageId) -> Result<()> {
    let found = access::app(&mut *ctx.state.pool.acquire().await?, ctx, subdomain).await?;
    let mut change = Change::begin(ctx, Right::DeletePackage, &found).await?;
    let app = &found.app;
    let package = row(change.db(), app, id).await?;
    Error::unless_possible(&what_may::packages::delete(&package.used_by))?;
    if !db::packages::delete(change.db(), app.company, app.id, id).await? {
        return Err(Error::Conflict(
            "An environment has just begun to use it. Deploy another package there first."
                .to_owned(),
        ));
    }
    change.set_subject(Subject::new(SubjectKind::Package, id.uuid()));
    let details = json!({ "version": package.version, "sha256": package.sha256 });
    change.commit(details, &[Topic::Packages(app.id)]).await?;
    // The row is gone: a file that stays is only lost space, which the sweep finds.
    if let Err(left) = ctx.state.objects.delete(&ObjectKey::package(id)).await {
        let error = &left as &dyn std::error::Error;
        tracing::warn!(error, "the file of a deleted package stays for now");
    }
    Ok(())
}
