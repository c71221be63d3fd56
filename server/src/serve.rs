//! `portal serve`: the web side and the control plane in one process that keeps nothing of its own.

use crate::config::Config;
use crate::faults::Drill;
use crate::login::client::Client;
use crate::postgres::Cluster;
use crate::private_file;
use crate::rate_limit::RateLimits;
use crate::router::router;
use crate::session::Sessions;
use crate::state::AppState;
use anyhow::{Context, Result, bail};
use axum::serve::ListenerExt;
use control::clock::SystemClock;
use control::config::RegionDefaults;
use control::packages::store::PackageStore;
use control::resources::engines::Engines;
use control::secrets::Secrets;
use control::state::State;
use leptos::config::LeptosOptions;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

const CONNECTIONS: u32 = 20;
const DATABASE_MAY_TAKE: Duration = Duration::from_secs(10);
const SESSION_CHECK: Duration = Duration::from_secs(30);
const CLEAN_EVERY: Duration = Duration::from_mins(10);
/// How long requests may take to finish when the program stops.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// Listens where the configuration says.
pub async fn bind(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.portal_addr).await.with_context(|| {
        format!("PORTAL_ADDR: the portal cannot listen on {}; stop the program that does, or set PORTAL_ADDR to another address", config.portal_addr)
    })
}

/// Connects to everything, brings the database's schema up to date, and puts the state together.
pub async fn prepare(config: &Config, shutdown: CancellationToken) -> Result<AppState> {
    let control = Arc::new(control_plane(config).await?);
    let sessions = Sessions::new(control.pool.clone());
    sessions
        .migrate()
        .await
        .context("making the table of sessions")?;
    let (login, mxid) = identity(config, &control).await?;
    Ok(AppState {
        changes: control::live_updates::listen(&control.pool),
        control,
        leptos: leptos_options(config),
        sessions,
        login: Arc::new(login),
        limits: Arc::new(RateLimits::default()),
        trusted_proxies: config.trusted_proxies.as_slice().into(),
        session_check: SESSION_CHECK,
        shutdown,
        mxid,
    })
}

/// The control plane over its database, whose schema is brought up to date.
pub async fn control_plane(config: &Config) -> Result<State> {
    let database = Database::find(config)?;
    let pool = connect(&database).await?;
    control::MIGRATOR
        .run(&pool)
        .await
        .context("bringing the portal's database up to date")?;
    private_file::create_dir(&config.data.join("objects"))?;
    let state = State {
        engines: Engines::cells(&config.cell_socket),
        config: control_config(config, &database),
        clock: Arc::new(SystemClock),
        secrets: Secrets::new(&sealing_key(config)?),
        packages: PackageStore::open(config.data.join("objects"))
            .context("opening the store of packages")?,
        pool,
    };
    control::regions::check_settings(&state)
        .await
        .context("portal.toml")?;
    Ok(state)
}

/// Serves, and works in the background, until `app.shutdown` is cancelled.
pub async fn run(config: &Config, app: AppState, listener: TcpListener) -> Result<()> {
    let shutdown = app.shutdown.clone();
    let drill = config
        .fault
        .as_deref()
        .map(Drill::parse)
        .transpose()?
        .unwrap_or_default();
    let background = tokio::spawn(control::background::run(
        Arc::clone(&app.control),
        Arc::new(drill),
        shutdown.clone(),
    ));
    let cleaning = tokio::spawn(clean(app.clone()));
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with delayed sending");
        }
    });
    let pool = app.control.pool.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let stopped = async {
        shutdown.cancelled().await;
        tokio::time::sleep(FINISH_WITHIN).await;
    };
    tokio::select! {
        served = serving => served.context("serving requests")?,
        () = stopped => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    shutdown.cancel();
    background.await.context("working in the background")?;
    cleaning.await.context("cleaning up")?;
    pool.close().await;
    Ok(())
}

/// The portal's database and, unless a region says otherwise, the regions' server.
struct Database {
    portal: SecretString,
    admin: SecretString,
}

impl Database {
    fn find(config: &Config) -> Result<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self {
                portal: url.clone(),
                admin: url.clone(),
            });
        }
        let cluster = Cluster::locate(config)?;
        Ok(Self {
            portal: cluster.portal_url(),
            admin: cluster.admin_url(),
        })
    }
}

async fn connect(database: &Database) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(database.portal.expose_secret()).context(
        "DATABASE_URL: cannot be read; give postgres://user:password@host:port/database",
    )?;
    // All of them are opened now and kept: on a server that apps use too, there might be none later.
    PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(DATABASE_MAY_TAKE)
        .connect_with(options.application_name("portal"))
        .await
        .context("the portal's database cannot be reached; check DATABASE_URL, or start everything with `portal up`")
}

fn control_config(config: &Config, database: &Database) -> control::config::Config {
    control::config::Config {
        portal_url: config.portal_url.clone(),
        apps_domain: config.apps_domain.clone(),
        apps_port: config.apps_addr.port(),
        objects_dir: config.data.join("objects"),
        limits: config.limits,
        region_defaults: RegionDefaults {
            postgres: database.admin.clone(),
            folder: config.data.join("regions"),
            runtime: config.runtime.clone(),
        },
        regions: config.regions.clone(),
    }
}

fn sealing_key(config: &Config) -> Result<[u8; 32]> {
    let key = match &config.sealing_key {
        Some(key) => key.clone(),
        None => private_file::read_or_generate(&config.data.join("secrets").join("sealing-key"))?,
    };
    let bytes = hex::decode(key.expose_secret())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    match bytes {
        Some(bytes) => Ok(bytes),
        None => bail!(
            "PORTAL_SEALING_KEY: must be 64 hexadecimal digits; make one with `openssl rand -hex 32`"
        ),
    }
}

/// The client, and the built-in provider unless another issuer is set.
async fn identity(config: &Config, control: &State) -> Result<(Client, Option<axum::Router>)> {
    if let Some(other) = &config.issuer {
        let client = Client::new(
            &other.issuer,
            other.client_id.clone(),
            &other.client_secret,
            &config.portal_url,
        );
        return Ok((client.context("MXID_ISSUER: cannot be used")?, None));
    }
    let secret = private_file::read_or_generate(&config.data.join("secrets").join("mxid-client"))?;
    built_in_identity(control, secret).await
}

/// The built-in provider at `/mxid`, and the portal as its client.
pub async fn built_in_identity(
    control: &State,
    secret: SecretString,
) -> Result<(Client, Option<axum::Router>)> {
    const CLIENT: &str = "portal";
    let portal_url = &control.config.portal_url;
    let issuer = Url::parse(&format!("{portal_url}/mxid"))?;
    let client = Client::new(&issuer, CLIENT.to_owned(), &secret, portal_url)?;
    let provider = mxid::Config {
        issuer,
        clients: vec![mxid::Client {
            id: CLIENT.to_owned(),
            secret,
            redirect_uris: vec![Url::parse(&format!(
                "{portal_url}{}",
                crate::login::CALLBACK
            ))?],
            post_logout_redirect_uris: vec![Url::parse(&format!("{portal_url}/"))?],
        }],
    };
    let clock = Arc::clone(&control.clock);
    let router = mxid::router_with_clock(
        control.pool.clone(),
        provider,
        Arc::new(move || clock.now()),
    )
    .await;
    let router = router.context("starting MxID")?;
    Ok((client, Some(router)))
}

/// Where pages find their scripts: cargo-leptos leaves the names beside the program when it hashes them.
fn leptos_options(config: &Config) -> LeptosOptions {
    let program = std::env::current_exe().unwrap_or_default();
    let hashed = program
        .parent()
        .is_some_and(|folder| folder.join("hash.txt").exists());
    LeptosOptions::builder()
        .output_name("portal")
        .site_root(config.site.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .hash_files(hashed)
        .build()
}

/// Forgets sessions and counters that are over.
async fn clean(app: AppState) {
    let mut ticks = tokio::time::interval(CLEAN_EVERY);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        app.limits.forget_idle();
        match control::packages::sweep(&app.control).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "removed files that belong to no package"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "removing files that belong to no package failed"
            ),
        }
        if let Err(error) = app.sessions.delete_expired().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "removing ended sessions failed"
            );
        }
    }
}
