//! What a page costs: as many queries for one thing as for many.

use crate::world::{World, new_app};
use control::ctx::Ctx;
use control::{apps, environments, operations, packages};
use domain::names::Subdomain;
use domain::roles::Role;
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Counts the statements that `sqlx` tells of.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The number of statements that `read` sends. The tests run on one thread each, so they are its own.
async fn queries<T>(read: impl Future<Output = control::error::Result<T>>) -> usize {
    let counter = Counter::default();
    let subscriber = tracing_subscriber::registry().with(counter.clone());
    let counting = tracing::subscriber::set_default(subscriber);
    assert!(read.await.is_ok(), "it is read");
    drop(counting);
    counter.0.load(Ordering::Relaxed)
}

/// What each list and page costs now.
async fn costs(ctx: &Ctx, shop: &Subdomain) -> Vec<(&'static str, usize)> {
    vec![
        ("apps::list", queries(apps::list(ctx, None, None)).await),
        ("apps::get", queries(apps::get(ctx, shop)).await),
        (
            "packages::list",
            queries(packages::list(ctx, shop, None)).await,
        ),
        (
            "operations::list",
            queries(operations::list(ctx, false, None)).await,
        ),
        (
            "environments::get",
            queries(environments::get(ctx, shop, "test")).await,
        ),
    ]
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_page_costs_the_same_for_one_thing_and_for_many(pool: PgPool) {
    let world = World::new(pool.clone());
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let mut form = new_app("shop");
    form.environments = vec!["Test".to_owned()];
    apps::create::create(&ada, form).await.expect("starts");
    let shop = Subdomain::parse("shop").expect("a subdomain");
    let few = costs(&ada, &shop).await;
    assert!(few.iter().all(|(_, count)| *count > 0), "{few:?}");

    world.run_operations().await;
    for n in 0..20 {
        let form = new_app(&format!("desk-{n}"));
        apps::create::create(&ada, form).await.expect("starts");
        world
            .upload(&ada, &shop, &format!("1.0.{n}"))
            .await
            .expect("is kept");
    }
    sqlx::query(
        r"
        insert into environments
            (id, company_id, app_id, name, slug, host_label, position, desired, instances, memory_mib,
             database_name, database_role, database_password, debugger_password, admin_password, created_at, updated_at)
        select gen_random_uuid(), company_id, app_id, 'E' || n, 'e' || n, 'shop-e' || n, n, desired, instances, memory_mib,
             'e' || n, 'e' || n, database_password, debugger_password, admin_password, created_at, updated_at
        from environments cross join generate_series(1, 9) n where host_label = 'shop-test'
        ",
    )
    .execute(&pool)
    .await
    .expect("more environments");
    let package = packages::list(&ada, &shop, None).await.expect("lists");
    let package = package.items[0].id;
    environments::desired_change::deploy(&ada, &shop, "test", package)
        .await
        .expect("starts");
    assert_eq!(costs(&ada, &shop).await, few);
    let details = apps::get(&ada, &shop).await.expect("is there");
    assert_eq!(details.environments.len(), 10);
}
