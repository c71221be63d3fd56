//! SQL of what no row knows.

use crate::error::Result;
use crate::model::orphans::{OrphanRow, Search};
use domain::ids::{EnvironmentId, OrphanId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Something that was found, and where.
pub(crate) struct Seen {
    pub(crate) kind: &'static str,
    pub(crate) environment: EnvironmentId,
    pub(crate) place: String,
}

/// Writes down what a search that began at `at` has found. What it has not found is forgotten where it looked
/// everywhere; what was removed is told of for a month.
pub(crate) async fn store(
    db: &mut PgConnection,
    seen: &[Seen],
    everywhere: bool,
    at: OffsetDateTime,
) -> Result<()> {
    let ids: Vec<Uuid> = seen.iter().map(|_| Uuid::now_v7()).collect();
    let kinds: Vec<String> = seen.iter().map(|it| it.kind.to_owned()).collect();
    let environments: Vec<Uuid> = seen.iter().map(|it| it.environment.uuid()).collect();
    let places: Vec<String> = seen.iter().map(|it| it.place.clone()).collect();
    sqlx::query!(
        r#"
        insert into orphans (id, kind, environment_id, place, first_seen_at, last_seen_at)
        select id, kind, environment_id, place, $5, $5
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) as seen (id, kind, environment_id, place)
        on conflict on constraint orphans_thing_key do update
        set place = excluded.place, last_seen_at = excluded.last_seen_at, removed_at = null,
            first_seen_at = case when orphans.removed_at is null then orphans.first_seen_at else excluded.first_seen_at end
        "#,
        &ids,
        &kinds,
        &environments,
        &places,
        at,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        r#"
        delete from orphans
        where case when removed_at is null then $1 and last_seen_at < $2 else removed_at < $2 - interval '30 days' end
        "#,
        everywhere,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How many there are.
pub(crate) async fn count(db: &mut PgConnection) -> Result<i64> {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from orphans"#);
    Ok(count.fetch_one(db).await?)
}

/// The first `at_most`, of all or of those whose removal is asked for: what is there still first, then the newest.
pub(crate) async fn list(
    db: &mut PgConnection,
    asked_only: bool,
    at_most: i64,
) -> Result<Vec<OrphanRow>> {
    let rows = sqlx::query_as!(
        OrphanRow,
        r#"
        select id as "id: OrphanId", kind, environment_id as "environment: EnvironmentId", place,
            first_seen_at, last_seen_at, remove_asked_at, remove_asked_by, removed_at, failure
        from orphans
        where not $1 or remove_asked_at is not null
        order by removed_at is not null, id desc
        limit $2
        "#,
        asked_only,
        at_most,
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Asks for the removal of one that is there still; its kind and its environment.
pub(crate) async fn ask_removal(
    db: &mut PgConnection,
    id: OrphanId,
    by: &str,
    at: OffsetDateTime,
) -> Result<Option<(String, EnvironmentId)>> {
    let row = sqlx::query!(
        r#"
        update orphans set remove_asked_at = $2, remove_asked_by = $3, failure = null
        where id = $1 and removed_at is null
        returning kind, environment_id as "environment: EnvironmentId"
        "#,
        id.uuid(),
        at,
        by,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.kind, row.environment)))
}

/// Writes down how an asked removal ended: `failure` says why it failed.
pub(crate) async fn removal_ended(
    db: &mut PgConnection,
    id: OrphanId,
    failure: Option<&str>,
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        update orphans
        set remove_asked_at = null, failure = $2, removed_at = case when $2::text is null then $3::timestamptz end
        where id = $1
        "#,
        id.uuid(),
        failure,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Asks for a search.
pub(crate) async fn ask_search(db: &mut PgConnection, at: OffsetDateTime) -> Result<()> {
    sqlx::query!("update installation set orphans_asked_at = $1", at)
        .execute(db)
        .await?;
    Ok(())
}

/// Writes down that a search which began at `at` has ended.
pub(crate) async fn searched(
    db: &mut PgConnection,
    unseen: &[String],
    at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        r#"
        update installation
        set orphans_searched_at = $1, orphans_unseen = $2,
            orphans_asked_at = case when orphans_asked_at > $1 then orphans_asked_at end
        "#,
        at,
        unseen,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is known of the searches.
pub(crate) async fn search(db: &mut PgConnection) -> Result<Search> {
    let row = sqlx::query_as!(
        Search,
        r#"
        select orphans_asked_at as asked_at, orphans_searched_at as searched_at, orphans_unseen as unseen
        from installation
        "#
    )
    .fetch_one(db)
    .await?;
    Ok(row)
}
