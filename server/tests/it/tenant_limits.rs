//! What a tenant cannot do to the apps' cluster with its own role: fill the disk by its log or by what its queries
//! set aside, or take the last connections.

use crate::clusters::{Clusters, admin, config, folder, superuser};
use sqlx::{ConnectOptions, PgConnection, raw_sql};

/// A database of its own, and a connection with its role.
async fn tenant(clusters: &Clusters) -> PgConnection {
    let mut admin = admin(&clusters.apps).await;
    for statement in [
        "create role tenant login password 'tenant'",
        "create database tenant owner tenant",
    ] {
        raw_sql(statement)
            .execute(&mut admin)
            .await
            .expect("a tenant");
    }
    let options = superuser(&clusters.apps);
    let options = options
        .username("tenant")
        .password("tenant")
        .database("tenant");
    options.connect().await.expect("gets in")
}

async fn refused(tenant: &mut PgConnection, statement: &'static str) -> String {
    let refused = raw_sql(statement).execute(&mut *tenant).await;
    let refused = refused.expect_err(statement).to_string();
    assert!(!refused.contains("syntax error"), "{refused}");
    refused
}

#[tokio::test]
async fn a_flood_of_warnings_leaves_the_log_as_it_was() {
    let folder = folder();
    let config = config(&folder);
    let clusters = Clusters::start(&config).await;
    let mut tenant = tenant(&clusters).await;
    let log = config.data.join("log/postgres-apps.log");
    let size = || std::fs::metadata(&log).expect("a log").len();
    let before = size();
    for level in ["warning", "log", "info"] {
        let flood = format!(
            "do $$ begin for i in 1..50 loop raise {level} '%', repeat('x', 1048576); end loop; end $$"
        );
        raw_sql(&flood).execute(&mut tenant).await.expect("raised");
    }
    let failed = "do $$ begin raise exception '%', repeat('x', 1048576); end $$";
    refused(&mut tenant, failed).await;
    // What a role may set for itself is written at the same level.
    for statement in [
        "set debug_print_plan = on",
        "set debug_print_parse = on",
        "select repeat('y', 1048576)",
    ] {
        raw_sql(statement).execute(&mut tenant).await.expect("done");
    }
    let grown = size() - before;
    assert!(grown < 64 << 10, "{grown} bytes were written down");
    for setting in [
        "set log_min_messages = debug5",
        "set log_statement = 'all'",
        "set log_min_duration_statement = 0",
        "set log_temp_files = 0",
    ] {
        assert!(
            refused(&mut tenant, setting)
                .await
                .contains("permission denied")
        );
    }
    drop(tenant);
    clusters.stop().await;
}

#[tokio::test]
async fn what_queries_set_aside_is_limited_and_the_last_connections_are_kept() {
    let folder = folder();
    let clusters = Clusters::start(&config(&folder)).await;
    let mut tenant = tenant(&clusters).await;
    assert!(
        refused(&mut tenant, "set temp_file_limit = -1")
            .await
            .contains("permission denied")
    );
    let sort = "set work_mem = '64kB'; select count(*) from (select md5(g::text) || repeat('x', 1000) as t from generate_series(1, 1500000) g order by 1 offset 1) s";
    let said = refused(&mut tenant, sort).await;
    assert!(
        said.contains("temporary file size exceeds temp_file_limit"),
        "{said}"
    );
    for statement in [
        "alter system set temp_file_limit = -1",
        "alter role tenant connection limit -1",
        "alter role tenant superuser",
    ] {
        refused(&mut tenant, statement).await;
    }
    let mut admin = admin(&clusters.apps).await;
    let kept: String =
        sqlx::query_scalar("select current_setting('superuser_reserved_connections')")
            .fetch_one(&mut admin)
            .await
            .expect("a setting");
    assert_eq!(kept, "15");
    drop((tenant, admin));
    clusters.stop().await;
}
