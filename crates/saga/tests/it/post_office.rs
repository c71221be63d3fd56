//! A saga whose middle step waits for a letter, and the means to see it wait.

use std::sync::{Arc, Mutex};

use saga::clock::{self, Clock};
use saga::error::StepError;
use saga::lane::Lane;
use saga::registry::Registry;
use saga::run::{Run, RunState};
use saga::saga::{NewSaga, Saga, SagaId};
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::wait::Wait;
use saga::worker::{Timing, Worker};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;

use crate::workshop::{Bench, until};

/// What is done while a step runs, between its look at the signals and its answer.
type Meanwhile = Box<dyn FnOnce() -> futures::future::BoxFuture<'static, ()> + Send>;

/// What the steps have done and what they are told to do.
#[derive(Default)]
pub struct Office {
    pub calls: Mutex<Vec<String>>,
    pub meanwhile: Mutex<Option<Meanwhile>>,
    /// Bulk runs wait here, with a worker.
    pub gate: Option<Arc<Semaphore>>,
}

impl Office {
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("not poisoned").clone()
    }

    fn note(&self, call: impl Into<String>) {
        self.calls.lock().expect("not poisoned").push(call.into());
    }
}

/// For how long an answer is waited for, and whether its undo waits too.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Patience {
    pub minutes: Option<i64>,
    pub undo_waits: bool,
}

pub struct Correspond;

impl Saga for Correspond {
    const NAME: &'static str = "correspond";
    type Params = Patience;
    type Context = Office;

    fn steps() -> Vec<Step<Self>> {
        vec![
            Step::new("write", "Writing", write, Undo::run(tear_up)),
            Step::new("answer", "Waiting for an answer", answer, Undo::run(recall)),
            Step::new("file", "Filing", file, Undo::none("A file may stay.")),
        ]
    }
}

async fn write(ctx: StepContext<Correspond>) -> Result<(), StepError> {
    ctx.context().note("+write");
    Ok(())
}

async fn tear_up(ctx: StepContext<Correspond>) -> Result<(), StepError> {
    ctx.context().note("-write");
    Ok(())
}

async fn answer(ctx: StepContext<Correspond>) -> Result<Value, StepError> {
    ctx.context().note("+answer");
    let letter: Option<Value> = ctx.signal("letter")?;
    let meanwhile = ctx.context().meanwhile.lock().expect("not poisoned").take();
    if let Some(meanwhile) = meanwhile {
        meanwhile().await;
    }
    if let Some(letter) = letter {
        return Ok(letter);
    }
    let wait = Wait::for_signal("letter").saying("Waits for a letter.");
    let Some(minutes) = ctx.params().minutes else {
        return Err(wait.into());
    };
    let deadline = ctx.begun_at() + Duration::minutes(minutes);
    if ctx.now() >= deadline {
        return Ok(json!("silence"));
    }
    Err(wait.or_until(deadline).into())
}

async fn recall(ctx: StepContext<Correspond>) -> Result<(), StepError> {
    ctx.context().note("-answer");
    if ctx.params().undo_waits && ctx.signal::<Value>("recalled")?.is_none() {
        return Err(Wait::for_signal("recalled").into());
    }
    Ok(())
}

async fn file(ctx: StepContext<Correspond>) -> Result<Value, StepError> {
    ctx.context().note("+file");
    let letter: Option<Value> = ctx.output("answer")?;
    Ok(json!(letter))
}

/// Work that holds its place until the office's gate is opened.
pub struct Sort;

impl Saga for Sort {
    const NAME: &'static str = "sort";
    const LANE: Lane = Lane::Bulk;
    type Params = ();
    type Context = Office;

    fn steps() -> Vec<Step<Self>> {
        vec![Step::new("sort", "Sorting", sort, Undo::none("No harm."))]
    }
}

async fn sort(ctx: StepContext<Sort>) -> Result<(), StepError> {
    ctx.context().note("+sort");
    if let Some(gate) = &ctx.context().gate {
        gate.acquire().await.expect("the gate stays open").forget();
    }
    Ok(())
}

/// An office with its database and one tenant.
pub struct Counter {
    pub bench: Bench,
    pub office: Arc<Office>,
}

impl Counter {
    pub fn new(pool: PgPool) -> Self {
        Self {
            bench: Bench::new(pool),
            office: Arc::new(Office::default()),
        }
    }

    pub async fn start(&self, patience: Patience) -> SagaId {
        self.start_new::<Correspond>(self.bench.new_saga(), &patience)
            .await
    }

    pub async fn start_new<S: Saga>(&self, new: NewSaga, params: &S::Params) -> SagaId {
        let id = new.id;
        let mut tx = self.bench.pool.begin().await.expect("a transaction");
        store::start::<S>(&mut tx, new, params, OffsetDateTime::now_utc())
            .await
            .expect("it starts");
        tx.commit().await.expect("it commits");
        id
    }

    pub fn registry(&self) -> Registry<Office> {
        Registry::new(Arc::clone(&self.office))
            .with::<Correspond>()
            .with::<Sort>()
    }

    pub fn worker(&self, clock: Clock) -> Worker<Office> {
        let timing = Timing {
            poll: std::time::Duration::from_millis(20),
            ..Timing::default()
        };
        Worker::new(self.bench.pool.clone(), self.registry(), clock, timing)
    }

    pub async fn run_until_idle(&self) {
        self.run_until_idle_at(Duration::ZERO).await;
    }

    /// By a clock that is so far ahead.
    pub async fn run_until_idle_at(&self, ahead: Duration) {
        self.worker(Arc::new(move || OffsetDateTime::now_utc() + ahead))
            .run_until_idle()
            .await
            .expect("the database answers");
    }

    pub fn spawn_worker(&self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.worker(clock::system()).run(std::future::pending()))
    }

    pub async fn run(&self, id: SagaId) -> Run {
        self.bench.run(id).await
    }

    pub async fn state(&self, id: SagaId) -> RunState {
        self.run(id).await.state
    }

    pub async fn signal(&self, id: SagaId, name: &str, value: Value) -> bool {
        let mut tx = self.bench.pool.begin().await.expect("a transaction");
        let at = OffsetDateTime::now_utc();
        let given = store::signal(&mut tx, self.bench.scope, id, name, &value, at)
            .await
            .expect("it can be given");
        tx.commit().await.expect("it commits");
        given
    }

    pub async fn output(&self, id: SagaId, step: &str) -> Option<Value> {
        sqlx::query_scalar("select output from saga_steps where saga_id = $1 and name = $2")
            .bind(id)
            .bind(step)
            .fetch_one(&self.bench.pool)
            .await
            .expect("the step is there")
    }

    /// How many runs are claimed.
    pub async fn held(&self) -> i64 {
        sqlx::query_scalar("select count(*) from sagas where lease_until is not null")
            .fetch_one(&self.bench.pool)
            .await
            .expect("countable")
    }

    pub async fn until_called(&self, call: &str, times: usize) {
        until(async || {
            let calls = self.office.calls();
            let heard = calls.iter().filter(|heard| *heard == call).count();
            (heard >= times).then_some(())
        })
        .await;
    }
}
