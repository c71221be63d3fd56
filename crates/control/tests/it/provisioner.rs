//! The roles in whose names databases are made: the portal's own on its private cluster, in whose name all tests here
//! work, and an operator's on a server of one's own.

use crate::second_postgres::SecondPostgres;
use crate::world::{World, new_app};
use control::apps::create::create;
use control::apps::delete::delete;
use control::operations;
use control::resources::provisioner::{NAME, set_up};
use domain::roles::Role;
use domain::states::OperationState;
use secrecy::{ExposeSecret, SecretString};
use sqlx::error::DatabaseError;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::sync::OnceLock;
use url::Url;

const PASSWORD: &str = "a password of the tests";

/// The address of a server for a role.
fn of(url: &str, role: &str) -> String {
    let mut url = Url::parse(url).expect("an address");
    url.set_username(role).expect("a role");
    url.set_password(Some(PASSWORD)).expect("a password");
    url.into()
}

/// The server of `DATABASE_URL` in the name of the provisioner, which is made once.
pub fn server(superuser: &str) -> SecretString {
    static MADE: OnceLock<SecretString> = OnceLock::new();
    let make = || {
        let superuser = superuser.to_owned();
        // Each test has a runtime of its own, in which nothing can be waited for here.
        let made = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut db = PgConnection::connect(&superuser).await.expect("connects");
                let password = SecretString::from(PASSWORD);
                set_up(&mut db, &password).await.expect("is made");
            });
            SecretString::from(of(&superuser, NAME))
        });
        made.join().expect("is made")
    };
    MADE.get_or_init(make).clone()
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn on_a_server_of_one_s_own_a_role_that_may_make_databases_and_roles_is_enough(pool: PgPool) {
    let own = SecondPostgres::start();
    let mut superuser = PgConnection::connect(&own.url).await.expect("connects");
    superuser
        .execute("create role operator login createdb createrole")
        .await
        .expect("is made");
    let operator = of(&own.url, "operator");
    let world = World::with_server(pool.clone(), SecretString::from(operator.clone()));
    let ada = world.person("Ada", "Northwind", Role::Customer).await;
    let created = create(&ada, new_app("shop")).await.expect("starts");
    let role: String = sqlx::query_scalar("select database_role from environments limit 1")
        .fetch_one(&pool)
        .await
        .expect("a name");
    // As one who was ended there has left it.
    let mut operator = PgConnection::connect(&operator).await.expect("connects");
    operator
        .execute(&*format!("create role {role}"))
        .await
        .expect("is made");
    world.run_operations().await;
    let details = operations::get(&ada, created.operation).await;
    let summary = details.expect("is there").summary;
    assert_eq!(summary.state, OperationState::Succeeded, "{summary:?}");

    delete(&ada, &created.subdomain, "Shop")
        .await
        .expect("starts");
    world.run_operations().await;
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from pg_database where datname like 'env%') + (select count(*) from pg_roles where rolname like 'env%')",
    )
    .fetch_one(&mut superuser)
    .await
    .expect("counts");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_provisioner_may_do_nothing_but_its_work() {
    let server = crate::world::server();
    let mut db = PgConnection::connect(server.expose_secret())
        .await
        .expect("connects");
    let verifier = control::scram::verifier(&SecretString::from("x"));
    let not_a_role = "env_00000000000000000000000000000000x";
    for statement in [
        "copy (select 1) to program 'cat >/dev/null'".to_owned(),
        "select pg_read_file('PG_VERSION')".to_owned(),
        "select * from pg_authid".to_owned(),
        "grant pg_execute_server_program to provisioner".to_owned(),
        "set role postgres".to_owned(),
        "create role another".to_owned(),
        "alter role provisioner superuser".to_owned(),
        "alter role provisioner createrole".to_owned(),
        "alter system set log_statement = 'all'".to_owned(),
        "create table provisioning.t (x int)".to_owned(),
        format!("select provisioning.put_role('postgres', 1, '{verifier}')"),
        format!("select provisioning.put_role('{not_a_role}', 1, '{verifier}')"),
        format!("select provisioning.put_role(null, 1, '{verifier}')"),
        "select provisioning.limit_role('postgres', 0)".to_owned(),
        "select provisioning.drop_role('provisioner')".to_owned(),
    ] {
        let refused = db.execute(&*statement).await.expect_err(&statement);
        let code = refused.as_database_error().and_then(DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
    let plain = "select provisioning.put_role('env_00000000000000000000000000000000', 1, 'md5x')";
    let refused = db.execute(plain).await.expect_err("is no verifier");
    assert!(refused.to_string().contains("SCRAM"), "{refused}");
}
