//! Proves that a saga keeps the promises its steps must make.
//!
//! A [`Scenario`] starts the saga in a world of its own and knows what that world looks like when the
//! run is complete and when nothing of it is left. The three checks then run it over and over, with one
//! more thing going wrong each time. They panic with a sentence that names the step.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::clock::Clock;
use crate::fault::{Direction, Fault, Faults, Point};
use crate::registry::Registry;
use crate::run::{Run, RunState};
use crate::saga::{Saga, SagaId};
use crate::store;
use crate::worker::{Timing, Worker};

/// A run that a scenario has started, and the context its steps are to get.
pub struct Trial<S: Saga> {
    /// The run.
    pub id: SagaId,
    /// Its tenant.
    pub scope: Uuid,
    /// What its steps may use.
    pub context: Arc<S::Context>,
}

/// A world in which a saga can be tried again and again.
#[async_trait]
pub trait Scenario: Send + Sync {
    /// The saga on trial.
    type Saga: Saga;

    /// Prepares a world in which the saga has done nothing yet, starts it there and commits.
    async fn start(&self) -> Trial<Self::Saga>;

    /// Gives a parked run what it waits for, if this is how it is to be woken. A run that is still parked
    /// afterwards is woken by its time.
    async fn wake(&self, _trial: &Trial<Self::Saga>, _parked: &Run) {}

    /// Says what is missing when the run has succeeded.
    async fn complete(&self, trial: &Trial<Self::Saga>) -> Result<(), String>;

    /// Says what is left over when everything was undone.
    async fn clean(&self, trial: &Trial<Self::Saga>) -> Result<(), String>;
}

/// Every action runs twice and the world is complete; every undo runs twice and the world is clean.
pub async fn steps_are_idempotent<T: Scenario>(pool: &PgPool, scenario: &T) {
    let twice: Vec<Injection> = names::<T::Saga>()
        .into_iter()
        .map(|step| Injection::after(step, Direction::Forward, Fault::Die))
        .collect();
    try_once(
        pool,
        scenario,
        RunState::Succeeded,
        twice,
        "every action run twice",
    )
    .await;

    for last in names::<T::Saga>() {
        let mut injections = vec![Injection::after(last, Direction::Forward, Fault::Fail)];
        injections.extend(
            names_until::<T::Saga>(last)
                .into_iter()
                .map(|step| Injection::after(step, Direction::Undo, Fault::Die)),
        );
        let case = format!("every undo run twice after step “{last}” failed");
        try_once(pool, scenario, RunState::Failed, injections, &case).await;
    }
}

/// A failure at each step, before and after its work, leaves nothing behind.
pub async fn every_failure_unwinds<T: Scenario>(pool: &PgPool, scenario: &T) {
    for step in names::<T::Saga>() {
        let before = vec![Injection::before(step, Direction::Forward, Fault::Fail)];
        let case = format!("a failure before the work of step “{step}”");
        try_once(pool, scenario, RunState::Failed, before, &case).await;

        let after = vec![Injection::after(step, Direction::Forward, Fault::Fail)];
        let case = format!("a failure after the work of step “{step}”");
        try_once(pool, scenario, RunState::Failed, after, &case).await;
    }
}

/// A worker killed at each step, before and after its work, is replaced by one that completes the run;
/// killed at each undo, by one that undoes the rest.
pub async fn every_kill_resumes<T: Scenario>(pool: &PgPool, scenario: &T) {
    let names = names::<T::Saga>();
    for step in &names {
        let before = vec![Injection::before(step, Direction::Forward, Fault::Die)];
        let case = format!("a kill before the work of step “{step}”");
        try_once(pool, scenario, RunState::Succeeded, before, &case).await;

        let after = vec![Injection::after(step, Direction::Forward, Fault::Die)];
        let case = format!("a kill after the work of step “{step}”");
        try_once(pool, scenario, RunState::Succeeded, after, &case).await;
    }
    let Some(last) = names.last() else { return };
    for step in &names {
        for kill in [
            Injection::before(step, Direction::Undo, Fault::Die),
            Injection::after(step, Direction::Undo, Fault::Die),
        ] {
            let fail = Injection::after(last, Direction::Forward, Fault::Fail);
            let case = format!("a kill at the undo of step “{step}”");
            try_once(pool, scenario, RunState::Failed, vec![fail, kill], &case).await;
        }
    }
}

/// One thing that goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Injection {
    step: &'static str,
    direction: Direction,
    after: bool,
    fault: Fault,
}

impl Injection {
    fn before(step: &'static str, direction: Direction, fault: Fault) -> Self {
        Self {
            step,
            direction,
            after: false,
            fault,
        }
    }

    fn after(step: &'static str, direction: Direction, fault: Fault) -> Self {
        Self {
            step,
            direction,
            after: true,
            fault,
        }
    }
}

/// Injections that have not happened yet.
struct Script(Mutex<Vec<Injection>>);

impl Script {
    fn take(&self, point: Point<'_>, after: bool) -> Fault {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = left.iter().position(|injection| {
            injection.step == point.step
                && injection.direction == point.direction
                && injection.after == after
        });
        here.map_or(Fault::None, |index| left.remove(index).fault)
    }

    fn left(&self) -> Vec<Injection> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Faults for Script {
    fn before(&self, point: Point<'_>) -> Fault {
        self.take(point, false)
    }

    fn after(&self, point: Point<'_>) -> Fault {
        self.take(point, true)
    }
}

async fn try_once<T: Scenario>(
    pool: &PgPool,
    scenario: &T,
    expected: RunState,
    injections: Vec<Injection>,
    case: &str,
) {
    let trial = scenario.start().await;
    let workers = injections.len() + 1;
    let script = Arc::new(Script(Mutex::new(injections)));
    let mut ahead = Duration::ZERO;
    for _ in 0..workers {
        run_until_idle(pool, &trial, &script, ahead, case).await;
        ahead = wake_until_done(pool, scenario, &trial, &script, ahead, case).await;
        ahead += Duration::HOUR;
    }

    let run = run_of(pool, &trial, case).await;
    assert!(
        script.left().is_empty(),
        "{case}: it never came to {:?}; {run:?}",
        script.left()
    );
    assert!(
        run.state == expected,
        "{case}: expected {expected:?}, found {run:?}"
    );
    let world = match expected {
        RunState::Succeeded => scenario.complete(&trial).await,
        _ => scenario.clean(&trial).await,
    };
    assert!(world.is_ok(), "{case}: {}", world.err().unwrap_or_default());
}

/// How often a run may be parked before it looks as if it would never end.
const PARKED_AT_MOST: u32 = 100;

/// Wakes the run for as long as it is parked, by the scenario or by a clock that is put forward to its time.
/// The answer is how far the clock is ahead then.
async fn wake_until_done<T: Scenario>(
    pool: &PgPool,
    scenario: &T,
    trial: &Trial<T::Saga>,
    script: &Arc<Script>,
    mut ahead: Duration,
    case: &str,
) -> Duration {
    for _ in 0..PARKED_AT_MOST {
        let run = run_of(pool, trial, case).await;
        if !run.is_parked() {
            return ahead;
        }
        scenario.wake(trial, &run).await;
        let run = run_of(pool, trial, case).await;
        if run.is_parked() {
            let Some(wakes_at) = run.wakes_at else {
                panic!("{case}: nobody has woken {run:?}");
            };
            ahead = ahead.max(wakes_at - OffsetDateTime::now_utc());
        }
        run_until_idle(pool, trial, script, ahead, case).await;
    }
    panic!("{case}: it is parked again and again");
}

/// A worker of its own, by a clock by which the leases of those before it have expired.
async fn run_until_idle<S: Saga>(
    pool: &PgPool,
    trial: &Trial<S>,
    script: &Arc<Script>,
    ahead: Duration,
    case: &str,
) {
    let registry = Registry::new(Arc::clone(&trial.context))
        .with::<S>()
        .with_faults(Arc::clone(script) as Arc<dyn Faults>);
    let clock: Clock = Arc::new(move || OffsetDateTime::now_utc() + ahead);
    let outcome = Worker::new(pool.clone(), registry, clock, Timing::default())
        .run_until_idle()
        .await;
    assert!(
        outcome.is_ok(),
        "{case}: the database did not answer: {outcome:?}"
    );
}

async fn run_of<S: Saga>(pool: &PgPool, trial: &Trial<S>, case: &str) -> Run {
    let found = match pool.acquire().await {
        Ok(mut db) => store::get(&mut db, trial.scope, trial.id).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(run)) => run,
        other => panic!("{case}: the run cannot be read: {other:?}"),
    }
}

fn names<S: Saga>() -> Vec<&'static str> {
    S::steps().into_iter().map(|step| step.name).collect()
}

fn names_until<S: Saga>(last: &str) -> Vec<&'static str> {
    let mut names = names::<S>();
    let end = names
        .iter()
        .position(|name| *name == last)
        .map_or(0, |index| index + 1);
    names.truncate(end);
    names
}
