//! Who acts: a person, or the platform itself; and who sees what concerns a whole company.

use crate::world::World;
use control::ctx::Ctx;
use control::environments::desired_change::restart;
use control::error::Error;
use control::operations::{self, cancel, get, list};
use domain::actors::Actor;
use domain::ids::OperationId;
use domain::roles::Role;
use saga::error::StepError;
use saga::saga::{NewSaga, Saga, SagaId, Starter, Subject};
use saga::step::{Step, StepContext, Undo};
use sqlx::PgPool;
use uuid::Uuid;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_platform_starts_operations_of_its_own_and_the_audit_says_so(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;

    let system = Ctx::system(&world.state, "Nightly restart", ada.company)
        .await
        .expect("the company is there");
    assert_eq!(system.actor, Actor::System("Nightly restart"));
    let operation = restart(&system, &shop, "test").await.expect("starts");
    world.run_operations().await;

    let seen = get(&ada, operation).await.expect("the team sees it");
    assert_eq!(seen.summary.started_by, "Nightly restart");
    assert!(
        get(&system, operation).await.is_ok(),
        "so does the platform"
    );
    let row: (String, Option<Uuid>, String, String) = sqlx::query_as(
        "select actor_kind, person_id, person_name, subject_kind from audit_events where action = 'environment.restart'",
    )
    .fetch_one(&pool)
    .await
    .expect("is audited");
    let expected = ("system", None, "Nightly restart", "environment");
    assert_eq!(
        (row.0.as_str(), row.1, row.2.as_str(), row.3.as_str()),
        expected
    );
    let starter: String = sqlx::query_scalar("select started_by_kind from sagas where id = $1")
        .bind(operation.uuid())
        .fetch_one(&pool)
        .await
        .expect("is there");
    assert_eq!(starter, "system");
}

/// Works on a whole company.
struct Census;

impl Saga for Census {
    const NAME: &'static str = "census";
    type Params = ();
    type Context = control::state::State;

    fn steps() -> Vec<Step<Self>> {
        async fn count(_: StepContext<Census>) -> Result<(), StepError> {
            Ok(())
        }
        vec![Step::new(
            "count",
            "Count",
            count,
            Undo::none("Nothing is made."),
        )]
    }
}

async fn census(pool: &PgPool, ctx: &Ctx) -> OperationId {
    let id = SagaId(Uuid::now_v7());
    let new = NewSaga {
        id,
        scope: ctx.company.uuid(),
        subject: Subject::new("company", ctx.company.uuid()),
        title: "Count the apps".to_owned(),
        started_by: Starter::System {
            name: "Census".to_owned(),
        },
        locks: Vec::new(),
    };
    let mut tx = pool.begin().await.expect("begins");
    saga::store::start::<Census>(&mut tx, new, &(), ctx.now())
        .await
        .expect("starts");
    tx.commit().await.expect("commits");
    OperationId::new(id.0)
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_company_wide_operation_is_seen_by_who_may_and_by_nobody_else(pool: PgPool) {
    let world = World::new(pool.clone());
    let admin = world.person("Alma", "Northwind", Role::Admin).await;
    let customer = world.person("Ada", "Northwind", Role::Customer).await;
    let elsewhere = world.person("Olga", "Southwind", Role::Admin).await;
    let id = census(&pool, &admin).await;

    let titles = async |ctx: &Ctx| -> Vec<String> {
        let page = list(ctx, false, None).await.expect("lists");
        page.items.into_iter().map(|o| o.title).collect()
    };
    assert_eq!(titles(&admin).await, ["Count the apps"]);
    assert!(get(&admin, id).await.expect("is seen").cancel.is_allowed());
    for other in [&customer, &elsewhere] {
        assert_eq!(titles(other).await, Vec::<String>::new());
        assert!(matches!(get(other, id).await, Err(Error::NotFound)));
        assert!(matches!(cancel(other, id).await, Err(Error::NotFound)));
    }
    operations::cancel(&admin, id).await.expect("is cancelled");
    let action: String = sqlx::query_scalar(
        "select action from audit_events where person_name = 'Alma' order by id desc limit 1",
    )
    .fetch_one(&pool)
    .await
    .expect("is audited");
    assert_eq!(action, "company.control_operation");
}
