//! What is done once more when the database was lost for a moment, or had to undo it for somebody else's sake.

use std::time::Duration;

use super::DbError;

/// Pauses before each further attempt. A database that stays away for longer is the caller's to know of.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(1000),
];

/// Does something that may be done twice, until it is known to have been done.
///
/// A connection that is lost leaves open whether the last statement took effect: `work` must be right either way.
pub async fn again<T, E: Transient, F: Future<Output = Result<T, E>>>(work: impl Fn() -> F) -> Result<T, E> {
    for pause in PAUSES {
        match work().await {
            Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    work().await
}

/// An error that may be gone the next time.
pub trait Transient {
    fn is_transient(&self) -> bool;
}

impl Transient for DbError {
    fn is_transient(&self) -> bool {
        match self {
            DbError::Sql(error) => is_transient(error),
            _ => false,
        }
    }
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_state(&code)),
        _ => false,
    }
}

/// PostgreSQL's SQLSTATE of what is worth another attempt (its manual, appendix A): connections that fail (class 08), a
/// server that ends or begins (57P01 to 57P03), transactions that gave way to others (40001, 40P01).
fn is_transient_state(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "40001" | "40P01")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn lost() -> DbError {
        DbError::Sql(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into())
    }

    #[tokio::test]
    async fn what_was_lost_is_done_again_and_what_is_wrong_is_not() {
        let tries = AtomicUsize::new(0);
        let count = || tries.fetch_add(1, Ordering::Relaxed);

        let third = again(|| async { if count() < 2 { Err(lost()) } else { Ok("done") } }).await;
        let wrong: Result<(), DbError> = again(|| async {
            count();
            Err(sqlx::Error::RowNotFound.into())
        })
        .await;
        let never: Result<(), DbError> = again(|| async {
            count();
            Err(lost())
        })
        .await;

        assert_eq!(third.unwrap(), "done");
        assert!(wrong.is_err() && never.is_err());
        assert_eq!(tries.load(Ordering::Relaxed), 3 + 1 + PAUSES.len() + 1);
    }

    #[test]
    fn deadlocks_and_lost_connections_are_transient_and_broken_rules_are_not() {
        let known = ["40001", "40P01", "57P01", "08006", "23505", "42601"].map(is_transient_state);

        assert_eq!(known, [true, true, true, true, false, false]);
    }
}
