//! A saga that makes three things in memory, and the means to have it go wrong at any place.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::clock;
use saga::error::StepError;
use saga::fault::Direction;
use saga::registry::Registry;
use saga::run::{LogRow, Run, RunState, StepRow, StepState};
use saga::run_log;
use saga::saga::{NewSaga, Saga, SagaId, Starter, Subject};
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::worker::{Timing, Worker};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub const STEPS: [&str; 3] = ["cut", "glue", "paint"];

/// What the next call of a step does beside its work.
pub enum Twist {
    Retry,
    Fail,
    /// Fails with these words.
    Say(&'static str),
    Panic,
    /// Waits until the semaphore has a permit.
    Wait(Arc<Semaphore>),
    /// Waits until a cancel is seen.
    UntilCancelled,
    /// Stops the whole thread until something is sent, as a machine that is not given the processor.
    Freeze(Receiver<()>),
}

/// Everything the steps have made and heard.
#[derive(Default)]
pub struct Workshop {
    made: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<String>>,
    twists: Mutex<HashMap<(&'static str, Direction), VecDeque<Twist>>>,
}

impl Workshop {
    pub fn twist(&self, step: &'static str, direction: Direction, twist: Twist) {
        let mut twists = self.twists.lock().expect("not poisoned");
        twists
            .entry((step, direction))
            .or_default()
            .push_back(twist);
    }

    /// The calls so far, as `+step` and `-step`.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("not poisoned").clone()
    }

    pub fn made(&self) -> Vec<String> {
        self.made
            .lock()
            .expect("not poisoned")
            .iter()
            .cloned()
            .collect()
    }

    fn entered(&self, step: &'static str, direction: Direction) -> Option<Twist> {
        let sign = if direction == Direction::Forward {
            '+'
        } else {
            '-'
        };
        self.calls
            .lock()
            .expect("not poisoned")
            .push(format!("{sign}{step}"));
        let mut twists = self.twists.lock().expect("not poisoned");
        twists
            .get_mut(&(step, direction))
            .and_then(VecDeque::pop_front)
    }
}

#[derive(Serialize, Deserialize)]
pub struct Order {
    pub piece: String,
}

pub struct Craft;

impl Saga for Craft {
    const NAME: &'static str = "craft";
    type Params = Order;
    type Context = Workshop;

    fn steps() -> Vec<Step<Self>> {
        let step = |name: &'static str, title: &'static str| {
            let action = move |context| work(context, name);
            Step::new(
                name,
                title,
                action,
                Undo::run(move |context| take_back(context, name)),
            )
        };
        vec![
            step("cut", "Cutting"),
            step("glue", "Gluing"),
            step("paint", "Painting"),
        ]
    }
}

async fn work(
    context: StepContext<Craft>,
    step: &'static str,
) -> Result<serde_json::Value, StepError> {
    twisted(&context, step, Direction::Forward).await?;
    context.progress(50, &format!("half of {step}")).await;
    context.log(format!("{step} made")).await;
    let piece = format!("{step} {}", context.params().piece);
    context
        .context()
        .made
        .lock()
        .expect("not poisoned")
        .insert(piece);
    let before: Option<String> = context.output("cut")?;
    Ok(json!(format!(
        "{step} after {}",
        before.unwrap_or_default()
    )))
}

async fn take_back(context: StepContext<Craft>, step: &'static str) -> Result<(), StepError> {
    twisted(&context, step, Direction::Undo).await?;
    let piece = format!("{step} {}", context.params().piece);
    context
        .context()
        .made
        .lock()
        .expect("not poisoned")
        .remove(&piece);
    Ok(())
}

async fn twisted(
    context: &StepContext<Craft>,
    step: &'static str,
    direction: Direction,
) -> Result<(), StepError> {
    match context.context().entered(step, direction) {
        None => Ok(()),
        Some(Twist::Retry) => Err(StepError::retry(std::io::Error::other("secret cause"))),
        Some(Twist::Fail) => Err(StepError::fail(format!("The {step} tool is blunt."))),
        Some(Twist::Say(text)) => Err(StepError::fail(text)),
        Some(Twist::Panic) => panic!("the tool broke"),
        Some(Twist::Wait(gate)) => {
            gate.acquire().await.expect("the gate stays open").forget();
            Ok(())
        }
        Some(Twist::Freeze(thaw)) => {
            thaw.recv().expect("somebody thaws it");
            Ok(())
        }
        Some(Twist::UntilCancelled) => {
            while !context.cancelled().await {
                tokio::task::yield_now().await;
            }
            Err(StepError::cancelled())
        }
    }
}

/// A database, a workshop and a tenant.
pub struct Bench {
    pub pool: PgPool,
    pub workshop: Arc<Workshop>,
    pub scope: Uuid,
    pub subject: Uuid,
}

impl Bench {
    pub fn new(pool: PgPool) -> Self {
        let workshop = Arc::new(Workshop::default());
        Self {
            pool,
            workshop,
            scope: Uuid::new_v4(),
            subject: Uuid::new_v4(),
        }
    }

    pub fn new_saga(&self) -> NewSaga {
        NewSaga {
            id: SagaId(Uuid::now_v7()),
            scope: self.scope,
            subject: Subject::new("chair", self.subject),
            title: "Craft a chair".to_owned(),
            started_by: Starter::Person {
                id: Uuid::new_v4(),
                name: "Ada".to_owned(),
            },
            locks: Vec::new(),
        }
    }

    pub async fn start(&self) -> SagaId {
        let new = self.new_saga();
        let id = new.id;
        let order = Order {
            piece: "chair".to_owned(),
        };
        let mut db = self.pool.acquire().await.expect("a connection");
        store::start::<Craft>(&mut db, new, &order, OffsetDateTime::now_utc())
            .await
            .expect("it starts");
        id
    }

    pub fn registry(&self) -> Registry<Workshop> {
        Registry::new(Arc::clone(&self.workshop)).with::<Craft>()
    }

    pub fn worker(&self) -> Worker<Workshop> {
        let timing = Timing {
            lease: Duration::from_secs(2),
            heartbeat: Duration::from_millis(100),
            poll: Duration::from_millis(20),
        };
        Worker::new(self.pool.clone(), self.registry(), clock::system(), timing)
    }

    /// A worker on a thread and with connections of its own, until nothing is left for it.
    pub fn worker_apart(&self, timing: Timing) -> std::thread::JoinHandle<Result<(), sqlx::Error>> {
        let (options, registry) = (self.pool.connect_options(), self.registry());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let pool = PgPoolOptions::new().connect_lazy_with((*options).clone());
                let worker = Worker::new(pool, registry, clock::system(), timing);
                worker.run_until_idle().await
            })
        })
    }

    /// A worker in the background; aborting it is as good as killing its process.
    pub fn spawn_worker(&self) -> JoinHandle<()> {
        tokio::spawn(self.worker().run(std::future::pending()))
    }

    pub async fn run_until_idle(&self) {
        self.worker()
            .run_until_idle()
            .await
            .expect("the database answers");
    }

    pub async fn run(&self, id: SagaId) -> Run {
        let mut db = self.pool.acquire().await.expect("a connection");
        store::get(&mut db, self.scope, id)
            .await
            .expect("it can be read")
            .expect("it is there")
    }

    pub async fn steps(&self, id: SagaId) -> Vec<StepRow> {
        let mut db = self.pool.acquire().await.expect("a connection");
        store::steps(&mut db, self.scope, id)
            .await
            .expect("they can be read")
    }

    pub async fn step_states(&self, id: SagaId) -> Vec<StepState> {
        self.steps(id)
            .await
            .into_iter()
            .map(|step| step.state)
            .collect()
    }

    pub async fn log(&self, id: SagaId) -> Vec<LogRow> {
        let mut db = self.pool.acquire().await.expect("a connection");
        run_log::lines(&mut db, self.scope, id, 0, i64::MAX)
            .await
            .expect("it can be read")
    }

    pub async fn cancel(&self, id: SagaId) -> bool {
        let mut db = self.pool.acquire().await.expect("a connection");
        store::request_cancel(&mut db, self.scope, id, OffsetDateTime::now_utc())
            .await
            .expect("it can be asked")
    }

    pub async fn until_state(&self, id: SagaId, state: RunState) -> Run {
        until(async || {
            let run = self.run(id).await;
            (run.state == state).then_some(run)
        })
        .await
    }

    /// Waits until the workshop has heard this call so many times.
    pub async fn until_called(&self, call: &str, times: usize) {
        until(async || {
            let heard = self
                .workshop
                .calls()
                .iter()
                .filter(|heard| *heard == call)
                .count();
            (heard >= times).then_some(())
        })
        .await;
    }
}

/// Asks until there is an answer, and gives up loudly.
pub async fn until<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let mut pause = tokio::time::interval(Duration::from_millis(10));
    let answered = async {
        loop {
            pause.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answered)
        .await
        .expect("it happens in time")
}
