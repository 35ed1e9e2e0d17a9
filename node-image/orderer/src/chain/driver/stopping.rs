//! The end of a chain that is asked to stop: what was taken first gets into a block, then another consenter takes the lead.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;

use super::Driver;
use crate::chain::End;

/// Longest wait for a successor. One that runs answers within milliseconds.
const HAND_OVER: Duration = Duration::from_secs(1);

pub(super) struct Stopping {
    pub deadline: Instant,
    /// Who was asked to take the lead.
    successor: Option<u64>,
}

impl Driver {
    pub(super) fn begin_stopping(&mut self) {
        let wait = (self.clock.tick * self.clock.election_ticks).min(HAND_OVER);
        let deadline = Instant::now() + wait;
        self.stopping.get_or_insert(Stopping {
            deadline,
            successor: None,
        });
        self.core.batch_timeout();
    }

    /// Takes the next step towards the end, if it is time for it.
    pub(super) fn proceed_stopping(&mut self) {
        let Some(stopping) = &self.stopping else { return };
        let (deadline, successor) = (stopping.deadline, stopping.successor);
        if Instant::now() >= deadline {
            self.end.get_or_insert(End::Stopped);
        } else if !self.core.leads() {
            // Clients of this node wait for what the leader has: without an answer they would send it again.
            if !self.disk.is_busy() && self.receipts.is_empty() {
                self.end.get_or_insert(End::Stopped);
            }
        } else if self.core.idle() {
            self.hand_over(successor);
        } else if !self.core.has_quorum(|id| self.transport.reaches(id)) {
            // The others have stopped as well: what is not agreed on by now will not be.
            self.end.get_or_insert(End::Stopped);
        }
    }

    /// Asks another consenter to lead, and the next one when that one stops, too: a whole chain may be stopping.
    fn hand_over(&mut self, successor: Option<u64>) {
        if successor.is_some_and(|id| self.transport.reaches(id)) {
            return;
        }
        let successor = self.core.give_lead_away(|id| self.transport.reaches(id));
        match (successor, &mut self.stopping) {
            (Some(_), Some(stopping)) => stopping.successor = successor,
            _ => {
                self.end.get_or_insert(End::Stopped);
            }
        }
    }

    /// What is on its way to the disk gets there.
    pub(super) async fn close(mut self, end: &watch::Sender<Option<End>>) {
        if let Some(pulling) = self.pulling.take() {
            pulling.abort();
        }
        while self.disk.is_busy() {
            if let Err(error) = self.disk.written().await {
                error!(channel = self.channel.id, %error, "the Raft log cannot be written");
                break;
            }
        }
        self.channel.set_leaderless(true);
        self.metrics.is_leader.set(0);
        self.metrics.active_nodes.set(0);
        let blocks = self.channel.blocks.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || blocks.sync()).await {
            error!(channel = self.channel.id, %error, "the chain could not be synced")
        }
        let reason = self.end.take().unwrap_or(End::Stopped);
        drop(self);
        end.send_replace(Some(reason));
    }
}
