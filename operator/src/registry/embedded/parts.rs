//! Parts of lists: found in an index that holds what is looked for, so that only the objects of the part are read.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqlitePool;

use super::{of_kind, parse};
use crate::registry::part::Facts;
use crate::registry::{Part, RegistryError, Scope};

/// Rows of one step when facts are made up for.
const STEP: i64 = 500;

/// By name, within one namespace.
const OF_NAMESPACE: &str = "select object from resource where rowid in (
        select rowid from resource indexed by resource_facts
        where kind = $1 and namespace = $2 and name > $4 and ($5 is null or state = $5)
          and ($6 is null or instr(labels, $6) > 0) and ($7 is null or instr(words, $7) > 0)
          and ($9 is null or release = $9)
        order by name limit $8
    ) order by name";
/// By namespace and name.
const OF_ALL: &str = "select object from resource where rowid in (
        select rowid from resource indexed by resource_facts
        where kind = $1 and (namespace, name) > ($3, $4) and ($5 is null or state = $5)
          and ($6 is null or instr(labels, $6) > 0) and ($7 is null or instr(words, $7) > 0)
          and ($9 is null or release = $9)
        order by namespace, name limit $8
    ) order by namespace, name";

pub async fn select(
    pool: &SqlitePool,
    kind: &str,
    scope: &Scope,
    part: Part<'_>,
) -> Result<Vec<Value>, RegistryError> {
    let (query, namespace) = match scope {
        Scope::Namespace(namespace) => (OF_NAMESPACE, namespace.as_str()),
        Scope::All => (OF_ALL, ""),
    };
    let rows: Vec<String> = sqlx::query_scalar(query)
        .bind(kind)
        .bind(namespace)
        .bind(part.after.map_or("", |after| &after.namespace))
        .bind(part.after.map_or("", |after| &after.name))
        .bind(part.sought.state())
        .bind(part.sought.label())
        .bind(part.sought.words())
        .bind(i64::try_from(part.limit).unwrap_or(i64::MAX))
        .bind(part.sought.release())
        .fetch_all(pool)
        .await
        .map_err(RegistryError::database("cannot be read"))?;
    rows.iter().map(|row| parse(&of_kind(kind), row)).collect()
}

/// Writes the facts of resources that are older than the columns for them.
pub async fn complete(pool: &SqlitePool) -> Result<(), RegistryError> {
    let failed = RegistryError::database;
    loop {
        let mut step = pool.begin().await.map_err(failed("cannot be written"))?;
        let rows = sqlx::query("select rowid, kind, object from resource where words is null limit $1")
            .bind(STEP)
            .fetch_all(&mut *step)
            .await
            .map_err(failed("cannot be read"))?;
        for row in &rows {
            let column = |name| row.try_get::<String, _>(name).map_err(failed("cannot be read"));
            // One that cannot be read is found by nobody, and says so to whoever asks for it.
            let object = parse(&of_kind(&column("kind")?), &column("object")?).unwrap_or_default();
            let facts = Facts::of(&object);
            sqlx::query("update resource set state = $1, labels = $2, words = $3, release = $4 where rowid = $5")
                .bind(facts.state)
                .bind(facts.labels)
                .bind(facts.words)
                .bind(facts.release)
                .bind(row.try_get::<i64, _>("rowid").map_err(failed("cannot be read"))?)
                .execute(&mut *step)
                .await
                .map_err(failed("cannot be written"))?;
        }
        step.commit().await.map_err(failed("cannot be written"))?;
        if rows.is_empty() {
            return Ok(());
        }
    }
}
