//! What a step writes of its own, and what it says that no text may hold.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::clock;
use saga::error::{StartError, StepError};
use saga::registry::Registry;
use saga::run::RunState;
use saga::saga::{Saga, SagaId};
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::worker::{Timing, Worker};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use time::OffsetDateTime;

use crate::workshop::{Bench, Order, until};

/// Writes who it is, in the table `notes`; the first one stands still in between, with its whole thread.
struct Noting;

struct Desk {
    worker: &'static str,
    frozen: Mutex<Option<mpsc::Receiver<()>>>,
    /// Whether it stands still within its transaction rather than before.
    within: bool,
}

impl Saga for Noting {
    const NAME: &'static str = "noting";
    type Params = Order;
    type Context = Desk;

    fn steps() -> Vec<Step<Self>> {
        vec![Step::new(
            "note",
            "Noting",
            note,
            Undo::none("A note stays."),
        )]
    }
}

async fn note(ctx: StepContext<Noting>) -> Result<Value, StepError> {
    let desk = ctx.context();
    let stand_still = || {
        if let Some(frozen) = desk.frozen.lock().expect("not poisoned").take() {
            frozen.recv().expect("somebody thaws it");
        }
    };
    if !desk.within {
        stand_still();
    }
    let mut tx = ctx.begin().await?;
    if desk.within {
        stand_still();
    }
    sqlx::query("insert into notes values ($1)")
        .bind(desk.worker)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(json!({ "sa\0id": ["by\0e"] }))
}

async fn begin(pool: &PgPool) -> (Bench, SagaId) {
    sqlx::raw_sql("create table notes (worker text not null)")
        .execute(pool)
        .await
        .expect("is made");
    let bench = Bench::new(pool.clone());
    let new = bench.new_saga();
    let id = new.id;
    let order = Order {
        piece: "note".to_owned(),
    };
    let mut db = pool.acquire().await.expect("a connection");
    store::start::<Noting>(&mut db, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    (bench, id)
}

fn worker(pool: PgPool, desk: Desk) -> Worker<Desk> {
    let registry = Registry::new(Arc::new(desk)).with::<Noting>();
    let timing = Timing {
        lease: Duration::from_millis(800),
        heartbeat: Duration::from_millis(100),
        poll: Duration::from_millis(20),
    };
    Worker::new(pool, registry, clock::system(), timing)
}

/// Two workers, of which the first stands still until the second has ended the run; what was noted.
async fn one_after_another(pool: PgPool, within: bool) -> Vec<String> {
    let (bench, id) = begin(&pool).await;
    let (thaw, frozen) = mpsc::channel();
    let desk = Desk {
        worker: "first",
        frozen: Mutex::new(Some(frozen)),
        within,
    };
    let options = (*pool.connect_options()).clone();
    let first = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let pool = PgPoolOptions::new().connect_lazy_with(options);
            worker(pool, desk).run_until_idle().await
        })
    });
    until(async || (bench.run(id).await.phase == "Noting").then_some(())).await;
    let desk = Desk {
        worker: "second",
        frozen: Mutex::default(),
        within,
    };
    let second = tokio::spawn(worker(pool.clone(), desk).run(std::future::pending()));
    bench.until_state(id, RunState::Succeeded).await;
    thaw.send(()).expect("it stands still");
    let ended = tokio::task::spawn_blocking(|| first.join())
        .await
        .expect("is waited for")
        .expect("it does not panic");
    // On a busy machine it may give up on its next claim, which it has as long for as its lease.
    drop(ended);
    second.abort();
    sqlx::query_scalar("select worker from notes")
        .fetch_all(&pool)
        .await
        .expect("reads")
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_step_of_a_worker_that_has_lost_its_run_writes_nothing(pool: PgPool) {
    assert_eq!(one_after_another(pool, false).await, ["second"]);
}

/// Its transaction keeps the run from others, though not for longer than a lease.
#[sqlx::test(migrations = "../../migrations")]
async fn a_worker_that_stands_still_in_its_transaction_keeps_no_run(pool: PgPool) {
    assert_eq!(one_after_another(pool, true).await, ["second"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_answer_that_no_text_may_hold_is_kept_without_that(pool: PgPool) {
    let (bench, id) = begin(&pool).await;
    let mut db = pool.acquire().await.expect("a connection");
    let value = json!({ "sa\0id": "by\0e" });
    let now = OffsetDateTime::now_utc();
    assert!(
        store::signal(&mut db, bench.scope, id, "word", &value, now)
            .await
            .expect("it is taken")
    );
    let desk = Desk {
        worker: "only",
        frozen: Mutex::default(),
        within: false,
    };
    worker(pool.clone(), desk)
        .run_until_idle()
        .await
        .expect("it is answered");
    assert_eq!(bench.run(id).await.state, RunState::Succeeded);
    let kept: (Value, Value) = sqlx::query_as("select output, value from saga_steps, saga_signals")
        .fetch_one(&pool)
        .await
        .expect("reads");
    assert_eq!(kept, (json!({ "said": ["bye"] }), json!({ "said": "bye" })));
}

#[sqlx::test(migrations = "../../migrations")]
async fn parameters_that_no_text_may_hold_are_refused_in_words(pool: PgPool) {
    let bench = Bench::new(pool.clone());
    let order = Order {
        piece: "cha\0ir".to_owned(),
    };
    let mut db = pool.acquire().await.expect("a connection");
    let now = OffsetDateTime::now_utc();
    let refused = store::start::<Noting>(&mut db, bench.new_saga(), &order, now).await;
    let Err(StartError::Params { source, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        source.to_string(),
        "a text holds the character NUL, which the database cannot store"
    );
}
