//! What the control plane keeps: resources in the registry, everything else in tables of its own, in SQLite on one machine
//! and in PostgreSQL where several replicas share them.
//!
//! The same statements run on both. Every function takes a [`TenantScope`](crate::access::TenantScope) and filters on it,
//! but for those of `access`, which find out who asks. Absent is `Ok(None)`.

pub mod access;
pub mod again;
pub mod alliance;
pub mod audit;
pub mod audit_anchors;
pub mod audit_pruning;
pub mod cluster_attempts;
pub mod cluster_changes;
pub mod idempotency;
pub mod ledger_index;
pub mod nodes;
pub mod notices;
pub mod operation;
pub mod proposals;
pub mod quota_turns;
pub mod rate;
pub mod records;
pub mod replicas;
pub mod resource;
mod sealed;
pub mod shared;
#[cfg(test)]
pub mod testing;
pub mod webhooks;

use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{AnyPool, Executor as _};

use crate::access::PlatformScope;
use crate::seal::{Seal, SealError};
use crate::uri;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Settings of each connection. Readers and the one writer do not wait for each other, and what was answered is on disk.
const SQLITE_SETTINGS: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;";
/// Connections of one replica.
const CONNECTIONS: u32 = 8;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(10);

/// The control plane's own tables.
#[derive(Debug, Clone)]
pub struct Db {
    pool: AnyPool,
    is_shared: bool,
    /// `None`: secrets rest as they are.
    seal: Option<Seal>,
}

/// Why the tables could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("\"{0}\" is no address of a database: it begins with sqlite:, postgres: or postgresql:")]
    Address(String),
    #[error("the platform's tables cannot be opened or brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the platform's tables cannot be read or written")]
    Sql(#[from] sqlx::Error),
    #[error("a row of the platform's tables cannot be read")]
    Row(#[from] serde_json::Error),
    #[error("a secret in the platform's tables: {0}")]
    Seal(#[from] SealError),
}

impl Db {
    /// Opens the file, making it when it is absent, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Db, DbError> {
        Db::connect(&Db::address(path)).await
    }

    /// The address of a file.
    pub fn address(path: &Path) -> String {
        format!("sqlite://{}?mode=rwc", uri::path(&path.to_string_lossy()))
    }

    /// Ends every connection to the server but the one that does so; false where there is no server.
    #[cfg(test)]
    pub async fn disconnect_everybody(&self) -> bool {
        let statement = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
        // It may be ended by another one that does the same.
        self.is_shared && self.pool.execute(statement).await.is_ok()
    }

    /// Tables that live as long as the value.
    #[cfg(test)]
    async fn in_memory() -> Result<Db, DbError> {
        // One connection: each connection to `:memory:` is a database of its own.
        Db::with_connections("sqlite::memory:", 1).await
    }

    /// Opens the database at an address such as `postgres://user@host/name`, and brings its tables up to date. Of several
    /// replicas that start at once, one does so while the others wait.
    pub async fn connect(url: &str) -> Result<Db, DbError> {
        Db::with_connections(url, CONNECTIONS).await
    }

    /// The migrations that the tables at an address lack, in their order. Changes nothing.
    pub async fn missing(url: &str) -> Result<Vec<String>, DbError> {
        let (db, migrations) = Db::as_it_is(url, 1).await?;
        // Before the first migration there is no such table.
        let applied: Vec<i64> = sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(&db.pool)
            .await
            .unwrap_or_default();
        db.close().await;
        let missing = migrations.iter().filter(|one| !applied.contains(&one.version));
        let name = |one: &sqlx::migrate::Migration| format!("{:04} {}", one.version, one.description);
        Ok(missing.map(name).collect())
    }

    async fn with_connections(url: &str, connections: u32) -> Result<Db, DbError> {
        let (db, migrations) = Db::as_it_is(url, connections).await?;
        migrations.run(&db.pool).await?;
        Ok(db)
    }

    async fn as_it_is(url: &str, connections: u32) -> Result<(Db, &'static Migrator), DbError> {
        let (migrations, settings) = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => (&SQLITE, SQLITE_SETTINGS),
            Some("postgres" | "postgresql") => (&POSTGRES, ""),
            // Without what follows: there may be a password in it.
            scheme => return Err(DbError::Address(scheme.unwrap_or_default().to_owned())),
        };
        install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| Box::pin(async move { connection.execute(settings).await.map(drop) }))
            .connect(url)
            .await?;
        let db = Db {
            pool,
            is_shared: std::ptr::eq(migrations, &POSTGRES),
            seal: None,
        };
        Ok((db, migrations))
    }

    /// Whether other replicas may use it at the same time.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether secrets in it are encrypted.
    pub fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// Whether nobody on the way to it can read along: it is a file, on this machine, or reached over TLS.
    pub async fn is_private(&self, _: &PlatformScope) -> Result<bool, DbError> {
        if !self.is_shared {
            return Ok(true);
        }
        let private: i32 = sqlx::query_scalar(
            "SELECT CASE WHEN encrypted.ssl OR session.client_addr IS NULL
                           OR session.client_addr <<= '127.0.0.0/8' OR session.client_addr = '::1' THEN 1 ELSE 0 END
             FROM pg_stat_ssl AS encrypted JOIN pg_stat_activity AS session USING (pid)
             WHERE pid = pg_backend_pid()",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(private != 0)
    }

    /// The last migration that its tables have had.
    pub async fn last_migration(&self, _: &PlatformScope) -> Result<i64, DbError> {
        let last = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success");
        Ok(last.fetch_one(&self.pool).await?)
    }

    /// Writes what is pending and closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
