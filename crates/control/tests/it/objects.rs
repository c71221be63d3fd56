//! Tests of the object store: the same for a folder and for a bucket.

use crate::s3_server::S3Server;
use crate::world::{World, until};
use bytes::Bytes;
use control::environments::{self, desired_change::deploy};
use control::error::{Error, Result};
use control::objects::Objects;
use control::objects::key::{ObjectKey, ObjectKind};
use control::objects::transfer::Content;
use control::packages;
use domain::ids::PackageId;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use uuid::Uuid;

/// More than two parts of a transfer, of bytes that differ from part to part.
fn large() -> Vec<u8> {
    (0..20_000_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect()
}

fn content(bytes: &[u8]) -> Content {
    Content {
        size: bytes.len().try_into().expect("fits"),
        sha256: hex::encode(Sha256::digest(bytes)),
    }
}

fn new_key() -> ObjectKey {
    ObjectKey::package(PackageId::new(Uuid::now_v7()))
}

async fn store(objects: &Objects, key: &ObjectKey, bytes: &[u8], as_: &Content) -> Result<()> {
    let staged = objects.stage(key).await?;
    std::fs::write(staged.path(), bytes).expect("writes");
    objects.accept(&staged, key, as_).await
}

async fn read(objects: &Objects, key: &ObjectKey) -> Vec<u8> {
    let reading = objects.read(key).await.expect("is there");
    let chunks: Vec<Bytes> = reading.bytes.try_collect().await.expect("is read");
    let bytes = chunks.concat();
    assert_eq!(u64::try_from(bytes.len()).ok(), Some(reading.size));
    bytes
}

async fn keys(objects: &Objects) -> Vec<ObjectKey> {
    let stored = objects.list(ObjectKind::Package).await.expect("lists");
    stored.into_iter().map(|object| object.key).collect()
}

/// What every store does.
async fn keeps_what_it_accepts_and_nothing_else(objects: &Objects) {
    objects.check().await.expect("is there");
    assert_eq!(keys(objects).await, []);
    let (key, bytes) = (new_key(), large());
    store(objects, &key, &bytes, &content(&bytes))
        .await
        .expect("is stored");
    assert!(read(objects, &key).await == bytes, "other bytes came back");
    assert_eq!(keys(objects).await, [key]);

    let other = content(&bytes[1..]);
    let refused = store(objects, &new_key(), &bytes, &other).await;
    assert!(
        matches!(refused, Err(Error::Internal { .. })),
        "{refused:?}"
    );
    assert_eq!(keys(objects).await, [key], "what was refused is no object");

    let sha256 = content(&bytes).sha256;
    objects
        .fetch_local(&key, &sha256)
        .await
        .expect("is fetched");
    let local = std::fs::read(objects.local_file(&key)).expect("a file");
    assert!(local == bytes, "the engine would read other bytes");

    objects.delete(&key).await.expect("is deleted");
    objects.delete(&key).await.expect("is gone already");
    assert_eq!(keys(objects).await, []);
    assert!(!objects.local_file(&key).exists());
    assert!(objects.read(&key).await.is_err());
}

fn in_bucket(server: &S3Server, folder: &TempDir) -> Objects {
    let (root, copies) = (folder.path().join("objects"), folder.path().join("copies"));
    Objects::in_bucket(&server.bucket(), &root, copies).expect("opens")
}

#[tokio::test]
async fn a_folder_keeps_objects() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("objects");
    let objects = Objects::in_folder(root.clone()).expect("opens");
    keeps_what_it_accepts_and_nothing_else(&objects).await;
    let left = std::fs::read_dir(root.join("incoming")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn what_the_release_before_has_stored_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let packages = folder.path().join("packages");
    std::fs::create_dir(&packages).expect("makes");
    let key = new_key();
    std::fs::write(packages.join(format!("{}.mda", key.id)), "a package").expect("writes");
    std::fs::write(packages.join("notes.txt"), "not ours").expect("writes");
    let objects = Objects::in_folder(folder.path().to_owned()).expect("opens");
    assert_eq!(keys(&objects).await, [key]);
    assert_eq!(read(&objects, &key).await, b"a package");
}

#[tokio::test]
async fn a_bucket_keeps_objects() {
    let (server, folder) = (
        S3Server::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let objects = in_bucket(&server, &folder);
    keeps_what_it_accepts_and_nothing_else(&objects).await;
    assert_eq!(server.files(), [] as [&Path; 0], "parts were left");
}

#[tokio::test]
async fn a_key_that_the_server_refuses_is_told_with_what_to_do() {
    let (server, folder) = (
        S3Server::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let mut bucket = server.bucket();
    bucket.secret_access_key = "another".into();
    let root = folder.path().join("objects");
    let objects = Objects::in_bucket(&bucket, &root, folder.path().join("copies"));
    let refused = objects
        .expect("opens")
        .check()
        .await
        .expect_err("is refused");
    let text = refused.to_string();
    assert!(
        text.contains("s3://portal-objects/acme") && text.contains("check the settings"),
        "{text}"
    );
    assert!(!format!("{refused:?}").contains("another"));
}

#[tokio::test]
async fn a_copy_is_made_once_and_only_of_the_right_bytes() {
    let (server, folder) = (
        S3Server::start().await,
        tempfile::tempdir().expect("a folder"),
    );
    let objects = in_bucket(&server, &folder);
    let key = new_key();
    let content = content(b"a package");
    store(&objects, &key, b"a package", &content)
        .await
        .expect("is stored");

    let wrong = objects.fetch_local(&key, &"0".repeat(64)).await;
    assert!(matches!(wrong, Err(Error::Internal { .. })), "{wrong:?}");
    assert!(!objects.local_file(&key).exists());

    let twice = tokio::join!(
        objects.fetch_local(&key, &content.sha256),
        objects.fetch_local(&key, &content.sha256)
    );
    assert!(twice.0.is_ok() && twice.1.is_ok(), "{twice:?}");
    drop(server);
    objects
        .fetch_local(&key, &content.sha256)
        .await
        .expect("is there already");
    assert_eq!(
        std::fs::read(objects.local_file(&key)).expect("a file"),
        b"a package"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn packages_in_a_bucket_are_deployed_downloaded_swept_and_deleted(pool: PgPool) {
    let server = S3Server::start().await;
    let world = World::with_bucket(pool, &server.bucket());
    let (ada, shop) = world.shop().await;
    let id = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let again = world.upload(&ada, &shop, "1.0.0").await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    assert_eq!(
        server.files(),
        [server.file("packages", &format!("{id}.mda"))]
    );

    deploy(&ada, &shop, "test", id).await.expect("starts");
    world.run_operations().await;
    let environment = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    let given = world.engine.workload(environment.id).expect("is given");
    let url = given.template.expect("a template").package.url;
    let file = url.to_file_path().expect("a file of this machine");
    let stored = std::fs::read(server.file("packages", &format!("{id}.mda"))).expect("a file");
    assert!(std::fs::read(&file).expect("the engine can read it") == stored);

    packages::sweep::sweep(&world.state)
        .await
        .expect("the store is this portal's");
    // The copy of what is deployed stays, however old; what belongs to nothing goes.
    let orphan = server.file("packages", &format!("{}.mda", Uuid::now_v7()));
    std::fs::write(&orphan, "left over").expect("writes");
    let unneeded = file.with_file_name(format!("{}.mda", Uuid::now_v7()));
    std::fs::write(&unneeded, "not deployed").expect("writes");
    for old in [&orphan, &unneeded, &file] {
        let opened = std::fs::File::options()
            .append(true)
            .open(old)
            .expect("opens");
        let long_ago = SystemTime::now() - Duration::from_hours(2);
        opened.set_modified(long_ago).expect("is set back");
    }
    assert_eq!(
        packages::sweep::sweep(&world.state).await.expect("sweeps"),
        2
    );
    assert!(file.exists() && !orphan.exists() && !unneeded.exists());

    let download = packages::open(&ada, &shop, id).await.expect("opens");
    let chunks: Vec<Bytes> = download.bytes.try_collect().await.expect("is read");
    assert!(chunks.concat() == stored);
    control::apps::delete::delete(&ada, &shop, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    // What says whose store it is stays.
    let is_mark = |file: &PathBuf| file.ends_with("installation");
    until(async || server.files().iter().all(is_mark).then_some(())).await;
    assert!(!file.exists(), "the copy goes with the package");
}
