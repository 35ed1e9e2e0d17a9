//! The registry of one machine: one table, and a broadcast of what changed.
//!
//! Reads go side by side; writes go one at a time, each in a transaction that begins by taking the write lock, so that
//! what was compared is still so when it is written.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::{Mutex, broadcast};

use super::part::Facts;
use super::{Change, Event, Key, Part, RegistryError, Scope, Store, Wanted, Watch, object};

/// A watcher that is further behind than this must list again.
const BACKLOG: usize = 4096;

/// Resources in one SQLite table.
pub struct Embedded {
    table: Arc<Table>,
}

struct Table {
    pool: SqlitePool,
    writing: Mutex<()>,
    events: broadcast::Sender<Event>,
}

impl Embedded {
    /// Opens the registry in `file`, and makes it when there is none.
    pub async fn open(file: &Path) -> Result<Embedded, RegistryError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered as accepted must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(RegistryError::database("cannot be opened"))?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        parts::complete(&pool).await?;
        let table = Table {
            pool,
            writing: Mutex::new(()),
            events: broadcast::channel(BACKLOG).0,
        };
        Ok(Embedded { table: Arc::new(table) })
    }

    /// Runs `decide` on the current object inside a write transaction, and stores what it answers.
    ///
    /// In a task of its own: a caller that is cut off must not leave a change that is stored and that nobody was told of.
    async fn write<T: Send + 'static>(
        &self,
        key: &Key,
        decide: impl FnOnce(&Key, Option<Value>) -> Result<(Verdict, T), RegistryError> + Send + 'static,
    ) -> Result<(Option<Value>, T), RegistryError> {
        let (table, key) = (self.table.clone(), key.clone());
        let written = tokio::spawn(async move { table.write(&key, decide).await });
        written.await.map_err(RegistryError::Interrupted)?
    }
}

impl Table {
    async fn write<T: Send>(
        &self,
        key: &Key,
        decide: impl FnOnce(&Key, Option<Value>) -> Result<(Verdict, T), RegistryError> + Send,
    ) -> Result<(Option<Value>, T), RegistryError> {
        let _turn = self.writing.lock().await;
        let mut transaction = self
            .pool
            .begin_with("begin immediate")
            .await
            .map_err(RegistryError::database("cannot be written"))?;
        let current = select(&mut transaction, key).await?;
        let (verdict, answer) = decide(key, current)?;
        let event = match verdict {
            Verdict::Keep => None,
            Verdict::Put(object) => Some((Change::Applied, put(&mut transaction, key, object).await?)),
            Verdict::Remove(object) => Some((Change::Deleted, remove(&mut transaction, key, object).await?)),
        };
        transaction
            .commit()
            .await
            .map_err(RegistryError::database("cannot be written"))?;
        let stored = event.map(|(change, object)| {
            let event = Event {
                key: key.clone(),
                change,
                object: Arc::new(object.clone()),
            };
            // Nobody watching is no failure.
            self.events.send(event).ok();
            object
        });
        Ok((stored, answer))
    }
}

/// What a write does to the row.
enum Verdict {
    Keep,
    Put(Value),
    Remove(Value),
}

#[async_trait]
impl Store for Embedded {
    async fn get(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
        let mut connection = self
            .table
            .pool
            .acquire()
            .await
            .map_err(RegistryError::database("cannot be read"))?;
        select(&mut connection, key).await
    }

    async fn select(&self, kind: &str, scope: &Scope, wanted: Wanted<'_>) -> Result<Vec<Value>, RegistryError> {
        let all = "select object from resource where kind = $1 order by namespace, name";
        let some = "select object from resource where kind = $1 and namespace in ($2, '') order by namespace, name";
        let query = match scope {
            Scope::All => sqlx::query_scalar::<_, String>(all).bind(kind),
            Scope::Namespace(namespace) => sqlx::query_scalar::<_, String>(some).bind(kind).bind(namespace),
        };
        let rows = query
            .fetch_all(&self.table.pool)
            .await
            .map_err(RegistryError::database("cannot be read"))?;
        let mut objects = Vec::new();
        for row in &rows {
            let object = parse(&of_kind(kind), row)?;
            if wanted(&object) {
                objects.push(object);
            }
        }
        Ok(objects)
    }

    async fn part(&self, kind: &str, scope: &Scope, part: Part<'_>) -> Result<Vec<Value>, RegistryError> {
        parts::select(&self.table.pool, kind, scope, part).await
    }

    async fn create(&self, key: &Key, object: Value) -> Result<Value, RegistryError> {
        let decide = move |key: &Key, current: Option<Value>| match current {
            Some(_) => Err(RegistryError::AlreadyExists { key: key.clone() }),
            None => {
                let uid = uuid::Uuid::new_v4().to_string();
                Ok((Verdict::Put(object::born(object, &key.namespace, &uid, &now())), ()))
            }
        };
        let (created, ()) = self.write(key, decide).await?;
        created.ok_or_else(|| RegistryError::NotFound { key: key.clone() })
    }

    async fn update(&self, key: &Key, desired: Value) -> Result<Value, RegistryError> {
        let decide = move |key: &Key, current: Option<Value>| {
            let current = current.ok_or_else(|| RegistryError::NotFound { key: key.clone() })?;
            check_version(key, &desired, &current)?;
            let next = object::successor(desired, &current);
            let gone = object::is_being_deleted(&current) && object::finalizers(&next) == 0;
            Ok(match (next == current, gone) {
                (true, false) => (Verdict::Keep, current),
                (false, false) => (Verdict::Put(object::written(next, &now())), current),
                (_, true) => (Verdict::Remove(next), current),
            })
        };
        let (stored, current) = self.write(key, decide).await?;
        Ok(stored.unwrap_or(current))
    }

    async fn put_status(&self, key: &Key, status: Value) -> Result<Value, RegistryError> {
        let decide = move |key: &Key, current: Option<Value>| {
            let current = current.ok_or_else(|| RegistryError::NotFound { key: key.clone() })?;
            if current.get("status") == Some(&status) {
                return Ok((Verdict::Keep, current));
            }
            let mut next = current.clone();
            next["status"] = status;
            Ok((Verdict::Put(next), current))
        };
        let (stored, current) = self.write(key, decide).await?;
        Ok(stored.unwrap_or(current))
    }

    async fn delete(&self, key: &Key) -> Result<Option<Value>, RegistryError> {
        let decide = move |_: &Key, current: Option<Value>| {
            Ok(match current {
                None => (Verdict::Keep, None),
                Some(object) if object::finalizers(&object) == 0 => (Verdict::Remove(object), None),
                Some(object) if object::is_being_deleted(&object) => (Verdict::Keep, Some(object)),
                Some(object) => (Verdict::Put(object::doomed(object, &now())), None),
            })
        };
        let (stored, kept) = self.write(key, decide).await?;
        Ok(stored.or(kept))
    }

    fn watch(&self) -> Watch {
        Watch::new(self.table.events.subscribe())
    }
}

fn check_version(key: &Key, desired: &Value, current: &Value) -> Result<(), RegistryError> {
    let given = object::text(desired, "/metadata/resourceVersion");
    let current = object::text(current, "/metadata/resourceVersion");
    if given.is_empty() || given == current {
        return Ok(());
    }
    Err(RegistryError::Conflict {
        key: key.clone(),
        given,
        current,
    })
}

async fn select(connection: &mut SqliteConnection, key: &Key) -> Result<Option<Value>, RegistryError> {
    let query = "select object from resource where kind = $1 and namespace = $2 and name = $3";
    let row = sqlx::query_scalar::<_, String>(query)
        .bind(&key.kind)
        .bind(&key.namespace)
        .bind(&key.name)
        .fetch_optional(connection)
        .await
        .map_err(RegistryError::database("cannot be read"))?;
    row.map(|text| parse(key, &text)).transpose()
}

async fn put(connection: &mut SqliteConnection, key: &Key, mut object: Value) -> Result<Value, RegistryError> {
    let version = next_version(connection).await?;
    object["metadata"]["resourceVersion"] = json!(version.to_string());
    let facts = Facts::of(&object);
    let query = "insert into resource (kind, namespace, name, resource_version, object, state, labels, words, release) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (kind, namespace, name) do update \
                 set resource_version = $4, object = $5, state = $6, labels = $7, words = $8, release = $9";
    sqlx::query(query)
        .bind(&key.kind)
        .bind(&key.namespace)
        .bind(&key.name)
        .bind(version)
        .bind(object.to_string())
        .bind(facts.state)
        .bind(facts.labels)
        .bind(facts.words)
        .bind(facts.release)
        .execute(connection)
        .await
        .map_err(RegistryError::database("cannot be written"))?;
    Ok(object)
}

async fn remove(connection: &mut SqliteConnection, key: &Key, mut object: Value) -> Result<Value, RegistryError> {
    let version = next_version(connection).await?;
    object["metadata"]["resourceVersion"] = json!(version.to_string());
    sqlx::query("delete from resource where kind = $1 and namespace = $2 and name = $3")
        .bind(&key.kind)
        .bind(&key.namespace)
        .bind(&key.name)
        .execute(connection)
        .await
        .map_err(RegistryError::database("cannot be written"))?;
    Ok(object)
}

async fn next_version(connection: &mut SqliteConnection) -> Result<i64, RegistryError> {
    sqlx::query_scalar("update revision set value = value + 1 where id = 1 returning value")
        .fetch_one(connection)
        .await
        .map_err(RegistryError::database("cannot be written"))
}

/// Names a resource of which no more than its kind is known.
fn of_kind(kind: &str) -> Key {
    Key {
        kind: kind.to_owned(),
        namespace: String::new(),
        name: String::new(),
    }
}

fn parse(key: &Key, text: &str) -> Result<Value, RegistryError> {
    serde_json::from_str(text).map_err(|source| RegistryError::Unreadable {
        key: key.clone(),
        source,
    })
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

mod parts;
#[cfg(test)]
mod tests;
