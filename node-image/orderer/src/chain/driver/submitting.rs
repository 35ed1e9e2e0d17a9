//! Messages to be ordered: new ones, and those that must be submitted again.

use bytes::Bytes;
use entente_fabric::proto::orderer::SubmitRequest;
use tracing::warn;

use super::Driver;
use crate::chain::Submit;
use crate::filters;
use crate::raft::core::{Request, Submission};

impl Driver {
    pub(super) fn submit(&mut self, submit: Submit) {
        let Submit { request, answer } = submit;
        let outcome = self.order(request);
        // Whoever asked may have gone.
        answer.send(outcome).ok();
    }

    /// Orders a message, checking it again if the configuration has moved on since it was checked. As in stock, the
    /// client is not told when that second check fails: it has its answer from another orderer, perhaps.
    pub(super) fn order(&mut self, request: Request) -> Submission {
        if !self.core.leads() {
            return self.core.submit(request);
        }
        if !self.core.accepts() {
            self.again.push_back(request);
            return Submission::Taken;
        }
        if request.message.checked_at >= self.channel.bundle().sequence {
            return self.core.submit(request);
        }
        match filters::again(&self.channel, &request, &self.group()) {
            Ok(request) => self.core.submit(request),
            Err(rejection) => {
                warn!(
                    channel = self.channel.id,
                    reason = rejection.info,
                    "a message is no longer valid"
                );
                self.metrics.proposal_failures.inc();
                Submission::Taken
            }
        }
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
            let (bytes, sequence) = (request.message.bytes.clone(), request.message.checked_at);
            match self.order(request) {
                Submission::Taken => {}
                Submission::Forward(leader) => self.forward_in_background(leader, bytes, sequence),
                Submission::NoLeader => {
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

    pub(super) fn forward_in_background(&self, leader: u64, bytes: Bytes, sequence: u64) {
        let Ok(payload) = prost::Message::decode(bytes) else {
            return;
        };
        let request = SubmitRequest {
            channel: self.channel.id.clone(),
            last_validation_seq: sequence,
            payload: Some(payload),
        };
        let (sent, channel) = (self.transport.submit(leader, request), self.channel.id.clone());
        tokio::spawn(async move {
            if let Err(reason) = sent.await {
                warn!(
                    channel,
                    leader, reason, "a message is dropped: it could not be sent to the new leader"
                );
            }
        });
    }
}
