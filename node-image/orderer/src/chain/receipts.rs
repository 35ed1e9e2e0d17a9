//! Who waits for which message to be in a block, and which messages must be submitted again until they are.
//!
//! An orderer tells a client that its message is ordered when the block that holds it is written here: Raft has agreed on
//! it, and no failure takes it away again. Until then this orderer answers for the message. A leader that is lost loses
//! what it had not proposed; once everything that its successor has taken over is in the chain here, what is still missing
//! was lost with it, and is submitted again.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use entente_fabric::envelope;
use entente_fabric::proto::common::{ConfigEnvelope, Envelope};
use parking_lot::Mutex;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::filters::Rejection;
use crate::raft::core::Request;
use crate::stamp::Stamp;

/// How long a message may take into a block. A stock gateway gives up after 30 s, and asks another orderer before that if
/// it is told.
const ORDER_TIMEOUT: Duration = Duration::from_secs(20);

/// The term of a message that may not have reached its leader.
const NEVER: u64 = 0;

/// What whoever waits is told in the end.
pub type Outcome = Result<(), Rejection>;

/// What may not have reached its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    Everything,
    /// Messages of other orderers are their business.
    One(Stamp),
}

/// The doubts that have arisen since the driver looked last.
pub type Doubts = Arc<Mutex<Vec<Doubt>>>;

/// Whoever waits for a message.
pub struct Asker {
    pub answer: oneshot::Sender<Outcome>,
    /// Its share of what may be unordered at a time. Given back when the message is not kept any longer.
    pub room: OwnedSemaphorePermit,
}

struct Waiting {
    request: Request,
    /// Of the leader that it was handed to last.
    term: u64,
    asker: Asker,
    deadline: Instant,
}

/// The messages that somebody waits for.
pub struct Receipts {
    /// Names this orderer, from this start of it on.
    submitter: u64,
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Numbers of messages by their bytes: a block does not say whose copy it holds.
    numbers: HashMap<Bytes, BTreeSet<u64>>,
}

impl Receipts {
    pub fn new(submitter: u64) -> Receipts {
        Receipts {
            submitter,
            next: 1,
            waiting: BTreeMap::new(),
            numbers: HashMap::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Stamps `request`, which is about to be handed to the leader of `term`, and keeps it until it is in a block.
    pub fn wait(&mut self, request: &mut Request, term: u64, asker: Asker, now: Instant) {
        let number = self.next;
        self.next += 1;
        request.message.stamp = Some(Stamp {
            submitter: self.submitter,
            number,
            term,
        });
        let bytes = request.message.bytes.clone();
        self.numbers.entry(bytes).or_default().insert(number);
        let waiting = Waiting {
            request: request.clone(),
            term,
            asker,
            deadline: now + ORDER_TIMEOUT,
        };
        self.waiting.insert(number, waiting);
    }

    /// These messages are in a block that is written.
    pub fn written(&mut self, messages: &[Bytes]) {
        if self.waiting.is_empty() {
            return;
        }
        for message in messages {
            if let Some(number) = self.numbers.get(message).and_then(|numbers| numbers.first().copied()) {
                self.settle(number, Ok(()));
            }
        }
    }

    /// The configuration in the message `config` is in force. The update that it came of is recognized in whatever envelope
    /// the leader has wrapped it; other updates are looked at again by `check`, as the leader does.
    pub fn reconfigured(&mut self, config: &Bytes, mut check: impl FnMut(&Request) -> Outcome) {
        let update = update_in(config);
        let updates = self.waiting.iter().filter(|(_, waiting)| waiting.request.is_config);
        let settled: Vec<(u64, Outcome)> = updates
            .filter_map(|(number, waiting)| {
                if update.is_some() && update_in(&waiting.request.message.bytes) == update {
                    return Some((*number, Ok(())));
                }
                check(&waiting.request).err().map(|rejection| (*number, Err(rejection)))
            })
            .collect();
        for (number, outcome) in settled {
            self.settle(number, outcome);
        }
    }

    /// A message will not be ordered.
    pub fn refused(&mut self, stamp: Option<Stamp>, rejection: Rejection) {
        if let Some(number) = self.own(stamp) {
            self.settle(number, Err(rejection));
        }
    }

    /// A message was not handed to any leader; whoever wanted that knows.
    pub fn withdraw(&mut self, stamp: Option<Stamp>) {
        if let Some(number) = self.own(stamp) {
            self.remove(number);
        }
    }

    /// What was handed to a leader may not have reached it.
    pub fn doubt(&mut self, doubt: Doubt) {
        match doubt {
            Doubt::Everything => self.waiting.values_mut().for_each(|waiting| waiting.term = NEVER),
            Doubt::One(stamp) => {
                let own = self.own(Some(stamp));
                if let Some(waiting) = own.and_then(|number| self.waiting.get_mut(&number)) {
                    waiting.term = NEVER;
                }
            }
        }
    }

    /// Nobody can be waited for any longer. What has been handed to a leader may still get into a block.
    pub fn give_up_all(&mut self, rejection: &Rejection) {
        while let Some((number, _)) = self.waiting.first_key_value() {
            self.settle(*number, Err(rejection.clone()));
        }
    }

    /// Gives up what takes too long, and what nobody waits for any more.
    pub fn give_up(&mut self, now: Instant) {
        let ended = |waiting: &Waiting| waiting.deadline <= now || waiting.asker.answer.is_closed();
        let over: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| ended(waiting))
            .map(|(number, _)| *number)
            .collect();
        for number in over {
            let info = format!("the message was not ordered within {ORDER_TIMEOUT:?}");
            self.settle(number, Err(Rejection::unavailable(info)));
        }
    }

    /// Messages that were handed to leaders before `term`: everything that these have left behind is in the chain, so they
    /// are to be submitted again, to the leader of `term`.
    pub fn due(&mut self, term: u64) -> Vec<Request> {
        let submitter = self.submitter;
        let due = self
            .waiting
            .iter_mut()
            .filter(|(_, waiting)| waiting.term < term && !waiting.asker.answer.is_closed());
        due.map(|(number, waiting)| {
            waiting.term = term;
            waiting.request.message.stamp = Some(Stamp {
                submitter,
                number: *number,
                term,
            });
            waiting.request.clone()
        })
        .collect()
    }

    fn own(&self, stamp: Option<Stamp>) -> Option<u64> {
        stamp
            .filter(|stamp| stamp.submitter == self.submitter)
            .map(|stamp| stamp.number)
    }

    fn settle(&mut self, number: u64, outcome: Outcome) {
        if let Some(waiting) = self.remove(number) {
            let Asker { answer, room } = waiting.asker;
            drop(room);
            // Whoever waited may have gone.
            answer.send(outcome).ok();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&number)?;
        let bytes = &waiting.request.message.bytes;
        if let Some(numbers) = self.numbers.get_mut(bytes) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.numbers.remove(bytes);
            }
        }
        Some(waiting)
    }
}

/// The update that a configuration came of.
fn update_in(config: &Bytes) -> Option<Envelope> {
    let envelope = Envelope::decode(config.clone()).ok()?;
    let (payload, _) = envelope::payload(&envelope).ok()?;
    ConfigEnvelope::decode(payload.data.as_slice()).ok()?.last_update
}
