//! Tests of packages: uploads accepted and refused.

use crate::world::{World, package};
use control::ctx::Ctx;
use control::environments::desired_change::deploy;
use control::error::Error;
use control::objects::key::ObjectKey;
use control::{apps, packages};
use domain::roles::Role;
use domain::topics::Topic;
use engine::memory::BROKEN;
use futures::{StreamExt, stream};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_package_is_uploaded_shown_downloaded_and_deleted(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let id = world
        .upload(&ada, &shop, "1.2.3")
        .await
        .expect("is accepted");
    let details = packages::get(&ada, &shop, id).await.expect("is there");
    assert_eq!(details.summary.label(), "Shop 1.2.3");
    assert_eq!(
        (details.summary.runtime.as_str(), details.summary.files),
        ("9.24.2", 2)
    );
    assert_eq!(
        (
            details.constants[0].name.as_str(),
            details.scheduled_events[0].as_str()
        ),
        ("Shop.Greeting", "Shop.Nightly")
    );

    let download = packages::open(&ada, &shop, id).await.expect("opens");
    let bytes: Vec<u8> = download
        .bytes
        .map(|chunk| chunk.expect("reads").to_vec())
        .concat()
        .await;
    assert_eq!(
        (bytes.len(), download.file_name.as_str()),
        (usize::try_from(download.size).expect("fits"), "shop.mda")
    );
    assert_eq!(bytes, package("1.2.3", "9.24.2"));

    packages::delete(&ada, &shop, id).await.expect("is unused");
    assert!(world.stored_files().is_empty());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_refused_upload_leaves_nothing_behind(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world
        .upload(&ada, &shop, "1.0.0")
        .await
        .expect("is accepted");
    let whole = package("1.0.1", "9.24.2");
    let broken = || io::Error::new(io::ErrorKind::ConnectionReset, "gone");
    let uploads: Vec<(&str, Vec<io::Result<bytes::Bytes>>)> = vec![
        ("already", vec![Ok(package("1.0.0", "9.24.2").into())]),
        ("6.0.0", vec![Ok(package("1.0.2", "5.9").into())]),
        ("", vec![Ok(b"no zip".as_slice().into())]),
        ("", vec![]),
        ("", vec![Ok(whole[..whole.len() / 2].to_vec().into())]),
        (
            "broke off",
            vec![Ok(whole[..9].to_vec().into()), Err(broken())],
        ),
        ("larger", vec![Ok(vec![0; 2 << 20].into())]),
    ];
    for (words, body) in uploads {
        let refused =
            packages::upload::upload(&ada, &shop, "shop.mda", None, stream::iter(body)).await;
        let Err(Error::Invalid(errors)) = refused else {
            panic!("was not refused: {words}")
        };
        assert!(
            errors[0].field == "package" && errors[0].message.contains(words),
            "{errors:?}"
        );
    }
    assert_eq!(world.stored_files().len(), 1);
    assert_eq!(
        packages::list(&ada, &shop, None)
            .await
            .expect("lists")
            .items
            .len(),
        1
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn another_company_reaches_no_package(pool: PgPool) {
    let world = World::new(pool);
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let bo = world.person("Bo", "Contoso", Role::Customer).await;
    let shop = world.app(&ada, "shop").await;
    let desk = world.app(&bo, "desk").await;
    let id = world
        .upload(&ada, &shop, "1.0.0")
        .await
        .expect("is accepted");
    for app in [&shop, &desk] {
        assert!(matches!(
            packages::get(&bo, app, id).await,
            Err(Error::NotFound)
        ));
        assert!(matches!(
            packages::open(&bo, app, id).await,
            Err(Error::NotFound)
        ));
        assert!(matches!(
            packages::delete(&bo, app, id).await,
            Err(Error::NotFound)
        ));
    }
    assert!(matches!(
        world.upload(&bo, &shop, "2.0.0").await,
        Err(Error::NotFound)
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_sweep_takes_what_belongs_to_no_package_and_only_that(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let kept = world
        .upload(&ada, &shop, "1.0.0")
        .await
        .expect("is accepted");
    packages::sweep::sweep(&world.state)
        .await
        .expect("the store is this portal's");
    let objects = world.folder.path().join("objects");
    let long_ago = SystemTime::now() - Duration::from_hours(2);
    let old = |file: &Path| {
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(file)
            .expect("opens");
        file.set_modified(long_ago).expect("is set back");
    };
    let id = Uuid::now_v7();
    old(&world.state.objects.local_file(&ObjectKey::package(kept)));
    old(&objects.join(format!("packages/{id}.mda")));
    old(&objects.join(format!("incoming/{id}.mda")));
    let young = format!("{}.mda", Uuid::now_v7());
    std::fs::write(objects.join("incoming").join(&young), "half a pack").expect("writes");

    let swept = packages::sweep::sweep(&world.state).await.expect("sweeps");
    assert_eq!(swept, 2);
    let mut left = world.stored_files();
    left.sort();
    let mut expected = [format!("{kept}.mda"), young];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(
        packages::sweep::sweep(&world.state).await.expect("sweeps"),
        0
    );
}

/// What a button says, and what the deed answers: they must be the same sentence.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_button_and_the_deed_give_the_same_reason(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let vi = world.viewer("Vi", "Northwind").await;
    let used = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let free = world.upload(&ada, &shop, "2.0.0").await.expect("is kept");
    let buttons = async |who: &Ctx, package| {
        let details = packages::get(who, &shop, package).await.expect("is there");
        let test = details.environments.into_iter().next().expect("Test");
        (details.delete.reason(), test.deploy.reason())
    };
    let deeds = async |who: &Ctx, package| {
        let delete = packages::delete(who, &shop, package).await.err();
        let deploy = deploy(who, &shop, "test", free).await.err();
        let reason = |error: Option<Error>| error.map(|error| error.to_string());
        (reason(delete), reason(deploy))
    };
    deploy(&ada, &shop, "test", used).await.expect("starts");
    let under_way = buttons(&ada, free).await.1.expect("is refused");
    assert!(under_way.contains("is under way"), "{under_way}");
    let refused = deploy(&ada, &shop, "test", free).await;
    assert_eq!(refused.expect_err("is refused").to_string(), under_way);
    let on_the_card = apps::get(&ada, &shop).await.expect("is there");
    let on_the_card = on_the_card.environments[0].deploy.reason();
    assert_eq!(on_the_card, Some(under_way));

    world.run_operations().await;
    assert_eq!(buttons(&vi, used).await, deeds(&vi, used).await);
    let in_use = buttons(&ada, used).await.0.expect("is refused");
    let refused = packages::delete(&ada, &shop, used).await;
    assert_eq!(refused.expect_err("is refused").to_string(), in_use);
    assert_eq!(buttons(&ada, free).await, (None, None));
    packages::delete(&ada, &shop, free)
        .await
        .expect("is unused");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn pages_of_packages_hear_of_a_deployment_that_begins_ends_or_is_taken_back(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let list = packages::list(&ada, &shop, None).await.expect("lists");
    let followed: Vec<String> = list.topics().iter().map(Topic::to_string).collect();
    let mut listener = PgListener::connect_with(&pool).await.expect("connects");
    listener.listen("changes").await.expect("listens");
    for version in ["1.0.0".to_owned(), format!("2.0.0-{BROKEN}")] {
        let package = world
            .upload(&ada, &shop, &version)
            .await
            .expect("is accepted");
        deploy(&ada, &shop, "test", package).await.expect("starts");
        sent(&pool, &mut listener).await;
        world.run_operations().await;
        let told: Vec<_> = sent(&pool, &mut listener)
            .await
            .into_iter()
            .filter(|notice| notice.contains("\"apps\""))
            .collect();
        let hears = |notice: &String| followed.iter().any(|topic| notice.contains(topic));
        assert!(
            told.len() > 1 && told.iter().all(hears),
            "{version}: {told:?} of {followed:?}"
        );
    }
}

/// The notices of changes until now: they come in order, so a mark of our own ends them.
async fn sent(pool: &PgPool, listener: &mut PgListener) -> Vec<String> {
    sqlx::query("select pg_notify('changes', 'until here')")
        .execute(pool)
        .await
        .expect("is sent");
    let mut notices = Vec::new();
    loop {
        let notice = listener.recv().await.expect("comes").payload().to_owned();
        if notice == "until here" {
            return notices;
        }
        notices.push(notice);
    }
}

/// Between the start of a deployment and the step that writes down what is wanted.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_package_that_is_being_deployed_cannot_be_deleted(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let deployment = deploy(&ada, &shop, "test", package).await.expect("starts");
    let refused = packages::delete(&ada, &shop, package).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");

    control::operations::cancel(&ada, deployment)
        .await
        .expect("is asked");
    world.run_operations().await;
    packages::delete(&ada, &shop, package)
        .await
        .expect("is no longer needed");
    let refused = deploy(&ada, &shop, "test", package).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}
