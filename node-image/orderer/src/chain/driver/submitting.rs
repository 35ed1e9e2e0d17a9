//! Messages to be ordered: new ones, and those that must be submitted again.

use bytes::Bytes;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Driver, ELECTION_TIMEOUTS};
use crate::chain::receipts::Doubt;
use crate::chain::{Handed, Submit, no_leader, submit_request};
use crate::cutter::Message;
use crate::filters::{self, Rejection};
use crate::raft::core::{Request, Submission};

impl Driver {
    pub(super) fn submit(&mut self, submit: Submit) {
        let Submit {
            mut request,
            answer,
            asker,
        } = submit;
        if let Some(asker) = asker {
            self.receipts
                .wait(&mut request, self.core.term(), asker, Instant::now());
        }
        let stamp = request.message.stamp;
        let outcome = self.order(request);
        if outcome == Submission::NoLeader {
            self.receipts.withdraw(stamp);
        }
        // Whoever asked may have gone.
        answer.send(Handed { outcome, stamp }).ok();
    }

    /// Orders a message, checking it again if the configuration has moved on since it was checked. When that second check
    /// fails, only clients of this node are told: others have their answer, or wait for it elsewhere.
    pub(super) fn order(&mut self, request: Request) -> Submission {
        let stamp = request.message.stamp;
        if stamp.is_some_and(|stamp| stamp.term != self.core.term()) {
            // Whoever answers for it learns of the new term, too, and submits it again if it must.
            return Submission::Taken;
        }
        if !self.core.leads() {
            return self.core.submit(request);
        }
        if !self.core.accepts() {
            self.again.push_back(request);
            return Submission::Taken;
        }
        if !self.seen.admits(stamp, self.core.term()) {
            return Submission::Taken;
        }
        if request.message.checked_at >= self.channel.bundle().sequence {
            return self.core.submit(request);
        }
        match filters::again(&self.channel, &request, &self.group()) {
            Ok(mut request) => {
                request.message.stamp = stamp;
                self.core.submit(request)
            }
            Err(rejection) => {
                warn!(
                    channel = self.channel.id,
                    reason = rejection.info,
                    "a message is no longer valid"
                );
                self.metrics.proposal_failures.inc();
                self.receipts.refused(stamp, rejection);
                Submission::Taken
            }
        }
    }

    /// What is due with every tick of Raft's clock for those who wait for their messages.
    pub(super) fn look_after_receipts(&mut self) {
        self.leaderless = if self.core.leaderless() { self.leaderless + 1 } else { 0 };
        if self.leaderless > self.clock.election_ticks.saturating_mul(ELECTION_TIMEOUTS) {
            self.receipts
                .give_up_all(&Rejection::unavailable(no_leader().to_string()));
        }
        self.receipts.give_up(Instant::now());
        let doubts = std::mem::take(&mut *self.doubts.lock());
        doubts.into_iter().for_each(|doubt| self.receipts.doubt(doubt));
        self.submit_what_may_be_lost();
    }

    /// A leader of an earlier term may have lost what somebody waits for.
    pub(super) fn note_term(&mut self) {
        self.unsettled |= std::mem::replace(&mut self.term, self.core.term()) != self.core.term();
        if self.unsettled && self.core.settled_term().is_some() {
            self.unsettled = false;
            self.submit_what_may_be_lost();
        }
    }

    /// Submits again what somebody waits for and leaders of the past have not put into the chain. The leader of the present
    /// is waited for until there is one and it can be reached. What it has already, it does not take again.
    pub(super) fn submit_what_may_be_lost(&mut self) {
        let Some(term) = self.core.settled_term().filter(|_| self.stopping.is_none()) else {
            return;
        };
        let reached = self.core.leads() || self.transport.reaches(self.core.leader());
        if self.receipts.is_empty() || !reached {
            return;
        }
        let due = self.receipts.due(term);
        if !due.is_empty() {
            info!(
                channel = self.channel.id,
                messages = due.len(),
                "submitting messages again that their leader may have lost"
            );
        }
        self.again.extend(due);
    }

    /// The configuration in `config` is in force: an update that followed from the one before will not be ordered any more.
    pub(super) fn reconfigured(&mut self, config: &Bytes) {
        let (channel, group) = (self.channel.clone(), self.group());
        self.receipts
            .reconfigured(config, |request| filters::again(&channel, request, &group).map(|_| ()));
    }

    /// Submits what lost its leader before it got into a block. Returns whether anything was done.
    pub(super) fn submit_again(&mut self) -> bool {
        if self.stopping.is_some() && self.core.leads() {
            return false;
        }
        let mut done = false;
        while self.core.accepts() {
            let Some(request) = self.again.pop_front() else { break };
            done = true;
            let message = request.message.clone();
            match self.order(request) {
                Submission::Taken => {}
                Submission::Forward(leader) => {
                    self.forward_in_background(leader, message);
                }
                Submission::NoLeader => {
                    if let Some(stamp) = message.stamp {
                        self.receipts.doubt(Doubt::One(stamp));
                        continue;
                    }
                    warn!(
                        channel = self.channel.id,
                        "a message is dropped: the leader was lost before it was ordered"
                    );
                    self.metrics.proposal_failures.inc();
                }
            }
        }
        done
    }

    fn forward_in_background(&self, leader: u64, message: Message) {
        let stamp = message.stamp;
        let Ok(request) = submit_request(&self.channel.id, message) else {
            return;
        };
        let (sent, channel) = (self.transport.submit(leader, request), self.channel.id.clone());
        let doubts = self.doubts.clone();
        tokio::spawn(async move {
            if let Err(reason) = sent.await {
                warn!(channel, leader, reason, "a message could not be sent to the new leader");
                doubts.lock().extend(stamp.map(Doubt::One));
            }
        });
    }
}
