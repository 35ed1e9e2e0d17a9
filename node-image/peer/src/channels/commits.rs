//! Tells those who wait for a transaction what became of it (`internal/pkg/gateway/commit` of Fabric).

use std::collections::HashMap;
use std::sync::Arc;

use entente_fabric::proto::protos::TxValidationCode;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

/// Block and verdict of a committed transaction.
pub type Fate = (u64, TxValidationCode);

type Waiters = HashMap<String, Vec<(u64, oneshot::Sender<Fate>)>>;

/// Those who wait, by transaction id. Cheap to clone.
#[derive(Clone, Default)]
pub struct Commits {
    state: Arc<Mutex<(u64, Waiters)>>,
    awaited: Arc<watch::Sender<bool>>,
}

impl Commits {
    /// Registers for the next commit of a transaction. What is in the ledger already is not told.
    pub fn wait_for(&self, tx_id: &str) -> Waiting {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        state.0 += 1;
        let number = state.0;
        state.1.entry(tx_id.to_owned()).or_default().push((number, sender));
        self.note(&state.1);
        Waiting {
            commits: self.clone(),
            tx_id: tx_id.to_owned(),
            number,
            receiver,
        }
    }

    pub fn tell(&self, tx_id: &str, fate: Fate) {
        let waiting = {
            let mut state = self.state.lock();
            let waiting = state.1.remove(tx_id);
            self.note(&state.1);
            waiting
        };
        for (_, sender) in waiting.into_iter().flatten() {
            // Whoever has stopped waiting no longer wants to know.
            sender.send(fate).ok();
        }
    }

    pub fn nobody_waits(&self) -> bool {
        !*self.awaited.borrow()
    }

    /// Whether anybody waits, now and later.
    pub fn awaited(&self) -> watch::Receiver<bool> {
        self.awaited.subscribe()
    }

    fn note(&self, waiters: &Waiters) {
        let awaited = !waiters.is_empty();
        self.awaited
            .send_if_modified(|known| std::mem::replace(known, awaited) != awaited);
    }
}

/// A place in the queue, given up when it is dropped.
pub struct Waiting {
    commits: Commits,
    tx_id: String,
    number: u64,
    receiver: oneshot::Receiver<Fate>,
}

impl Waiting {
    /// `None` when the channel is closed before the transaction is committed.
    pub async fn committed(mut self) -> Option<Fate> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.commits.state.lock();
        let Some(waiters) = state.1.get_mut(&self.tx_id) else {
            return;
        };
        waiters.retain(|(number, _)| *number != self.number);
        if waiters.is_empty() {
            state.1.remove(&self.tx_id);
            self.commits.note(&state.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_who_waits_for_a_transaction_is_told_and_nobody_is_kept() {
        let commits = Commits::default();
        let (first, second, other) = (commits.wait_for("a"), commits.wait_for("a"), commits.wait_for("b"));

        commits.tell("a", (7, TxValidationCode::Valid));

        assert_eq!(first.committed().await, Some((7, TxValidationCode::Valid)));
        assert_eq!(second.committed().await, Some((7, TxValidationCode::Valid)));
        assert!(*commits.awaited().borrow());
        drop(other);
        assert!(commits.nobody_waits());
    }
}
