//! The harness lets a good saga pass and catches a bad one.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use saga::error::StepError;
use saga::saga::{Saga, SagaId};
use saga::step::{Step, StepContext, Undo};
use saga::store;
use saga::testing::{self, Scenario, Trial};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::workshop::{Bench, Craft, Order};

struct Crafting {
    pool: PgPool,
}

#[async_trait]
impl Scenario for Crafting {
    type Saga = Craft;

    async fn start(&self) -> Trial<Craft> {
        let bench = Bench::new(self.pool.clone());
        let id = bench.start().await;
        Trial {
            id,
            scope: bench.scope,
            context: bench.workshop,
        }
    }

    async fn complete(&self, trial: &Trial<Craft>) -> Result<(), String> {
        let made = trial.context.made();
        if made.len() == 3 {
            Ok(())
        } else {
            Err(format!("only {made:?} was made"))
        }
    }

    async fn clean(&self, trial: &Trial<Craft>) -> Result<(), String> {
        let made = trial.context.made();
        if made.is_empty() {
            Ok(())
        } else {
            Err(format!("{made:?} is left over"))
        }
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_good_saga_is_idempotent(pool: PgPool) {
    testing::steps_are_idempotent(&pool, &Crafting { pool: pool.clone() }).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_good_saga_unwinds_after_every_failure(pool: PgPool) {
    testing::every_failure_unwinds(&pool, &Crafting { pool: pool.clone() }).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_good_saga_resumes_after_every_kill(pool: PgPool) {
    testing::every_kill_resumes(&pool, &Crafting { pool: pool.clone() }).await;
}

/// Adds a coin at each call, and takes none back when its own answer is missing.
struct Careless;

impl Saga for Careless {
    const NAME: &'static str = "careless";
    type Params = Order;
    type Context = Mutex<Vec<SagaId>>;

    fn steps() -> Vec<Step<Self>> {
        vec![Step::new("pay", "Paying", pay, Undo::run(refund))]
    }
}

async fn pay(context: StepContext<Careless>) -> Result<bool, StepError> {
    context
        .context()
        .lock()
        .expect("not poisoned")
        .push(context.id());
    Ok(true)
}

async fn refund(context: StepContext<Careless>) -> Result<(), StepError> {
    if context.output::<bool>("pay")?.is_some() {
        context.context().lock().expect("not poisoned").clear();
    }
    Ok(())
}

struct Paying {
    pool: PgPool,
}

#[async_trait]
impl Scenario for Paying {
    type Saga = Careless;

    async fn start(&self) -> Trial<Careless> {
        let new = Bench::new(self.pool.clone()).new_saga();
        let trial = Trial {
            id: new.id,
            scope: new.scope,
            context: Arc::default(),
        };
        let order = Order {
            piece: "coin".to_owned(),
        };
        let mut db = self.pool.acquire().await.expect("a connection");
        store::start::<Careless>(&mut db, new, &order, OffsetDateTime::now_utc())
            .await
            .expect("it starts");
        trial
    }

    async fn complete(&self, trial: &Trial<Careless>) -> Result<(), String> {
        let coins = trial.context.lock().expect("not poisoned").len();
        if coins == 1 {
            Ok(())
        } else {
            Err(format!("{coins} coins were paid"))
        }
    }

    async fn clean(&self, trial: &Trial<Careless>) -> Result<(), String> {
        let coins = trial.context.lock().expect("not poisoned").len();
        if coins == 0 {
            Ok(())
        } else {
            Err(format!("{coins} coins are left"))
        }
    }
}

async fn caught(check: impl Future<Output = ()>) -> String {
    let panic = AssertUnwindSafe(check)
        .catch_unwind()
        .await
        .expect_err("the harness objects");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_careless_saga_is_caught_by_each_check(pool: PgPool) {
    let paying = Paying { pool: pool.clone() };
    let found: BTreeSet<String> = [
        caught(testing::steps_are_idempotent(&pool, &paying)).await,
        caught(testing::every_failure_unwinds(&pool, &paying)).await,
        caught(testing::every_kill_resumes(&pool, &paying)).await,
    ]
    .into();
    let expected = [
        "a failure after the work of step “pay”: 1 coins are left",
        "a kill after the work of step “pay”: 2 coins were paid",
        "every action run twice: 2 coins were paid",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}
