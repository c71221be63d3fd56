//! The schema of the portal's database: whether this program fits it, and what is done where it does not.

use anyhow::{Context, Result, bail};
use sqlx::PgPool;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migrator};

/// How a database stands to a program.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing was ever made in it.
    Empty,
    /// It has all that the program knows.
    Same,
    /// It lacks some; from the newest it has to the newest there is.
    Older { from: i64, to: i64, missing: usize },
    /// It has one that the program does not know.
    Newer { unknown: i64, known: i64 },
    /// It has one that reads otherwise in the program.
    Changed { version: i64 },
}

/// Says what a start would do to the schema and changes nothing; an error where this program must not use the
/// database.
pub async fn report(pool: &PgPool, migrator: &Migrator) -> Result<String> {
    let doing = "reading the version of the portal's database";
    let mut db = pool.acquire().await.context(doing)?;
    let applied = match db.list_applied_migrations().await {
        Err(MigrateError::Execute(sqlx::Error::Database(error)))
            if error.code().as_deref() == Some(NO_SUCH_TABLE) =>
        {
            Vec::new()
        }
        read => read.context(doing)?,
    };
    Ok(match usable(&applied, migrator)? {
        Standing::Older { from, to, missing } => format!(
            "The database is of an older release; a start upgrades it from migration {from} to {to}, {missing} in all."
        ),
        Standing::Empty => "The database is empty; a start makes its tables.".to_owned(),
        _ => "The database is of this release.".to_owned(),
    })
}

/// What PostgreSQL says of a table that is not there.
const NO_SUCH_TABLE: &str = "42P01";

/// Brings the schema up to date, or says why this program must not use the database.
pub async fn bring_up_to_date(pool: &PgPool, migrator: &Migrator) -> Result<()> {
    let doing = "reading the version of the portal's database";
    let mut db = pool.acquire().await.context(doing)?;
    db.ensure_migrations_table().await.context(doing)?;
    let applied = db.list_applied_migrations().await.context(doing)?;
    drop(db);
    match usable(&applied, migrator)? {
        Standing::Older { from, to, missing } => tracing::warn!(
            from,
            to,
            missing,
            "the portal's database is of an older release: upgrading it from migration {from} to {to}, {missing} in all"
        ),
        Standing::Empty => tracing::info!("making the tables of the portal's database"),
        _ => {}
    }
    migrator
        .run(pool)
        .await
        .context("bringing the portal's database up to date")
}

/// How the database stands, or why this program must not use it.
fn usable(applied: &[AppliedMigration], migrator: &Migrator) -> Result<Standing> {
    match standing(applied, migrator) {
        Standing::Newer { unknown, known } => bail!(
            "DATABASE_URL: the portal's database was made by a newer release: it has the migration {unknown}, and this program knows them up to {known}. Start that newer release again; to go back to this one, restore the backup from before the upgrade"
        ),
        Standing::Changed { version } => bail!(
            "DATABASE_URL: the migration {version} of the portal's database is not the one that this program brings. A migration must never be edited once it has run: start the program of the release that made the database, or restore migrations/{version:04}_*.sql as it was and build again"
        ),
        fits => Ok(fits),
    }
}

fn standing(applied: &[AppliedMigration], migrator: &Migrator) -> Standing {
    let known = || {
        migrator
            .iter()
            .filter(|it| !it.migration_type.is_down_migration())
    };
    let newest = known().map(|it| it.version).max().unwrap_or_default();
    for one in applied {
        match known().find(|it| it.version == one.version) {
            None => {
                return Standing::Newer {
                    unknown: one.version,
                    known: newest,
                };
            }
            Some(it) if it.checksum != one.checksum => {
                return Standing::Changed {
                    version: one.version,
                };
            }
            Some(_) => {}
        }
    }
    let missing = known().count() - applied.len();
    match applied.iter().map(|it| it.version).max() {
        None => Standing::Empty,
        Some(_) if missing == 0 => Standing::Same,
        Some(from) => Standing::Older {
            from,
            to: newest,
            missing,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, standing};
    use sqlx::migrate::{AppliedMigration, Migration, MigrationType, Migrator};
    use std::borrow::Cow;

    fn migrator(versions: &[i64]) -> Migrator {
        let migrations = versions.iter().map(|version| {
            let (kind, sql) = (MigrationType::Simple, format!("select {version}"));
            Migration::new(*version, Cow::Borrowed("x"), kind, Cow::Owned(sql), false)
        });
        Migrator {
            migrations: Cow::Owned(migrations.collect()),
            ..Migrator::DEFAULT
        }
    }

    fn applied(versions: &[i64]) -> Vec<AppliedMigration> {
        let of = migrator(versions);
        of.iter()
            .map(|it| AppliedMigration {
                version: it.version,
                checksum: it.checksum.clone(),
            })
            .collect()
    }

    #[test]
    fn a_database_is_empty_older_the_same_or_newer() {
        let program = migrator(&[1, 2, 10]);
        for (has, expected) in [
            (&[][..], Standing::Empty),
            (&[1, 2, 10], Standing::Same),
            (
                &[1, 2],
                Standing::Older {
                    from: 2,
                    to: 10,
                    missing: 1,
                },
            ),
            // One below the newest may be missing too, where numbers had gaps.
            (
                &[1, 10],
                Standing::Older {
                    from: 10,
                    to: 10,
                    missing: 1,
                },
            ),
            (
                &[1, 2, 10, 11],
                Standing::Newer {
                    unknown: 11,
                    known: 10,
                },
            ),
        ] {
            assert_eq!(standing(&applied(has), &program), expected, "{has:?}");
        }
    }

    #[test]
    fn an_edited_migration_is_named() {
        let mut has = applied(&[1, 2]);
        has[1].checksum = Cow::Borrowed(b"other");
        let found = standing(&has, &migrator(&[1, 2, 3]));
        assert_eq!(found, Standing::Changed { version: 2 });
    }
}
