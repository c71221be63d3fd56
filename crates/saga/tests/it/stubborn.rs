//! A step that is tried again for as long as it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use saga::error::StepError;
use saga::registry::Registry;
use saga::run::RunState;
use saga::saga::Saga;
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::worker;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::workshop::{Bench, Order};

/// More than any other step or undo is tried.
const FAILURES: u32 = 250;

/// Pushes a door that gives way late.
struct Push;

impl Saga for Push {
    const NAME: &'static str = "push";
    type Params = Order;
    type Context = AtomicU32;

    fn steps() -> Vec<Step<Self>> {
        let undo = Undo::none("An open door stays open.");
        vec![Step::new("push", "Pushing", push, undo).until_done()]
    }
}

async fn push(context: StepContext<Push>) -> Result<(), StepError> {
    if context.context().fetch_add(1, Ordering::SeqCst) < FAILURES {
        return Err(StepError::retry(std::io::Error::other("it is locked")));
    }
    Ok(())
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_must_be_done_is_tried_until_it_is(pool: PgPool) {
    let bench = Bench::new(pool);
    let new = bench.new_saga();
    let id = new.id;
    let order = Order {
        piece: "door".to_owned(),
    };
    let mut db = bench.pool.acquire().await.expect("a connection");
    store::start::<Push>(&mut db, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    drop(db);
    let registry = Registry::new(Arc::new(AtomicU32::new(0))).with::<Push>();
    worker::run_until_idle(&bench.pool, registry)
        .await
        .expect("the database answers");

    assert_eq!(bench.run(id).await.state, RunState::Succeeded);
    let told = bench.log(id).await.len();
    assert!(told < 20, "{told} lines in the log");
}
