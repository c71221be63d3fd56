//! Who starts a run, and what it works on.

use saga::run::Run;
use saga::saga::{NewSaga, Starter, StarterKind, Subject};
use saga::store;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::workshop::{Bench, Craft, Order};

async fn started(bench: &Bench, started_by: Starter, kind: &str) -> Run {
    let new = NewSaga {
        started_by,
        subject: Subject::new(kind, bench.subject),
        ..bench.new_saga()
    };
    let id = new.id;
    let order = Order {
        piece: "chair".to_owned(),
    };
    let mut tx = bench.pool.begin().await.expect("a transaction");
    store::start::<Craft>(&mut tx, new, &order, OffsetDateTime::now_utc())
        .await
        .expect("it starts");
    tx.commit().await.expect("it commits");
    bench.run(id).await
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_says_who_has_started_it_and_what_it_works_on(pool: PgPool) {
    let bench = Bench::new(pool);
    let id = Uuid::new_v4();
    let person = Starter::Person {
        id,
        name: "Ada".to_owned(),
    };
    let key = Starter::ApiKey {
        id,
        name: "Pipeline".to_owned(),
    };
    let system = Starter::System {
        name: "Nightly backups".to_owned(),
    };
    let cases = [
        (person, "app", StarterKind::Person, Some(id), "Ada"),
        (
            key,
            "environment",
            StarterKind::ApiKey,
            Some(id),
            "Pipeline",
        ),
        (
            system,
            "company",
            StarterKind::System,
            None,
            "Nightly backups",
        ),
    ];
    for (starter, subject, kind, id, name) in cases {
        let run = started(&bench, starter, subject).await;
        assert_eq!(
            (
                run.started_by_kind,
                run.started_by_id,
                run.started_by.as_str()
            ),
            (kind, id, name)
        );
        assert_eq!(
            (run.subject_kind.as_str(), run.subject),
            (subject, bench.subject)
        );
    }
}
