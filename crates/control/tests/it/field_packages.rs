//! Tests of packages as they come from the field: without versions, with secrets, made for another cloud.

use crate::world::{World, package};
use bytes::Bytes;
use control::ctx::Ctx;
use control::environments::desired_change::deploy;
use control::error::{Error, Result};
use control::packages;
use control::packages::upload::upload;
use domain::ids::PackageId;
use domain::names::Subdomain;
use futures::stream;
use sqlx::PgPool;
use std::io::Write;
use views::packages::PackageSummary;

async fn send(ctx: &Ctx, app: &Subdomain, bytes: Vec<u8>) -> Result<PackageId> {
    let body = stream::iter([Ok(Bytes::from(bytes))]);
    upload(ctx, app, "shop.mda", None, body).await
}

fn with_constants(constants: &serde_json::Value) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(
        "model/metadata.json",
        zip::write::SimpleFileOptions::default(),
    )
    .expect("a file");
    let metadata = serde_json::json!({ "ModelVersion": "1.0", "RuntimeVersion": "9.24.2", "Constants": constants });
    zip.write_all(metadata.to_string().as_bytes())
        .expect("writes");
    zip.finish().expect("ends").into_inner()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn packages_without_a_version_live_side_by_side(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let one = send(&ada, &shop, package("unversioned", "9.24.2"))
        .await
        .expect("is kept");
    let other = send(&ada, &shop, package("unversioned", "9.24.3"))
        .await
        .expect("is kept");
    let again = send(&ada, &shop, package("unversioned", "9.24.2")).await;
    let Err(Error::Invalid(fields)) = again else {
        panic!("{again:?}")
    };
    assert!(fields[0].message.contains("byte by byte"), "{fields:?}");
    let list = packages::list(&ada, &shop, None).await.expect("lists");
    let labels: Vec<String> = list.items.iter().map(PackageSummary::label).collect();
    assert_eq!(labels.len(), 2);
    assert_ne!(labels[0], labels[1]);
    for id in [one, other] {
        let details = packages::get(&ada, &shop, id).await.expect("is there");
        assert!(details.summary.label().contains(&details.sha256[..8]));
        deploy(&ada, &shop, "test", id).await.expect("starts");
        world.run_operations().await;
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_the_cloud_fills_in_is_named_and_what_looks_secret_is_not_shown(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let constants = serde_json::json!([
        { "Name": "MendixSSO.EnvironmentUUID", "DefaultValue": "<will be generated>" },
        { "Name": "AppCloudServices.OpenIdProvider", "DefaultValue": "" },
        { "Name": "Mail.Password", "DefaultValue": "hunter2" },
        { "Name": "Shop.Greeting", "DefaultValue": "Hello" },
    ]);
    let id = send(&ada, &shop, with_constants(&constants))
        .await
        .expect("is kept");
    let details = packages::get(&ada, &shop, id).await.expect("is there");
    let words = details.summary.unfilled().expect("is said");
    assert!(
        words.contains("MendixSSO.EnvironmentUUID, AppCloudServices.OpenIdProvider"),
        "{words}"
    );
    let shown: Vec<_> = details
        .constants
        .iter()
        .map(|it| (it.masked, it.default.as_str()))
        .collect();
    assert_eq!(shown[2..], [(true, ""), (false, "Hello")]);
    let list = packages::list(&ada, &shop, None).await.expect("lists");
    assert_eq!(list.items[0].unfilled(), Some(words));
}
