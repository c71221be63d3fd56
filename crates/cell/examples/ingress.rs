//! An ingress on its own: `ingress ADDRESS HOST=SOCKET[,SOCKET…] …`.

use std::{env, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use cell::ingress::{
    backend::Backend,
    config::IngressConfig,
    route::{Route, Unserved},
    serve,
    table::Table,
};
use tokio::net::TcpListener;
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments
        .next()
        .context("name the address to listen on first")?;
    let table = Table::new();
    for argument in arguments {
        let (host, sockets) = argument
            .split_once('=')
            .context("name each app as HOST=SOCKET[,SOCKET…]")?;
        let backends = (0..)
            .zip(sockets.split(','))
            .map(|(index, socket)| {
                Arc::new(Backend::new(Uuid::new_v4(), index, PathBuf::from(socket)))
            })
            .collect();
        table.set(
            Uuid::new_v4(),
            Route {
                title: host.to_owned(),
                hosts: vec![host.to_owned()],
                backends,
                debugger: None,
                state: Unserved::Unknown,
            },
        );
    }
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("{address} cannot be listened on"))?;
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(listener, table, IngressConfig::default(), interrupted).await?;
    Ok(())
}
