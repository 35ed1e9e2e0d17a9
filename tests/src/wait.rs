//! Waiting for a condition, with a deadline and a name.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Asks `condition` until it answers `Some`, at most `within`.
///
/// # Panics
/// With `what` when the deadline passes.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = condition().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {within:?} for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
