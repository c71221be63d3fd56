//! Uploading a package: streamed to disk, inspected, stored, and only then a package.

use crate::access;
use crate::change::{Change, authorize};
use crate::ctx::Ctx;
use crate::db;
use crate::error::{Error, Result};
use crate::model::apps::App;
use crate::model::packages::{Constant, Package};
use crate::objects::key::ObjectKey;
use crate::objects::staging::Staged;
use crate::objects::transfer::Content;
use crate::quotas;
use crate::resources::disk_space;
use bytes::Bytes;
use domain::ids::PackageId;
use domain::names::Subdomain;
use domain::quotas::{Amounts, QuotaKind};
use domain::rights::Right;
use domain::subjects::{Subject, SubjectKind};
use domain::topics::Topic;
use domain::versions::RuntimeVersion;
use futures::{Stream, StreamExt};
use serde_json::json;
use std::io;
use std::path::Path;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// The name of the form field.
pub const FIELD: &str = "package";

/// Takes an upload. A refused or broken one leaves nothing behind.
pub async fn upload(
    ctx: &Ctx,
    subdomain: &Subdomain,
    file_name: &str,
    declared_size: Option<u64>,
    body: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<PackageId> {
    let found = access::app(&mut *ctx.state.pool.acquire().await?, ctx, subdomain).await?;
    authorize(ctx, Right::UploadPackage, &found).await?;
    let quota = quotas::get(&mut *ctx.state.pool.acquire().await?, ctx).await?;
    if let Some(reason) = quota.refusal(&takes(declared_size.unwrap_or(0))) {
        return Err(Error::invalid(FIELD, reason));
    }
    let limit = ctx.state.config.limits.package_bytes;
    if declared_size.is_some_and(|size| size > limit) {
        return Err(too_large(limit));
    }
    let id = PackageId::new(Uuid::now_v7());
    let staged = ctx.state.objects.stage(&ObjectKey::package(id)).await?;
    let kept = async {
        let size = receive(staged.path(), body, declared_size, limit).await?;
        let manifest = inspect(ctx, staged.path()).await?;
        let name = clean_file_name(file_name);
        let package = row(ctx, &found.app, id, name, size, manifest)?;
        keep(ctx, subdomain, &staged, &package).await
    };
    let kept = kept.await;
    staged.discard().await;
    kept.map(|()| id)
}

/// Stores the file, and makes it a package.
async fn keep(ctx: &Ctx, subdomain: &Subdomain, staged: &Staged, package: &Package) -> Result<()> {
    let key = ObjectKey::package(package.id);
    let content = Content {
        size: package.size,
        sha256: package.sha256.clone(),
    };
    ctx.state.objects.accept(staged, &key, &content).await?;
    let recorded = record(ctx, subdomain, package).await;
    // Where the database broke off the row may be there all the same: then the sweep finds out what is left over.
    if recorded.as_ref().is_err_and(Error::is_refusal)
        && let Err(left) = ctx.state.objects.delete(&key).await
    {
        tracing::warn!(
            error = &left as &dyn std::error::Error,
            "the file of a refused package stays for now"
        );
    }
    recorded
}

/// So many constants that nobody fills in are named.
const MOST_NAMED: usize = 50;

fn takes(bytes: u64) -> Amounts {
    Amounts::default()
        .with(QuotaKind::Packages, 1)
        .with(QuotaKind::PackageBytes, bytes)
}

/// Makes the stored file a package, for whoever may do that now: an upload can take hours.
async fn record(ctx: &Ctx, subdomain: &Subdomain, package: &Package) -> Result<()> {
    let ctx = &ctx.as_of_now().await?;
    let found = access::app(&mut *ctx.state.pool.acquire().await?, ctx, subdomain).await?;
    let (app, id) = (&found.app, package.id);
    let mut change = Change::begin(ctx, Right::UploadPackage, &found).await?;
    quotas::take(&mut change, ctx, FIELD, &takes(package.size)).await?;
    db::packages::insert(change.db(), app.company, app.id, package).await?;
    change.set_subject(Subject::new(SubjectKind::Package, id.uuid()));
    let details = json!({ "version": package.version, "sha256": package.sha256 });
    change.commit(details, &[Topic::Packages(app.id)]).await
}

/// How much is written before the room on the disk is looked at again: others write to it too.
const LOOK_EVERY: u64 = 64 << 20;

/// Writes the body to disk; its size.
async fn receive(
    file: &Path,
    body: impl Stream<Item = io::Result<Bytes>> + Send,
    declared_size: Option<u64>,
    limit: u64,
) -> Result<u64> {
    let coming = |size| declared_size.map_or(0, |declared| declared.saturating_sub(size));
    disk_space::check(file, coming(0))?;
    let mut out = tokio::fs::File::create_new(file).await.map_err(disk)?;
    let mut body = std::pin::pin!(body);
    let mut size: u64 = 0;
    let mut looked_at: u64 = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            tracing::info!(%error, "an upload broke off");
            Error::invalid(
                FIELD,
                "The upload broke off before the end of the file. Nothing was kept; send it again.",
            )
        })?;
        size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Err(too_large(limit));
        }
        out.write_all(&chunk).await.map_err(disk)?;
        if size - looked_at >= LOOK_EVERY {
            disk_space::check(file, coming(size))?;
            looked_at = size;
        }
    }
    out.sync_all().await.map_err(disk)?;
    Ok(size)
}

async fn inspect(ctx: &Ctx, file: &Path) -> Result<mda::manifest::Manifest> {
    let turn = ctx.state.inspections.turn(ctx.company).await?;
    let file = file.to_owned();
    let limits = ctx.state.config.limits;
    let limits = mda::limits::Limits::new(
        limits.package_bytes,
        limits.package_unpacked_bytes,
        limits.package_files,
    );
    // The turn ends with the work, not with whoever waits for it.
    let inspecting = move || {
        let _turn = turn;
        mda::inspect(&file, &limits)
    };
    tokio::task::spawn_blocking(inspecting)
        .await
        .map_err(|error| Error::internal("inspecting a package", error))?
        .map_err(|refusal| Error::invalid(FIELD, refusal.message))
}

fn row(
    ctx: &Ctx,
    app: &App,
    id: PackageId,
    file_name: String,
    size: u64,
    manifest: mda::manifest::Manifest,
) -> Result<Package> {
    let name = manifest.name.filter(|name| !name.is_empty());
    let constants = manifest.constants.into_iter().map(|constant| Constant {
        name: constant.name,
        kind: constant.kind,
        default_value: constant.default_value,
        description: constant.description,
    });
    let constants: Vec<Constant> = constants.collect();
    let filled = constants.iter().filter(|it| it.is_filled_by_the_cloud());
    let cloud_constants = filled.map(|it| it.name.clone()).take(MOST_NAMED).collect();
    Ok(Package {
        id,
        file_name,
        name: name.unwrap_or_else(|| app.name.to_string()),
        version: manifest.version,
        runtime: RuntimeVersion::parse(&manifest.runtime_version)
            .map_err(|message| Error::invalid(FIELD, message))?,
        java_version: manifest.java_version,
        description: manifest.description,
        size,
        unpacked: manifest.unpacked_bytes,
        files: manifest.files,
        sha256: manifest.sha256,
        constants,
        cloud_constants,
        scheduled_events: manifest.scheduled_events,
        uploaded_by: ctx.name.clone(),
        uploaded_at: ctx.now(),
        used_by: Vec::new(),
    })
}

/// The last part of the name, without what could mislead a file system or a person.
fn clean_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !"\"<>:|?*".contains(*c))
        .take(120)
        .collect();
    if clean.trim_matches(['.', ' ']).is_empty() {
        "package.mda".to_owned()
    } else {
        clean
    }
}

fn too_large(limit: u64) -> Error {
    Error::invalid(
        FIELD,
        format!(
            "The file is larger than the {} MB that this portal accepts. An admin can raise the limit.",
            limit >> 20
        ),
    )
}

fn disk(error: io::Error) -> Error {
    let text = if error.kind() == io::ErrorKind::StorageFull {
        "The disk that keeps packages is full. Nothing was kept; an operator must make room."
    } else {
        "The disk that keeps packages cannot be written. Nothing was kept; an operator must look."
    };
    Error::Unavailable {
        text: text.to_owned(),
        source: Some(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::clean_file_name;

    #[test]
    fn file_names_are_only_names() {
        let clean = [
            "shop.mda",
            "../../etc/passwd",
            "C:\\x\\shop.mda",
            "a\u{0}b\"c.mda",
            "..",
            "",
        ]
        .map(clean_file_name);
        assert_eq!(
            clean,
            [
                "shop.mda",
                "passwd",
                "shop.mda",
                "abc.mda",
                "package.mda",
                "package.mda"
            ]
        );
    }
}
