//! A database and a role for each test, on the server of `DATABASE_URL`.

use engine::refs::DatabaseRef;
use secrecy::SecretString;
use std::path::Path;
use std::process::Command;
use uuid::Uuid;

/// A database with a role of the same name, removed at the end.
pub struct TestDatabase {
    pub name: String,
}

impl TestDatabase {
    pub fn make() -> Self {
        let name = format!("cell_{}", Uuid::new_v4().simple());
        psql(&format!("create role {name} login password '{name}'"));
        psql(&format!("create database {name} owner {name}"));
        psql(&format!("revoke connect on database {name} from public"));
        Self { name }
    }

    /// How an instance reaches it: by the server's unix socket where there is one.
    pub fn by_socket(&self) -> DatabaseRef {
        let (host, port) = server();
        let folders = psql("show unix_socket_directories");
        let folder = folders.split(',').map(str::trim).find(|folder| {
            !folder.is_empty() && Path::new(folder).join(format!(".s.PGSQL.{port}")).exists()
        });
        self.at(folder.unwrap_or(&host), port)
    }

    /// Lets nobody log in any more, or everybody again; who is in stays in.
    pub fn open(&self, open: bool) {
        let may = if open { "login" } else { "nologin" };
        psql(&format!("alter role {} {may}", self.name));
    }

    /// How an instance reaches it by TCP.
    pub fn by_tcp(&self) -> DatabaseRef {
        let (host, port) = server();
        self.at(&host, port)
    }

    fn at(&self, host: &str, port: u16) -> DatabaseRef {
        DatabaseRef {
            host: host.to_owned(),
            port,
            name: self.name.clone(),
            user: self.name.clone(),
            password: SecretString::from(self.name.clone()),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = &self.name;
        let run = |statement: &str| {
            let mut command = psql_command();
            drop(command.args(["-c", statement]).output());
        };
        run(&format!("drop database if exists {name} with (force)"));
        run(&format!("drop role if exists {name}"));
    }
}

fn url() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL names a PostgreSQL server, as a superuser")
}

/// Host and port of `postgres://user[:password]@host[:port]/name`.
fn server() -> (String, u16) {
    let url = url();
    let rest = url.split_once("://").expect("a URL").1;
    let authority = rest.split('/').next().expect("a host");
    let address = authority.rsplit('@').next().expect("a host");
    let (host, port) = address.split_once(':').unwrap_or((address, "5432"));
    (host.to_owned(), port.parse().expect("a port"))
}

fn psql_command() -> Command {
    let mut command = Command::new("psql");
    command.args([
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        &url(),
    ]);
    command
}

fn psql(statement: &str) -> String {
    let output = psql_command()
        .args(["-c", statement])
        .output()
        .expect("psql runs");
    assert!(
        output.status.success(),
        "{statement}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
