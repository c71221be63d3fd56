//! What a database from before named locks and kinds of subjects becomes.

use std::fs;
use std::path::PathBuf;

use sqlx::PgPool;
use uuid::Uuid;

/// The first migration under test: it must find rows that the ones before it allowed.
const UNDER_TEST: &str = "0022_sagas_wait_and_lock.sql";

/// Runs the migrations whose file names fit.
async fn migrate(pool: &PgPool, fits: impl Fn(&str) -> bool) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let entries = fs::read_dir(folder).expect("the migrations");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy();
        if fits(&name) {
            let sql = fs::read_to_string(&file).expect("readable");
            sqlx::raw_sql(&sql).execute(pool).await.expect("it runs");
        }
    }
}

async fn insert_old(pool: &PgPool, subject: Uuid, finished: bool) -> Uuid {
    let id = Uuid::now_v7();
    let state = if finished { "succeeded" } else { "running" };
    sqlx::query(
        "insert into sagas (id, name, scope, subject, title, started_by, exclusive_key, params, state, next_step, \
         starts, failures, phase, percent, detail, next_run_at, fence, created_at, updated_at, finished_at) \
         values ($1, 'craft', $1, $2, 'Craft', 'Ada', $2::text, '{}', $3, 0, 1, 0, '', 0, '', now(), 0, now(), now(), \
         case when $4 then now() end)",
    )
    .bind(id)
    .bind(subject)
    .bind(state)
    .bind(finished)
    .execute(pool)
    .await
    .expect("a run of before");
    id
}

#[sqlx::test(migrations = false)]
async fn runs_of_before_keep_their_locks_and_learn_what_they_work_on(pool: PgPool) {
    migrate(&pool, |name| name < UNDER_TEST).await;
    let (app, environment, gone) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    insert_environment(&pool, environment).await;
    let on_app = insert_old(&pool, app, false).await;
    let on_environment = insert_old(&pool, environment, false).await;
    let ended = insert_old(&pool, gone, true).await;
    migrate(&pool, |name| name == UNDER_TEST).await;

    let kinds: Vec<(Uuid, String, String, String, i16, i16)> = sqlx::query_as(
        "select id, subject_kind, started_by_kind, lane, version, interrupted_starts from sagas order by id",
    )
    .fetch_all(&pool)
    .await
    .expect("readable");
    let row = |id: Uuid, kind: &str| {
        let (person, lane) = ("person".to_owned(), "interactive".to_owned());
        (id, kind.to_owned(), person, lane, 1, 1)
    };
    let expected = [
        row(on_app, "app"),
        row(on_environment, "environment"),
        row(ended, "app"),
    ];
    assert_eq!(kinds, expected);
    let locks: Vec<(Uuid, String, String)> =
        sqlx::query_as("select saga_id, name, mode from saga_locks order by saga_id")
            .fetch_all(&pool)
            .await
            .expect("readable");
    let lock = |id: Uuid, name: Uuid| (id, name.to_string(), "exclusive".to_owned());
    assert_eq!(
        locks,
        [lock(on_app, app), lock(on_environment, environment)]
    );
}

async fn insert_environment(pool: &PgPool, id: Uuid) {
    sqlx::raw_sql("alter table environments disable trigger all")
        .execute(pool)
        .await
        .expect("its app is not asked for");
    sqlx::query(
        "insert into environments (id, company_id, app_id, name, slug, host_label, position, wanted, instances, \
         memory_mib, database_name, database_role, database_password, debugger_password, admin_password, \
         created_at, updated_at) \
         values ($1, $1, $1, 'Test', 'test', 'test', 0, 'running', 1, 256, '', '', '', '', '', now(), now())",
    )
    .bind(id)
    .execute(pool)
    .await
    .expect("an environment");
}
