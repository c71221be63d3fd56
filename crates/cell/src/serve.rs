//! The cell as a running program: its sockets, its tasks, its end.

use crate::api::{self, Interface};
use crate::api_server::{self, HEADER_TIMEOUT};
use crate::config::Config;
use crate::disk;
use crate::ingress;
use crate::ingress::table::Table;
use crate::process;
use crate::supervisor::Supervisor;
use anyhow::Context;
use std::fs::{File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs until a signal or a request ends it. Instances live on, unless the request says otherwise.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let config = config.checked()?;
    let ingress = config.ingress()?;
    disk::private_dir(&config.data_dir)?;
    let _lock = lock(&config.data_dir)?;
    process::adopt_orphans();
    let apps = TcpListener::bind(config.apps_addr)
        .await
        .with_context(|| format!("--apps-addr {}: cannot listen there", config.apps_addr))?;
    let apps_address = apps.local_addr()?;
    let socket = config.socket();
    let table = Table::new();
    let supervisor = Arc::new(Supervisor::open(config, table.clone()).await?);
    let listener = listen(&socket)?;
    let ending = CancellationToken::new();
    let interface = Interface {
        supervisor,
        ingress: apps_address.to_string(),
        ending: ending.clone(),
    };
    tracing::info!(socket = %socket.display(), apps = %apps_address, "ready");
    let ingress = ingress::serve(apps, table, ingress, ending.clone().cancelled_owned());
    let api = api_server::serve(
        listener,
        api::router(interface),
        HEADER_TIMEOUT,
        ending.clone().cancelled_owned(),
    );
    let (ingress, (), signals) = tokio::join!(ingress, api, end_on_signal(ending));
    disk::remove_file(&socket)?;
    ingress.context("the ingress ended")?;
    signals
}

async fn end_on_signal(ending: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: ending; instances live on"),
        _ = interrupt.recv() => tracing::info!("SIGINT: ending; instances live on"),
        () = ending.cancelled() => tracing::info!("ending as asked"),
    }
    ending.cancel();
    Ok(())
}

/// Two cells over one folder would end each other's instances.
fn lock(data: &Path) -> anyhow::Result<File> {
    let file = File::create(data.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another cell uses the data folder {}; end it, or choose another with --data-dir",
            data.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("locking the data folder"),
    }
}

fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    if let Some(folder) = socket.parent()
        && !folder.exists()
    {
        disk::private_dir(folder)?;
    }
    // The lock says that no other cell listens there.
    disk::remove_file(socket)?;
    let listener = UnixListener::bind(socket)
        .with_context(|| format!("--socket {}: cannot listen there", socket.display()))?;
    std::fs::set_permissions(socket, Permissions::from_mode(0o600))?;
    Ok(listener)
}
