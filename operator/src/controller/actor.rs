//! One resource's task: passes over it one after the other, as often as it is woken or something is left to do.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::pass::{self, Course, Next};
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
    /// Starts with a pass. It ends when `context.stop` is cancelled, or the resource is gone.
    ///
    /// Every pass takes one of `turns`, in the order in which they are asked for.
    pub fn start(context: Context, key: Key, turns: Arc<Semaphore>) -> Actor {
        let wake = Arc::new(Notify::new());
        let (generation, superseded) = watch::channel(0);
        let woken = wake.clone();
        let task = tokio::spawn(async move {
            let course = Course::default();
            let passes = passes(&context, &key, &woken, superseded, &course, &turns);
            // A pass may be cut off at any point; the next operator starts it over.
            context.stop.run_until_cancelled(passes).await;
            course.written().await;
        });
        Actor { wake, generation, task }
    }

    /// Waits for its end.
    pub async fn ended(mut self) {
        if let Err(error) = (&mut self.task).await {
            warn!(%error, "a resource's task has not ended well");
        }
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

async fn passes(
    context: &Context,
    key: &Key,
    wake: &Notify,
    mut newest: watch::Receiver<i64>,
    course: &Course,
    turns: &Semaphore,
) {
    let mut failures: u32 = 0;
    loop {
        // Nobody closes it.
        let Ok(turn) = turns.acquire().await else { return };
        newest.borrow_and_update();
        course.begin();
        let next = tokio::select! {
            biased;
            // On the heap, and only while it runs: a pass is many times the size of a task that rests.
            next = Box::pin(pass::run(context, key, course)) => next,
            () = superseded(&mut newest, course) => {
                debug!(%key, "a newer spec cuts off this pass");
                course.written().await;
                continue;
            }
        };
        drop(turn);
        let pause = match next {
            Next::Gone => return,
            Next::Rest => {
                failures = 0;
                rest(context, key, wake).await;
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
        match Box::pin(checkup::chain(context, key)).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => debug!(%key, %error, "a chain could not be looked at"),
        }
    }
}

/// Returns once the newest generation is newer than the one that the pass works on.
async fn superseded(newest: &mut watch::Receiver<i64>, course: &Course) {
    loop {
        if newest.changed().await.is_err() {
            warn!("the dispatcher is gone");
            return std::future::pending().await;
        }
        let newest = *newest.borrow_and_update();
        if course.generation().is_some_and(|seen| newest > seen) {
            return;
        }
    }
}
