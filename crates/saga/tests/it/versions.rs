//! Runs that a release with another list of steps finds.

use std::sync::{Arc, Mutex};

use saga::error::StepError;
use saga::registry::Registry;
use saga::run::{RunState, UnknownVersion};
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::worker;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::workshop::{Bench, Order};

type Calls = Mutex<Vec<&'static str>>;

/// As it was.
struct Before;

/// As it is: with a step in between.
struct Now;

impl Saga for Before {
    const NAME: &'static str = "bake";
    type Params = Order;
    type Context = Calls;

    fn steps() -> Vec<Step<Self>> {
        vec![step("mix"), step("bake")]
    }
}

impl Saga for Now {
    const NAME: &'static str = "bake";
    const VERSION: i16 = 2;
    type Params = Order;
    type Context = Calls;

    fn steps() -> Vec<Step<Self>> {
        vec![step("mix"), step("rise"), step("bake")]
    }
}

fn step<S: Saga<Context = Calls>>(name: &'static str) -> Step<S> {
    let action = move |ctx: StepContext<S>| async move {
        ctx.context().lock().expect("not poisoned").push(name);
        Ok::<_, StepError>(())
    };
    Step::new(name, name, action, Undo::none("Bread is bread."))
}

async fn start<S: Saga<Params = Order>>(bench: &Bench) -> saga::saga::SagaId {
    let new = bench.new_saga();
    let id = new.id;
    let order = Order {
        piece: "bread".to_owned(),
    };
    let mut tx = bench.pool.begin().await.expect("a transaction");
    store::start::<S>(&mut tx, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    tx.commit().await.expect("it commits");
    id
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_of_version_1_ends_under_version_2_with_its_own_steps(pool: PgPool) {
    let bench = Bench::new(pool);
    let old = start::<Before>(&bench).await;
    let calls = Arc::new(Calls::default());
    let registry = || {
        Registry::new(Arc::clone(&calls))
            .with::<Now>()
            .with_old_version::<Now>(1, vec![step("mix"), step("bake")])
    };
    worker::run_until_idle(&bench.pool, registry())
        .await
        .expect("the database answers");
    assert_eq!(bench.run(old).await.state, RunState::Succeeded);
    assert_eq!(*calls.lock().expect("not poisoned"), ["mix", "bake"]);

    calls.lock().expect("not poisoned").clear();
    let new = start::<Now>(&bench).await;
    worker::run_until_idle(&bench.pool, registry())
        .await
        .expect("the database answers");
    assert_eq!(bench.run(new).await.state, RunState::Succeeded);
    assert_eq!(
        *calls.lock().expect("not poisoned"),
        ["mix", "rise", "bake"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_of_an_unknown_version_is_left_alone_and_named(pool: PgPool) {
    let bench = Bench::new(pool);
    let old = start::<Before>(&bench).await;
    let calls = Arc::new(Calls::default());
    let registry = || Registry::new(Arc::clone(&calls)).with::<Now>();
    worker::run_until_idle(&bench.pool, registry())
        .await
        .expect("the database answers");
    assert_eq!(bench.run(old).await.state, RunState::Queued);
    assert!(calls.lock().expect("not poisoned").is_empty());

    let mut db = bench.pool.acquire().await.expect("a connection");
    let unknown = store::unknown_versions(&mut db, &registry()).await;
    let expected = UnknownVersion {
        id: old,
        name: "bake".to_owned(),
        version: 1,
        title: "Craft a chair".to_owned(),
    };
    assert_eq!(unknown.expect("readable"), [expected]);
    let both = registry().with::<Before>();
    let unknown = store::unknown_versions(&mut db, &both).await;
    assert_eq!(unknown.expect("readable"), []);
    let none = Registry::new(Arc::clone(&calls));
    let unknown = store::unknown_versions(&mut db, &none).await;
    assert_eq!(unknown.expect("readable").len(), 1);
    drop(db);

    worker::run_until_idle(&bench.pool, both)
        .await
        .expect("the database answers");
    let mut db = bench.pool.acquire().await.expect("a connection");
    let unknown = store::unknown_versions(&mut db, &none).await;
    assert_eq!(unknown.expect("readable"), []);
}
