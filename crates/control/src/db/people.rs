//! SQL of companies and people.

use super::parsed;
use crate::error::Result;
use crate::people::Person;
use domain::ids::{CompanyId, PersonId};
use domain::roles::Role;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

struct PersonRow {
    id: Uuid,
    company_id: Uuid,
    company_name: String,
    residency_required: bool,
    email: String,
    name: String,
    role: String,
    issuer: Option<String>,
    deactivated_at: Option<OffsetDateTime>,
    session_generation: i32,
}

impl TryFrom<PersonRow> for Person {
    type Error = crate::error::Error;
    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self {
            id: PersonId::new(row.id),
            company: CompanyId::new(row.company_id),
            company_name: row.company_name,
            residency_required: row.residency_required,
            role: parsed(Role::parse(&row.role), "people", "role", row.id)?,
            email: row.email,
            name: row.name,
            bound: row.issuer.is_some(),
            active: row.deactivated_at.is_none(),
            session_generation: row.session_generation,
        })
    }
}

/// Which person is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Find<'a> {
    /// The one with this id.
    Id(PersonId),
    /// The one with this address.
    Email(&'a str),
    /// The one whom an issuer calls so.
    Subject {
        /// The issuer.
        issuer: &'a str,
        /// Its name for the person.
        subject: &'a str,
    },
}

async fn select(
    db: &mut PgConnection,
    id: Option<PersonId>,
    email: Option<&str>,
    bound: Option<(&str, &str)>,
) -> Result<Vec<Person>> {
    let (issuer, subject) = bound.unzip();
    let rows = sqlx::query_as!(
        PersonRow,
        r#"
        select p.id, p.company_id, c.name as company_name, c.residency_required, p.email, p.name, p.role, p.issuer, p.deactivated_at,
            p.session_generation
        from people p join companies c on c.id = p.company_id
        where ($1::uuid is null or p.id = $1)
            and ($2::text is null or p.email = lower($2))
            and ($3::text is null or (p.issuer = $3 and p.subject = $4))
        order by c.name, p.email
        "#,
        id.map(PersonId::uuid),
        email,
        issuer,
        subject,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Person::try_from).collect()
}

/// One person, of whichever company.
pub(crate) async fn get(db: &mut PgConnection, find: Find<'_>) -> Result<Option<Person>> {
    let found = match find {
        Find::Id(id) => select(db, Some(id), None, None).await?,
        Find::Email(email) => select(db, None, Some(email), None).await?,
        Find::Subject { issuer, subject } => {
            select(db, None, None, Some((issuer, subject))).await?
        }
    };
    Ok(found.into_iter().next())
}

/// Everyone of every company: for the operator alone.
pub(crate) async fn all(db: &mut PgConnection) -> Result<Vec<Person>> {
    select(db, None, None, None).await
}

/// Binds the person who has this address and no subject of this issuer yet; at most one row.
pub(crate) async fn bind(
    db: &mut PgConnection,
    email: &str,
    issuer: &str,
    subject: &str,
    at: OffsetDateTime,
) -> Result<Option<PersonId>> {
    let id = sqlx::query_scalar!(
        r#"
        update people set issuer = $2, subject = $3, updated_at = $4
        where email = lower($1) and issuer is distinct from $2
        returning id as "id: PersonId"
        "#,
        email,
        issuer,
        subject,
        at,
    );
    Ok(id.fetch_optional(db).await?)
}

/// Adds a person; false if the address is known already.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id: PersonId,
    company: CompanyId,
    email: &str,
    name: &str,
    role: Role,
    at: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into people (id, company_id, email, name, role, created_at, updated_at) values ($1, $2, lower($3), $4, $5, $6, $6)
        on conflict on constraint people_email_key do nothing
        "#,
        id.uuid(),
        company.uuid(),
        email,
        name,
        role.as_str(),
        at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn set_deactivated(
    db: &mut PgConnection,
    id: PersonId,
    deactivated_at: Option<OffsetDateTime>,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update people set deactivated_at = $2, updated_at = $3 where id = $1",
        id.uuid(),
        deactivated_at,
        at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends every session of the person: those of before are of another generation.
pub(crate) async fn end_sessions(
    db: &mut PgConnection,
    id: PersonId,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "update people set session_generation = session_generation + 1, updated_at = $2 where id = $1",
        id.uuid(),
        at
    )
    .execute(db)
    .await?;
    Ok(())
}
