//! The authority's own database: identities, affiliations, certificates.
//!
//! One SQLite file in the authority's folder. What a function has answered survives a power failure.

pub mod affiliations;
pub mod certificates;
pub mod identities;

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The tables. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
}

/// Why the tables could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the certificate authority's tables cannot be opened or brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the certificate authority's tables cannot be read or written")]
    Sql(#[from] sqlx::Error),
    #[error("a row of the certificate authority's tables cannot be read")]
    Row(#[from] serde_json::Error),
}

impl Store {
    /// Opens the file, making it when it is absent, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A certificate that was handed out has to be known afterwards, or nobody could revoke it.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        Store::connect(options, 4).await
    }

    /// Tables that live as long as the value; for tests.
    pub async fn in_memory() -> Result<Store, StoreError> {
        // One connection: each connection to `:memory:` is a database of its own.
        Store::connect(SqliteConnectOptions::from_str("sqlite::memory:")?, 1).await
    }

    async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<Store, StoreError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        MIGRATIONS.run(&pool).await?;
        Ok(Store { pool })
    }

    /// Whether the tables can be read now.
    pub async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM affiliations WHERE name = ''")
            .fetch_optional(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes what is pending and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
