//! Attacks on the database server, with no more than the app's own role.

use super::{Attack, Outcome};
use crate::runtime::Runtime;
use sqlx::{Connection, PgConnection};
use std::io;

const MIB: u64 = 1 << 20;

/// Fills a table with rows that do not shrink, a mebibyte a statement.
pub async fn rows(runtime: &Runtime, attack: Attack) -> Outcome {
    let insert = "INSERT INTO hostile (content) SELECT string_agg(md5(random()::text), '') \
                  FROM generate_series(1, 1024) AS row, generate_series(1, 32) GROUP BY row";
    repeat(
        runtime,
        "CREATE TABLE IF NOT EXISTS hostile (content text)",
        insert,
        attack,
    )
    .await
}

/// Has the server sort more than its memory holds.
pub async fn sort(runtime: &Runtime, attack: Attack) -> Outcome {
    let rows = attack.amount / 64;
    let query = format!(
        "SELECT count(*) FROM (SELECT md5(i::text) || md5((-i)::text) AS t FROM generate_series(1, {rows}) AS i ORDER BY t) AS sorted"
    );
    repeat(
        runtime,
        "SELECT 1",
        &query,
        Attack {
            amount: 1,
            ..attack
        },
    )
    .await
}

/// Has the server write warnings of a mebibyte each.
pub async fn warnings(runtime: &Runtime, attack: Attack) -> Outcome {
    let warn = "DO $$ BEGIN RAISE WARNING '%', repeat('x', 1048576); END $$";
    repeat(runtime, "SET client_min_messages = error", warn, attack).await
}

/// Notifies without end while a listener does not read.
pub async fn notifications(runtime: &Runtime, attack: Attack) -> Outcome {
    let mut listener = match connect(runtime).await {
        Ok(listener) => listener,
        Err(error) => return Outcome::stopped(0, &error),
    };
    for statement in ["LISTEN hostile", "BEGIN", "SELECT 1"] {
        if let Err(error) = sqlx::query(statement).execute(&mut listener).await {
            return Outcome::stopped(0, &error);
        }
    }
    let notify =
        "SELECT pg_notify('hostile', repeat('x', 7000) || n) FROM generate_series(1, 150) AS n";
    let outcome = repeat(runtime, "SELECT 1", notify, attack).await;
    attack.hold().await;
    outcome
}

/// Takes locks without end in one transaction.
pub async fn locks(runtime: &Runtime, attack: Attack) -> Outcome {
    let taken = async {
        let mut connection = connect(runtime).await?;
        let mut transaction = connection.begin().await?;
        let locks = i64::try_from(attack.amount).unwrap_or(i64::MAX);
        sqlx::query("SELECT count(pg_advisory_xact_lock(i)) FROM generate_series(1, $1) AS i")
            .bind(locks)
            .execute(&mut *transaction)
            .await?;
        attack.hold().await;
        transaction.rollback().await
    };
    match taken.await {
        Ok(()) => Outcome::whole(attack.amount),
        Err(error) => Outcome::stopped(0, &error),
    }
}

/// Opens connections without end and keeps them.
pub async fn connections(runtime: &Runtime, attack: Attack) -> Outcome {
    let mut open = Vec::new();
    let mut outcome = Outcome::default();
    while outcome.done < attack.amount && outcome.stopped_by.is_none() {
        match connect(runtime).await {
            Ok(connection) => open.push(connection),
            Err(error) => outcome.stopped_by = Some(error.to_string()),
        }
        outcome.done = open.len() as u64;
    }
    attack.hold().await;
    outcome
}

/// Runs `statement`, each time for a mebibyte, until the amount is reached or the server refuses.
async fn repeat(runtime: &Runtime, first: &str, statement: &str, attack: Attack) -> Outcome {
    let mut done = 0;
    let repeated: Result<(), sqlx::Error> = async {
        let mut connection = connect(runtime).await?;
        sqlx::query(first).execute(&mut connection).await?;
        while done < attack.amount {
            sqlx::query(statement).execute(&mut connection).await?;
            done += MIB;
        }
        Ok(())
    }
    .await;
    match repeated {
        Ok(()) => Outcome::whole(done),
        Err(error) => Outcome::stopped(done, &error),
    }
}

async fn connect(runtime: &Runtime) -> Result<PgConnection, sqlx::Error> {
    let configuration = runtime.with_state(|state| state.configuration.clone());
    let database = configuration.and_then(|it| it.database.clone());
    let missing = || io::Error::new(io::ErrorKind::NotFound, "no database is configured");
    let database = database.ok_or_else(missing)?;
    PgConnection::connect_with(&database.options(&database.name)).await
}
