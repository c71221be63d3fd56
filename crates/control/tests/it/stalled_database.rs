//! Two portals on one database that stalls for longer than a lease, again and again: operations are taken over in the
//! midst of everything, and what the one before had on its way comes late.
//!
//! The database itself watches: it knows which portal has claimed which run, and looks at the end of each transaction
//! whether the portal that writes still has the run it writes for. `STALL_SEEDS` says how many courses of
//! events each of the four tests tries.

use crate::stalling::Stalling;
use crate::world::{World, new_app, until};
use control::apps;
use control::ctx::Ctx;
use control::environments;
use control::environments::desired_change::deploy;
use control::operations;
use control::state::State;
use domain::ids::{OperationId, PackageId};
use domain::names::Subdomain;
use domain::roles::Role;
use domain::states::OperationState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use saga::worker::{Timing, Worker};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use uuid::Uuid;

/// Courses of events that each test tries unless told otherwise.
const SEEDS: u64 = 5;

/// How often the database stalls for each portal, in one course of events.
const STALLS: u32 = 5;

/// A lease that the stalls outlast.
const TIMING: Timing = Timing {
    lease: Duration::from_millis(900),
    heartbeat: Duration::from_millis(200),
    poll: Duration::from_millis(500),
};

/// Who has claimed what, how often a run has ended, and who has written for a run that was not his.
const WATCH: &str = r"
create table watch_claims (run uuid, fence bigint, portal text);
create table watch_ends (run uuid);
create table watch_faults (fault text);
create table watch_environments (id uuid);

create function watch_run() returns trigger language plpgsql as $$
begin
    if new.fence > old.fence then
        insert into watch_claims values (new.id, new.fence, current_setting('application_name'));
    end if;
    if new.finished_at is not null then
        insert into watch_ends values (new.id);
    end if;
    return null;
end $$;
create trigger watch_run after update on sagas for each row execute function watch_run();

create function watch_writer(subjects uuid[], run uuid, what text) returns void language plpgsql as $$
declare
    writer text := current_setting('application_name');
begin
    if writer like 'portal %' and not exists (
        select from sagas
        join watch_claims claim on claim.run = sagas.id and claim.fence = sagas.fence
        where sagas.finished_at is null and claim.portal = writer
            and (sagas.subject = any(subjects) or sagas.id = watch_writer.run)
    ) then
        insert into watch_faults values (writer || ' has written ' || what || ' of a run that it had lost');
    end if;
end $$;
create function watch_made() returns trigger language plpgsql as $$
begin insert into watch_environments values (new.id); return null; end $$;
create trigger watch_made after insert on environments for each row execute function watch_made();
create function watch_environment() returns trigger language plpgsql as $$
begin perform watch_writer(array[new.id, new.app_id], null, 'environments'); return null; end $$;
create function watch_app() returns trigger language plpgsql as $$
begin perform watch_writer(array[new.id], null, 'apps'); return null; end $$;
create function watch_deployment() returns trigger language plpgsql as $$
begin perform watch_writer('{}', new.operation_id, 'deployments'); return null; end $$;
create constraint trigger watch_environment after update on environments
    deferrable initially deferred for each row execute function watch_environment();
create constraint trigger watch_app after update on apps
    deferrable initially deferred for each row execute function watch_app();
create constraint trigger watch_deployment after update on deployments
    deferrable initially deferred for each row execute function watch_deployment();
";

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_lands_late_in_the_first_courses_of_events(pool: PgPool) {
    try_seeds(pool, 0).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_lands_late_in_the_second_courses_of_events(pool: PgPool) {
    try_seeds(pool, 1).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_lands_late_in_the_third_courses_of_events(pool: PgPool) {
    try_seeds(pool, 2).await;
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn nothing_lands_late_in_the_fourth_courses_of_events(pool: PgPool) {
    try_seeds(pool, 3).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "drills are told their length this way"
)]
async fn try_seeds(pool: PgPool, part: u64) {
    sqlx::raw_sql(WATCH).execute(&pool).await.expect("watches");
    let drill = Drill::new(pool).await;
    let seeds = std::env::var("STALL_SEEDS").ok();
    let seeds = seeds.map_or(SEEDS, |text| text.parse().expect("a number"));
    for seed in part * 1_000..part * 1_000 + seeds {
        drill.run(seed).await;
    }
    let taken_over: i64 = drill
        .count("select count(*) from watch_claims where fence > 1")
        .await;
    println!("{seeds} courses of events, {taken_over} claims of runs that were claimed before");
    assert!(taken_over > 0, "nothing was taken over");
}

struct Drill {
    world: World,
    ada: Ctx,
    proxies: Vec<Arc<Stalling>>,
    _workers: JoinSet<()>,
}

impl Drill {
    async fn new(pool: PgPool) -> Self {
        let direct = (*pool.connect_options()).clone();
        let world = World::new(pool);
        let ada = world.person("Ada", "Northwind", Role::Customer).await;
        let (mut proxies, mut workers) = (Vec::new(), JoinSet::new());
        for number in 1..=2 {
            let proxy = Arc::new(Stalling::before(&direct).await);
            let through = proxy.options(&direct);
            let name = format!("portal {number}");
            workers.spawn(work(portal(&world, through.application_name(&name))));
            proxies.push(proxy);
        }
        Self {
            world,
            ada,
            proxies,
            _workers: workers,
        }
    }

    async fn run(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut stalls = JoinSet::new();
        for (proxy, number) in self.proxies.iter().zip(1..) {
            stalls.spawn(stall(Arc::clone(proxy), seed * 10 + number));
        }
        let apps = self.create(seed, &mut random).await;
        for app in &apps {
            self.deploy(app, &mut random).await;
        }
        self.delete(&apps).await;
        stalls.abort_all();
        while stalls.join_next().await.is_some() {}
        for proxy in &self.proxies {
            proxy.hold(false);
        }
        self.look(seed).await;
    }

    /// The apps that there are in the end.
    async fn create(&self, seed: u64, random: &mut StdRng) -> Vec<Subdomain> {
        let mut asked = Vec::new();
        for number in 0..3 {
            let new = new_app(&format!("shop-{seed}-{number}"));
            let created = apps::create::create(&self.ada, new).await.expect("starts");
            let doubt = self.doubt(created.operation, random);
            asked.push((created, doubt));
        }
        let mut apps = Vec::new();
        for (created, doubt) in asked {
            let state = self.end(created.operation, doubt).await;
            if state == OperationState::Succeeded {
                apps.push(created.subdomain);
            }
        }
        apps
    }

    async fn deploy(&self, app: &Subdomain, random: &mut StdRng) {
        let package = self.world.upload(&self.ada, app, "1.0.0").await;
        let package = package.expect("is kept");
        let mut asked = Vec::new();
        for slug in ["test", "production"] {
            let operation = deploy(&self.ada, app, slug, package).await.expect("starts");
            asked.push((slug, operation, self.doubt(operation, random)));
        }
        for (slug, operation, doubt) in asked {
            let state = self.end(operation, doubt).await;
            self.look_at(app, slug, package, state).await;
        }
    }

    /// What was not taken back is so, in every place that says so.
    async fn look_at(
        &self,
        app: &Subdomain,
        slug: &str,
        package: PackageId,
        state: OperationState,
    ) {
        let succeeded = state == OperationState::Succeeded;
        let environment = environments::get(&self.ada, app, slug).await;
        let environment = environment.expect("is there");
        let row = self.world.row(environment.id).await;
        let expected = succeeded.then_some(package.uuid());
        let wanted = (row.package_id, row.live_package_id);
        assert_eq!(wanted, (expected, expected), "{app} {slug} {state:?}");
        let outcome: String =
            sqlx::query_scalar("select outcome from deployments where environment_id = $1")
                .bind(environment.id.uuid())
                .fetch_one(&self.world.state.pool)
                .await
                .expect("reads");
        assert_eq!(outcome == "succeeded", succeeded, "{app} {slug} {outcome}");
    }

    async fn delete(&self, apps: &[Subdomain]) {
        let mut asked = Vec::new();
        for app in apps {
            let deleted = apps::delete::delete(&self.ada, app, "Shop").await;
            asked.push(deleted.expect("starts"));
        }
        for operation in asked {
            let doubt = tokio::spawn(async {});
            let state = self.end(operation, doubt).await;
            assert_eq!(state, OperationState::Succeeded);
        }
    }

    /// Somebody who cancels an operation after a while, or does not.
    fn doubt(&self, operation: OperationId, random: &mut StdRng) -> JoinHandle<()> {
        let (ada, cancels) = (self.ada.clone(), random.random_bool(0.4));
        let after = Duration::from_millis(random.random_range(0..2_500));
        tokio::spawn(async move {
            sleep(after).await;
            if cancels {
                // It may be too late for that.
                drop(operations::cancel(&ada, operation).await);
            }
        })
    }

    /// How an operation ends.
    async fn end(&self, operation: OperationId, doubt: JoinHandle<()>) -> OperationState {
        doubt.await.expect("does not panic");
        until(async || {
            let details = operations::get(&self.ada, operation).await;
            let state = details.expect("is there").summary.state;
            state.is_final().then_some(state)
        })
        .await
    }

    async fn look(&self, seed: u64) {
        let faults: BTreeSet<String> = sqlx::query_scalar("select fault from watch_faults")
            .fetch_all(&self.world.state.pool)
            .await
            .expect("reads")
            .into_iter()
            .collect();
        assert_eq!(faults, BTreeSet::new(), "seed {seed}");
        let ends = "select count(*) from (select run from watch_ends group by run having count(*) > 1) twice";
        assert_eq!(self.count(ends).await, 0, "seed {seed}: runs ended twice");
        assert_eq!(self.left_over().await, Vec::<String>::new(), "seed {seed}");
    }

    /// Databases, roles, buckets and workloads: every app is gone.
    async fn left_over(&self) -> Vec<String> {
        let mine: Vec<Uuid> = sqlx::query_scalar("select id from watch_environments")
            .fetch_all(&self.world.state.pool)
            .await
            .expect("reads");
        let mut left = Vec::new();
        for id in mine {
            let name = format!("env_{}", id.simple());
            let on_server: Vec<String> = sqlx::query_scalar(
                "select 'database ' || datname from pg_database where datname = $1 union all select 'role ' || rolname from pg_roles where rolname = $1",
            )
            .bind(&name)
            .fetch_all(&self.world.state.pool)
            .await
            .expect("reads");
            left.extend(on_server);
            let buckets = self
                .world
                .folder
                .path()
                .join("regions/eu-frankfurt/buckets");
            if buckets.join(id.to_string()).exists() {
                left.push(format!("bucket {id}"));
            }
            if self
                .world
                .engine
                .workload(domain::ids::EnvironmentId::new(id))
                .is_some()
            {
                left.push(format!("workload {id}"));
            }
        }
        left
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.world.state.pool)
            .await
            .expect("reads")
    }
}

/// A portal whose every connection goes this way.
fn portal(world: &World, options: PgConnectOptions) -> Arc<State> {
    let url = format!(
        "postgres://{}@{}:{}/postgres",
        options.get_username(),
        options.get_host(),
        options.get_port()
    );
    let pool = PgPoolOptions::new()
        .max_connections(5)
        .connect_lazy_with(options);
    world.portal(pool, url.into())
}

async fn work(state: Arc<State>) {
    let registry = control::sagas::registry(Arc::clone(&state));
    let worker = Worker::new(state.pool.clone(), registry, saga::clock::system(), TIMING);
    worker.run(std::future::pending()).await;
}

/// Stalls again and again, mostly for longer than a lease. It ends some time, so that what is under way can.
async fn stall(proxy: Arc<Stalling>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..STALLS {
        sleep(Duration::from_millis(random.random_range(50..900))).await;
        proxy.hold(true);
        sleep(Duration::from_millis(random.random_range(600..1_800))).await;
        proxy.hold(false);
    }
}
