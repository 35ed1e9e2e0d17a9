//! One resource's task: passes over it one after the other, as often as it is woken or something is left to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::pass::{self, Next};
use crate::chain::checkup;
use crate::context::Context;
use crate::registry::Key;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A handle on the task, which ends with it.
pub struct Actor {
    wake: Arc<Notify>,
    generation: watch::Sender<i64>,
    task: JoinHandle<()>,
}

impl Actor {
    /// Starts with a pass.
    pub fn start(context: Context, key: Key) -> Actor {
        let wake = Arc::new(Notify::new());
        let (generation, superseded) = watch::channel(0);
        let task = tokio::spawn(live(context, key, wake.clone(), superseded));
        Actor { wake, generation, task }
    }

    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Says which generation of the spec is the newest: a pass over an older one is cut off.
    pub fn supersede(&self, generation: i64) {
        self.generation.send_if_modified(|newest| {
            let newer = generation > *newest;
            *newest = generation.max(*newest);
            newer
        });
    }

    /// Whether the resource is gone, and the task with it.
    pub fn is_done(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn live(context: Context, key: Key, wake: Arc<Notify>, mut newest: watch::Receiver<i64>) {
    let mut failures: u32 = 0;
    loop {
        newest.borrow_and_update();
        let seen = std::sync::atomic::AtomicI64::new(0);
        let next = tokio::select! {
            biased;
            next = pass::run(&context, &key, &seen) => next,
            () = superseded(&mut newest, &seen) => {
                debug!(%key, "a newer spec cuts off this pass");
                continue;
            }
        };
        let pause = match next {
            Next::Gone => return,
            Next::Rest => {
                failures = 0;
                rest(&context, &key, &wake).await;
                continue;
            }
            Next::Again => (FIRST_PAUSE * 2_u32.saturating_pow(failures)).min(LONGEST_PAUSE),
        };
        failures = failures.saturating_add(1).min(16);
        tokio::select! {
            () = sleep(pause) => {}
            () = wake.notified() => {}
        }
    }
}

/// Returns when there is something to do again.
async fn rest(context: &Context, key: &Key, wake: &Notify) {
    if key.kind != "Chain" {
        return wake.notified().await;
    }
    loop {
        tokio::select! {
            () = wake.notified() => return,
            () = sleep(checkup::INTERVAL) => {}
        }
        match checkup::chain(context, key).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => debug!(%key, %error, "a chain could not be looked at"),
        }
    }
}

/// Returns once the newest generation is newer than the one that the pass works on.
async fn superseded(newest: &mut watch::Receiver<i64>, seen: &std::sync::atomic::AtomicI64) {
    loop {
        if newest.changed().await.is_err() {
            warn!("the dispatcher is gone");
            return std::future::pending().await;
        }
        let seen = seen.load(std::sync::atomic::Ordering::Relaxed);
        if seen > 0 && *newest.borrow_and_update() > seen {
            return;
        }
    }
}
