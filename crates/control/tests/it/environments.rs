//! Tests of environments: what changes reach the engine, and who may make them.

use crate::world::World;
use control::ctx::Ctx;
use control::environments::desired_change::{deploy, restart, scale, start, stop};
use control::environments::{self, debugger};
use control::error::Error;
use control::{operations, packages};
use domain::ids::OperationId;
use domain::scaling::Scale;
use domain::states::{Desired, OperationState};
use engine::memory::BROKEN;
use secrecy::ExposeSecret;
use sqlx::PgPool;

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn deploy_scale_restart_stop_and_start_reach_the_engine(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    assert!(
        matches!(start(&ada, &shop, "test").await, Err(Error::Conflict(_))),
        "nothing is deployed"
    );
    let package = world
        .upload(&ada, &shop, "1.0.0")
        .await
        .expect("is accepted");
    let operation = deploy(&ada, &shop, "test", package).await.expect("starts");
    assert!(
        matches!(stop(&ada, &shop, "test").await, Err(Error::Conflict(_))),
        "one change at a time"
    );
    world.run_operations().await;
    assert_eq!(
        operations::get(&ada, operation)
            .await
            .expect("is there")
            .summary
            .state,
        OperationState::Succeeded
    );
    let details = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    let id = details.id;
    let workload = || world.engine.workload(id).expect("the engine has it");
    assert_eq!(
        (workload().instances, workload().hosts),
        (1, vec!["shop-test.apps.localhost".to_owned()])
    );
    assert_eq!(
        workload().template.expect("deployed").package.label,
        "Shop 1.0.0"
    );
    assert_eq!(details.deployments[0].outcome, OperationState::Succeeded);

    scale(
        &ada,
        &shop,
        "test",
        Scale {
            instances: 3,
            memory_mib: 512,
        },
    )
    .await
    .expect("starts");
    world.run_operations().await;
    assert_eq!(
        (
            workload().instances,
            workload().template.expect("deployed").memory_mib
        ),
        (3, 512)
    );
    restart(&ada, &shop, "test").await.expect("starts");
    world.run_operations().await;
    assert_eq!(workload().template.expect("deployed").restarts, 1);
    stop(&ada, &shop, "test").await.expect("starts");
    world.run_operations().await;
    assert_eq!(workload().instances, 0);
    start(&ada, &shop, "test").await.expect("starts");
    world.run_operations().await;
    assert_eq!(workload().instances, 3);
    assert!(
        matches!(
            packages::delete(&ada, &shop, package).await,
            Err(Error::Conflict(_))
        ),
        "in use"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_broken_version_leaves_the_old_one_wanted(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let good = world.deployed(&ada, &shop).await;
    let broken = world
        .upload(&ada, &shop, &format!("2.0.0-{BROKEN}"))
        .await
        .expect("is accepted");
    let operation = deploy(&ada, &shop, "test", broken).await.expect("starts");
    world.run_operations().await;
    let operation = operations::get(&ada, operation).await.expect("is there");
    assert_eq!(operation.summary.state, OperationState::Failed);
    assert_eq!(
        operation.summary.error.as_deref(),
        Some("Instance 0 never answered.")
    );
    assert!(
        operation
            .log
            .iter()
            .any(|entry| entry.line.contains("no answer")),
        "{:?}",
        operation.log
    );
    let details = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    assert_eq!(
        (
            world.row(details.id).await.package_id,
            details.package.as_ref().map(|package| package.id),
            details.desired
        ),
        (Some(good.uuid()), Some(good), Desired::Running)
    );
    assert!(
        details
            .last_failure
            .is_some_and(|failure| failure.id == operation.summary.id)
    );
    let workload = world
        .engine
        .workload(details.id)
        .expect("the engine has it");
    assert_eq!(
        workload.template.expect("deployed").package.label,
        "Shop 1.0.0"
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn more_than_the_plan_is_refused_by_field(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    for (instances, memory_mib, field) in [
        (0, 512, "instances"),
        (9, 128, "instances"),
        (4, 2048, "memory"),
        (1, 1, "memory"),
    ] {
        let refused = scale(
            &ada,
            &shop,
            "test",
            Scale {
                instances,
                memory_mib,
            },
        )
        .await;
        let Err(Error::Invalid(errors)) = refused else {
            panic!("{instances} × {memory_mib} was not refused")
        };
        assert_eq!(errors[0].field, field);
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_debugger_password_is_that_of_the_workload_and_each_look_is_audited(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    world.deployed(&ada, &shop).await;
    let page = debugger::get(&ada, &shop, "test").await.expect("is there");
    assert_eq!(page.url, "http://shop-test.apps.localhost:8080/debugger/");
    let password = debugger::reveal_password(&ada, &shop, "test")
        .await
        .expect("is allowed");
    let id = environments::get(&ada, &shop, "test")
        .await
        .expect("is there")
        .id;
    let given = world
        .engine
        .workload(id)
        .and_then(|w| w.template)
        .expect("deployed")
        .debugger_password;
    assert_eq!(password.expose_secret(), given.expose_secret());
    let looks: i64 = sqlx::query_scalar(
        "select count(*) from audit_events where action = 'environment.reveal_debugger_password'",
    )
    .fetch_one(&world.state.pool)
    .await
    .expect("counts");
    assert_eq!(looks, 1);
    assert!(
        debugger::choose_instance(&ada, &shop, "test", 7)
            .await
            .is_err()
    );
    debugger::choose_instance(&ada, &shop, "test", 0)
        .await
        .expect("is there");

    let viewer = world.viewer("Vi", "Northwind").await;
    let page = debugger::get(&viewer, &shop, "test")
        .await
        .expect("is there");
    assert!(page.reveal.reason().is_some() && page.choose.reason().is_some());
    assert!(matches!(
        debugger::reveal_password(&viewer, &shop, "test").await,
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        stop(&viewer, &shop, "test").await,
        Err(Error::Forbidden(_))
    ));
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn what_serves_is_kept_and_shown_while_another_version_is_deployed(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let live = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let next = world.upload(&ada, &shop, "2.0.0").await.expect("is kept");
    deploy(&ada, &shop, "test", live).await.expect("starts");
    world.run_operations().await;
    // As it is between the step that wants the new version and the end of its deployment.
    sqlx::query("update environments set package_id = $1 where name = 'Test'")
        .bind(next.uuid())
        .execute(&pool)
        .await
        .expect("is wanted");

    for package in [live, next] {
        let refused = packages::delete(&ada, &shop, package).await;
        assert!(
            matches!(&refused, Err(Error::Conflict(why)) if why.contains("In use by Test")),
            "{refused:?}"
        );
    }
    let details = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    assert_eq!(details.package.expect("serves").label(), "Shop 1.0.0");
    let apps = control::apps::list(&ada, None, None)
        .await
        .expect("are there");
    assert_eq!(
        apps.items[0].environments[0].package.as_deref(),
        Some("Shop 1.0.0")
    );
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stuck_operation_says_so_and_can_be_tried_again(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let operation = deploy(&ada, &shop, "test", package).await.expect("starts");
    let early = operations::retry(&ada, operation).await;
    assert!(early.is_err(), "{early:?}");
    sqlx::query("update sagas set state = 'stuck', ends_as = 'failed' where id = $1")
        .bind(operation.uuid())
        .execute(&pool)
        .await
        .expect("is stuck");

    let refused = deploy(&ada, &shop, "test", package).await;
    assert!(
        matches!(&refused, Err(Error::Conflict(why)) if why.contains("is stuck")),
        "{refused:?}"
    );
    let details = environments::get(&ada, &shop, "test")
        .await
        .expect("is there");
    assert!(
        details.sentence.contains("try again"),
        "{}",
        details.sentence
    );
    operations::retry(&ada, operation)
        .await
        .expect("is tried again");
    world.run_operations().await;
    let ended = operations::get(&ada, operation).await.expect("is there");
    assert_eq!(ended.summary.state, OperationState::Failed);
    assert!(ended.retry.reason().is_some(), "{:?}", ended.retry);
    deploy(&ada, &shop, "test", package)
        .await
        .expect("the environment is free");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stuck_operation_ends_with_its_app(pool: PgPool) {
    let world = World::new(pool.clone());
    let (ada, shop) = world.shop().await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let operation = deploy(&ada, &shop, "test", package).await.expect("starts");
    sqlx::query("update sagas set state = 'stuck', ends_as = 'failed' where id = $1")
        .bind(operation.uuid())
        .execute(&pool)
        .await
        .expect("is stuck");
    control::apps::delete::delete(&ada, &shop, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    let state: String = sqlx::query_scalar("select state from sagas where id = $1")
        .bind(operation.uuid())
        .fetch_one(&pool)
        .await
        .expect("is kept");
    assert_eq!(state, "failed");
}

/// What a button says, and what the deed answers: they must be the same sentence.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_button_and_the_deed_give_the_same_reason(pool: PgPool) {
    let world = World::new(pool);
    let (ada, shop) = world.shop().await;
    let vi = world.viewer("Vi", "Northwind").await;
    let package = world.upload(&ada, &shop, "1.0.0").await.expect("is kept");
    let check = async |who: &Ctx, refused: bool| {
        let buttons = environments::get(who, &shop, "test").await;
        let buttons = buttons.expect("is there").actions;
        let reason = |deed: control::error::Result<OperationId>| deed.err().map(|e| e.to_string());
        let start = reason(start(who, &shop, "test").await);
        assert_eq!(buttons.start.reason(), start);
        let restart = reason(restart(who, &shop, "test").await);
        assert_eq!(buttons.restart.reason(), restart);
        if refused {
            let stop = reason(stop(who, &shop, "test").await);
            assert_eq!(buttons.stop.reason(), stop);
            let deploy = reason(deploy(who, &shop, "test", package).await);
            assert_eq!(buttons.deploy.reason(), deploy);
            let scale = Scale {
                instances: 2,
                memory_mib: 512,
            };
            let scale = reason(self::scale(who, &shop, "test", scale).await);
            assert_eq!(buttons.scale.reason(), scale);
            assert!(scale.is_some() && deploy.is_some() && stop.is_some());
        }
    };
    check(&ada, false).await;
    check(&vi, true).await;
    deploy(&ada, &shop, "test", package).await.expect("starts");
    check(&ada, true).await;
    world.run_operations().await;
    check(&vi, true).await;
}
