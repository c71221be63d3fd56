//! Tests of an object store that is not there when the portal starts.

use crate::s3_server::{S3Server, bucket};
use crate::world::{World, package, until};
use control::background;
use control::error::{Error, Result};
use control::objects::Objects;
use control::packages;
use domain::ids::PackageId;
use domain::roles::Role;
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

fn says_so<T>(answer: Result<T>) {
    let refused = answer.err();
    assert!(
        matches!(&refused, Some(Error::Unavailable { text, .. }) if text.contains("try again")),
        "{refused:?}"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn pages_are_served_uploads_say_so_and_it_is_used_when_it_comes(pool: PgPool) {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address");
    drop(taken);
    let world = World::with_bucket(pool.clone(), &bucket(address, "only for tests"));
    let ada = world.person("Ada", "Northwind", Role::Admin).await;
    let shop = world.app(&ada, "shop").await;
    let _background = world.background();

    says_so(world.upload(&ada, &shop, "1.0.0").await);
    let received = std::fs::read_dir(world.folder.path().join("objects/incoming"));
    assert_eq!(
        received.expect("a folder").count(),
        0,
        "what was received is gone"
    );
    let listed = packages::list(&ada, &shop, None)
        .await
        .expect("pages go on");
    assert!(listed.items.is_empty());
    let told = until(async || {
        let tasks = background::list(&ada).await.expect("lists");
        let task = tasks.into_iter().find(|it| it.name == "object_store")?;
        task.last_error
    })
    .await;
    assert!(
        told.contains("s3://portal-objects/acme") && told.contains("check the settings"),
        "{told}"
    );

    let server = S3Server::on(TcpListener::bind(address).await.expect("the same port"));
    let id = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    drop(server);
    says_so(packages::open(&ada, &shop, id).await);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told_when_it_is_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_the_way = folder.path().join("objects");
    std::fs::write(&in_the_way, "a file").expect("writes");
    let objects = Objects::in_folder(in_the_way.clone()).expect("opens all the same");
    let told = objects.check().await.expect_err("is not there").to_string();
    assert!(
        told.contains(&in_the_way.display().to_string()) && told.contains("may write"),
        "{told}"
    );
    let key = control::objects::key::ObjectKey::package(PackageId::new(Uuid::now_v7()));
    let refused = objects.stage(&key).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert!(objects.read(&key).await.is_err());

    std::fs::remove_file(&in_the_way).expect("removes");
    let staged = objects.stage(&key).await.expect("is made now");
    std::fs::write(staged.path(), package("1.0.0", "9.24.2")).expect("writes");
}
