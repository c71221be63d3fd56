//! A second region with a cell and a PostgreSQL server of its own, while the first cell is stopped.

use crate::leftovers;
use crate::program::{Program, free_port};
use crate::second_postgres::SecondPostgres;
use crate::wait::{turn, until};
use crate::world::World;
use control::secrets::Secrets;
use domain::ids::EnvironmentId;
use engine::Engine;
use engine::cell::CellEngine;
use reqwest::StatusCode;
use rustix::process::Signal;
use secrecy::SecretString;
use sqlx::{Connection, PgConnection};
use std::net::SocketAddr;
use std::path::PathBuf;

const REGION: &str = "eu-lisbon";

/// What serves the second region; gone when it is dropped.
struct SecondRegion {
    cell: Option<Program>,
    folder: PathBuf,
    engine: CellEngine,
    postgres: SecondPostgres,
}

impl SecondRegion {
    async fn start(world: &World) -> Self {
        let folder = world.data("second-cell");
        let engine = CellEngine::new(folder.join("cell.sock"));
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self {
            cell: Some(world.cell_at("second-cell", address, &engine).await),
            folder,
            engine,
            postgres: SecondPostgres::start(),
        }
    }

    /// The row of the region, as an operator would have written it.
    async fn write(&self, world: &World) {
        let key = std::fs::read_to_string(world.data("portal/secrets/sealing-key"));
        let mut bytes = [0; 32];
        let key = key.expect("the portal has made it");
        hex::decode_to_slice(key.trim(), &mut bytes).expect("a key");
        let url = SecretString::from(self.postgres.url.clone());
        let sealed = Secrets::new(&bytes).seal(&url, &format!("region {REGION}"));
        sqlx::query(
            "insert into regions (code, position, name, city, data_place, data_jurisdiction, backups_place,
                backups_jurisdiction, engine, postgres_admin_url, created_at, updated_at)
             values ($1, 9, 'Western Europe', 'Lisbon', 'Lisbon', 'EU', 'Dublin', 'EU', $2, $3, now(), now())",
        )
        .bind(REGION)
        .bind(self.folder.join("cell.sock").to_str().expect("UTF-8"))
        .bind(sealed.expect("is sealed"))
        .execute(&world.database.pool)
        .await
        .expect("a row");
    }

    async fn databases(&self) -> i64 {
        let mut server = PgConnection::connect(&self.postgres.url)
            .await
            .expect("it answers");
        sqlx::query_scalar("select count(*) from pg_database where datname like 'env\\_%'")
            .fetch_one(&mut server)
            .await
            .expect("counts")
    }
}

impl Drop for SecondRegion {
    /// Ends the instances too, which outlive their cell.
    fn drop(&mut self) {
        drop(self.cell.take());
        leftovers::end(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_region_goes_on_while_the_first_ones_cell_is_stopped() {
    let _turn = turn().await;
    let world = World::new().await;
    let portal = world.portal(None).await;
    let browser = world.signed_in(&portal).await;
    world.create_app_in(&browser, "first", "eu-frankfurt").await;

    // The portal runs already: the row is enough.
    let second = SecondRegion::start(&world).await;
    second.write(&world).await;
    let form = browser.get("/apps/new").await;
    assert!(form.body.contains("Western Europe"), "{}", form.body);
    world.create_app_in(&browser, "shop", REGION).await;
    assert_eq!(second.databases().await, 2, "Test and Acceptance");

    world.signal_cell(Signal::STOP);
    world.scale(&browser, 1, 256).await;
    let package = world.upload(&browser, "1.0.0", &[]).await;
    let operation = world.deploy(&browser, &package).await;
    assert_eq!(operation.state, "succeeded", "{operation:?}");
    world.scale(&browser, 2, 256).await;
    let id = EnvironmentId::new(world.test().await.id);
    let observation = second.engine.observe(id).await.expect("it is there");
    assert_eq!(observation.instances.len(), 2);
    until("the second region's page", async || {
        let page = browser.get("/apps/shop/environments/test").await;
        page.body.contains("All instances answer.").then_some(())
    })
    .await;
    let page = browser.get("/apps/first/environments/test").await;
    assert_eq!(page.status, StatusCode::OK, "the first one's page too");

    world.signal_cell(Signal::CONT);
    let first = world.database.environments("first").await.remove(0);
    until("the first cell's answer", async || {
        world
            .engine
            .observe(EnvironmentId::new(first.id))
            .await
            .ok()
    })
    .await;
}
