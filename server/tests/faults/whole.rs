//! An installation as `portal up` makes it: two clusters of its own, a cell and a portal, all of them real.

use crate::clusters;
use crate::database::TestDatabase;
use crate::load;
use crate::program::{Program, free_port};
use crate::wait::until;
use crate::world::{Portal, World};
use engine::cell::CellEngine;
use reqwest::StatusCode;
use secrecy::ExposeSecret;
use server::local::postgres::cluster::{Cluster, Purpose};
use std::net::SocketAddr;
use std::process::Command;
use url::Url;

/// Everything, and the portal of it; it ends as after Ctrl-C when the portal is dropped.
pub async fn whole() -> (World, Portal) {
    let folder = clusters::folder();
    let config = clusters::config(&folder);
    let [apps, portal] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal"));
    command
        .arg("up")
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PORTAL_DATA", &config.data)
        .env("PORTAL_SITE", folder.path().join("site"))
        .env("PORTAL_ADDR", portal.to_string())
        .env("PORTAL_URL", format!("http://{portal}"))
        .env("APPS_ADDR", apps.to_string());
    let log = folder.path().join("portal.log");
    let mut program = Program::start("portal up", command, log).interrupted_on_drop();
    let (client, url) = (load::client(), format!("http://{portal}"));
    until("the portal", async || {
        program.check();
        let answer = client.get(format!("{url}/readyz")).send().await.ok()?;
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
    let cluster = Cluster::locate(&config, Purpose::Portal).expect("a place");
    let database = Url::parse(cluster.portal_url().expose_secret()).expect("an address");
    let world = World {
        cell: None,
        engine: CellEngine::new(config.cell_socket.clone()),
        apps,
        portal,
        database: TestDatabase::of(database),
        client,
        folder,
    };
    (world, Portal { program, url })
}
