//! What the control plane keeps: resources in the registry, operations and idempotency keys in its own tables.
//!
//! Every function takes a [`TenantScope`](crate::rest::auth::TenantScope) and filters on it. Absent is `Ok(None)`.

pub mod idempotency;
pub mod nodes;
pub mod operation;
pub mod resource;

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The control plane's own tables.
#[derive(Debug, Clone)]
pub struct Db {
    pool: SqlitePool,
}

/// Why the tables could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the platform's tables cannot be opened or brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the platform's tables cannot be read or written")]
    Sql(#[from] sqlx::Error),
    #[error("a row of the platform's tables cannot be read")]
    Row(#[from] serde_json::Error),
}

impl Db {
    /// Opens the file, making it when it is absent, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Db, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10));
        Db::connect(options, 4).await
    }

    /// Tables that live as long as the value; for tests.
    pub async fn in_memory() -> Result<Db, DbError> {
        // One connection: each connection to `:memory:` is a database of its own.
        Db::connect(SqliteConnectOptions::from_str("sqlite::memory:")?, 1).await
    }

    async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<Db, DbError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        MIGRATIONS.run(&pool).await?;
        Ok(Db { pool })
    }

    /// Writes what is pending and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
