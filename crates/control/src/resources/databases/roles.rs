//! The role of an environment: made, limited, dropped.
//!
//! By the functions of the role `provisioner` on a server that has them, else by statements of a role that may make roles.

use super::{ANSWERS_WITHIN, Open, Tenant, failed, within};
use crate::error::Result;
use crate::scram;
use secrecy::SecretString;
use sqlx::Executor;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, query};

impl Open<'_> {
    /// Makes the role, or brings it to what it should be. Its owner's rights are the portal's afterwards.
    pub(super) async fn put_role(
        &mut self,
        tenant: &Tenant<'_>,
        password: &SecretString,
    ) -> Result<()> {
        let Tenant {
            role, connections, ..
        } = *tenant;
        // No quote is in a verifier.
        let verifier = scram::verifier(password);
        if self.has_functions().await? {
            let asked = query("select provisioning.put_role($1, $2, $3)")
                .bind(role)
                .bind(i64::from(connections))
                .bind(verifier);
            return self.ask(asked).await;
        }
        let known = self
            .knows("select 1 from pg_roles where rolname = $1", role)
            .await?;
        // What only a superuser may change is not named where the role is there.
        let put = if known {
            format!("alter role {role} login")
        } else {
            format!("create role {role} login nosuperuser noreplication")
        };
        // A role inherits what its own database's owner may do in the schema `public`; it is a member of nothing else.
        self.execute(&format!(
            "{put} nocreatedb nocreaterole inherit connection limit {connections} password '{verifier}'"
        ))
        .await?;
        self.execute(&format!("grant {role} to current_user")).await
    }

    /// Lets the role make no more than so many connections; those it has stay.
    pub(super) async fn limit_role(&mut self, role: &str, connections: u32) -> Result<()> {
        if self.has_functions().await? {
            let asked = query("select provisioning.limit_role($1, $2)")
                .bind(role)
                .bind(i64::from(connections));
            return self.ask(asked).await;
        }
        self.execute(&format!("alter role {role} connection limit {connections}"))
            .await
    }

    /// Drops the role; nothing if it is gone.
    pub(super) async fn drop_role(&mut self, role: &str) -> Result<()> {
        if self.has_functions().await? {
            let asked = query("select provisioning.drop_role($1)").bind(role);
            return self.ask(asked).await;
        }
        self.execute(&format!("drop role if exists {role}")).await
    }

    async fn has_functions(&mut self) -> Result<bool> {
        let question =
            "select 1 from pg_namespace where nspname = $1 and has_schema_privilege(oid, 'usage')";
        self.knows(question, "provisioning").await
    }

    async fn ask(&mut self, asked: Query<'_, Postgres, PgArguments>) -> Result<()> {
        within(ANSWERS_WITHIN, self.connection.execute(asked))
            .await
            .map(drop)
            .map_err(|error| failed(self.region, error))
    }
}
