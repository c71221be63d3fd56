//! A portal's database for each test, removed with the databases and roles that the portal made.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::str::FromStr;
use url::Url;
use uuid::Uuid;

/// A database on the server of `DATABASE_URL`.
pub struct TestDatabase {
    /// Its address.
    pub url: Url,
    /// A way to look into it that no fault touches.
    pub pool: PgPool,
    /// The server that it is to be removed from, and its name there.
    removal: Option<(PgConnectOptions, String)>,
}

/// A run of a durable operation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Operation {
    /// Its id.
    pub id: Uuid,
    /// How it stands.
    pub state: String,
    /// Why it failed.
    pub error: Option<String>,
    /// How often a worker has claimed it.
    pub fence: i64,
    /// The step to run next.
    pub next_step: i16,
    /// Whether it has ended.
    pub finished: bool,
}

/// An environment and what it stands on.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Environment {
    /// Its id.
    pub id: Uuid,
    /// Whether everything below was made.
    pub provisioned: bool,
    /// The first label of its host name.
    pub host_label: String,
    /// Its database.
    pub database_name: String,
    /// The role that may use it.
    pub database_role: String,
}

impl TestDatabase {
    pub async fn make() -> Self {
        let text = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL names a PostgreSQL server, as a superuser");
        let server = PgConnectOptions::from_str(&text).expect("DATABASE_URL is an address");
        let name = format!("faults_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect_with(&server)
            .await
            .expect("the server answers");
        connection
            .execute(&*format!("create database {name}"))
            .await
            .expect("a database");
        let mut url = Url::parse(&text).expect("DATABASE_URL is an address");
        url.set_path(&name);
        let pool = PgPoolOptions::new()
            .max_connections(3)
            .connect_lazy_with(server.clone().database(&name));
        Self {
            url,
            pool,
            removal: Some((server, name)),
        }
    }

    /// The database of this address, which stays when the test ends.
    pub fn of(url: Url) -> Self {
        let options = PgConnectOptions::from_str(url.as_str()).expect("an address");
        let pool = PgPoolOptions::new().max_connections(3);
        Self {
            url,
            pool: pool.connect_lazy_with(options),
            removal: None,
        }
    }

    /// The run that was started last for a subject: an app or an environment.
    pub async fn operation(&self, subject: Uuid) -> Option<Operation> {
        let query = "select id, state, error, fence, next_step, finished_at is not null as finished
                     from sagas where subject = $1 order by created_at desc, id desc limit 1";
        sqlx::query_as(query)
            .bind(subject)
            .fetch_optional(&self.pool)
            .await
            .expect("the runs")
    }

    /// The id and state of an app, if there is a row of it.
    pub async fn app(&self, subdomain: &str) -> Option<(Uuid, String)> {
        let query = "select id, state from apps where subdomain = $1";
        sqlx::query_as(query)
            .bind(subdomain)
            .fetch_optional(&self.pool)
            .await
            .expect("the app")
    }

    /// The environments of an app, in order.
    pub async fn environments(&self, subdomain: &str) -> Vec<Environment> {
        let query = "select e.id, e.provisioned, e.host_label, e.database_name, e.database_role
                     from environments e join apps a on a.id = e.app_id
                     where a.subdomain = $1 order by e.position";
        sqlx::query_as(query)
            .bind(subdomain)
            .fetch_all(&self.pool)
            .await
            .expect("the environments")
    }

    /// The answer to a question that has one number for an answer.
    pub async fn count(&self, question: &'static str, about: &str) -> i64 {
        sqlx::query_scalar(question)
            .bind(about)
            .fetch_one(&self.pool)
            .await
            .expect("a number")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.removal.take() else {
            return;
        };
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime
                .block_on(remove(server, &name))
                .map_err(std::io::Error::other)
        });
        if !matches!(removal.join(), Ok(Ok(()))) {
            eprintln!("the database {} was not removed", self.url.path());
        }
    }
}

async fn remove(server: PgConnectOptions, name: &str) -> Result<(), sqlx::Error> {
    let mut portal = PgConnection::connect_with(&server.clone().database(name)).await?;
    let tenants: Vec<(String, String)> =
        sqlx::query_as("select database_name, database_role from environments")
            .fetch_all(&mut portal)
            .await
            .unwrap_or_default();
    portal.close().await?;
    let mut server = PgConnection::connect_with(&server).await?;
    for (database, role) in tenants {
        server
            .execute(&*format!("drop database if exists {database} with (force)"))
            .await?;
        server
            .execute(&*format!("drop role if exists {role}"))
            .await?;
    }
    server
        .execute(&*format!("drop database if exists {name} with (force)"))
        .await?;
    Ok(())
}
