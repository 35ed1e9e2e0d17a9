//! One node's answering for messages, as the driver does it: stamps, receipts, and submitting again.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use super::super::{Core, Request, Submission};
use crate::chain::receipts::{Asker, Doubt, Outcome, Receipts};
use crate::stamp::Seen;

pub struct Desk {
    receipts: Receipts,
    seen: Seen,
    again: VecDeque<Request>,
    /// A forwarded message may not have arrived.
    pub doubt: bool,
    term: u64,
    unsettled: bool,
    waiting: Vec<(Bytes, oneshot::Receiver<Outcome>)>,
}

impl Desk {
    pub fn new(submitter: u64) -> Desk {
        Desk {
            receipts: Receipts::new(submitter),
            seen: Seen::default(),
            again: VecDeque::new(),
            doubt: false,
            term: 0,
            unsettled: false,
            waiting: Vec::new(),
        }
    }

    /// A client's message. Returns whom to forward it to.
    pub fn submit(&mut self, core: &mut Core, mut request: Request) -> Option<(u64, Request)> {
        let (answer, answered) = oneshot::channel();
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let asker = Asker { answer, room };
        self.receipts.wait(&mut request, core.term(), asker, Instant::now());
        let stamp = request.message.stamp;
        self.waiting.push((request.message.bytes.clone(), answered));
        match self.order(core, request.clone()) {
            Submission::Taken => None,
            Submission::Forward(leader) => Some((leader, request)),
            Submission::NoLeader => {
                self.receipts.withdraw(stamp);
                None
            }
        }
    }

    /// Any message, also one that another node has forwarded.
    pub fn order(&mut self, core: &mut Core, request: Request) -> Submission {
        let stamp = request.message.stamp;
        if stamp.is_some_and(|stamp| stamp.term != core.term()) {
            return Submission::Taken;
        }
        if !core.leads() {
            return core.submit(request);
        }
        if !core.accepts() {
            self.again.push_back(request);
            return Submission::Taken;
        }
        match self.seen.admits(stamp, core.term()) {
            true => core.submit(request),
            false => Submission::Taken,
        }
    }

    pub fn resubmit(&mut self, requests: Vec<Request>) {
        self.again.extend(requests);
    }

    /// What was under way and is in the chain now: who waited for it has been told so.
    pub fn written(&mut self, messages: &[Bytes]) -> Vec<Vec<u8>> {
        self.receipts.written(messages);
        let mut acknowledged = Vec::new();
        self.waiting.retain_mut(|(bytes, answered)| match answered.try_recv() {
            Ok(outcome) => {
                assert_eq!(outcome, Ok(()));
                acknowledged.push(bytes.to_vec());
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => false,
        });
        acknowledged
    }

    pub fn tick(&mut self, core: &Core) {
        if std::mem::take(&mut self.doubt) {
            self.receipts.doubt(Doubt::Everything);
        }
        self.submit_what_may_be_lost(core);
    }

    /// Takes the next step after something happened. Returns what is to be forwarded.
    pub fn settle(&mut self, core: &mut Core) -> Vec<(u64, Request)> {
        self.unsettled |= std::mem::replace(&mut self.term, core.term()) != core.term();
        if self.unsettled && core.settled_term().is_some() {
            self.unsettled = false;
            self.submit_what_may_be_lost(core);
        }
        let mut forwarded = Vec::new();
        while core.accepts()
            && let Some(request) = self.again.pop_front()
        {
            match self.order(core, request.clone()) {
                Submission::Taken => {}
                Submission::Forward(leader) => forwarded.push((leader, request)),
                Submission::NoLeader => {
                    let stamp = request.message.stamp;
                    stamp
                        .into_iter()
                        .for_each(|stamp| self.receipts.doubt(Doubt::One(stamp)));
                }
            }
        }
        forwarded
    }

    fn submit_what_may_be_lost(&mut self, core: &Core) {
        if let Some(term) = core.settled_term() {
            self.again.extend(self.receipts.due(term));
        }
    }

    /// Whether nobody waits for anything.
    pub fn is_idle(&self) -> bool {
        self.receipts.is_empty()
    }
}
