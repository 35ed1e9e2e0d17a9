//! Marks of messages that an orderer answers for, so that one which is submitted again is not ordered again.
//!
//! Copies of such a message may be under way to several leaders at a time: one waits in the queue of a leader that hangs,
//! another is sent to its successor. A stamp is good for one term, and within it for one copy. Whoever made it sends the
//! message with a stamp of the next term when, and only when, the terms before have left it out of the chain. Messages are
//! never compared: a client may have the same bytes ordered as often as it sends them, as with a stock orderer.

use std::collections::{HashSet, VecDeque};

use entente_fabric::proto::orderer::SubmitStamp;

/// So many stamped messages of a term are remembered: far more than can be under way twice.
const REMEMBERED: usize = 1 << 16;

/// Names one message of one orderer in one term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Drawn at random whenever an orderer starts.
    pub submitter: u64,
    pub number: u64,
    /// The term of the leader that it is meant for.
    pub term: u64,
}

impl From<SubmitStamp> for Stamp {
    fn from(stamp: SubmitStamp) -> Stamp {
        Stamp {
            submitter: stamp.submitter,
            number: stamp.number,
            term: stamp.term,
        }
    }
}

impl From<Stamp> for SubmitStamp {
    fn from(stamp: Stamp) -> SubmitStamp {
        SubmitStamp {
            submitter: stamp.submitter,
            number: stamp.number,
            term: stamp.term,
        }
    }
}

/// The stamps that a leader has seen in its term.
#[derive(Debug, Default)]
pub struct Seen {
    term: u64,
    stamps: HashSet<(u64, u64)>,
    /// The same, oldest first.
    order: VecDeque<(u64, u64)>,
}

impl Seen {
    /// Whether the leader of `term` is to order a message with this stamp. It is asked once a message, just before.
    pub fn admits(&mut self, stamp: Option<Stamp>, term: u64) -> bool {
        let Some(stamp) = stamp else { return true };
        if stamp.term != term {
            return false;
        }
        if self.term != term {
            *self = Seen {
                term,
                ..Seen::default()
            };
        }
        let name = (stamp.submitter, stamp.number);
        if !self.stamps.insert(name) {
            return false;
        }
        self.order.push_back(name);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.stamps.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(submitter: u64, number: u64, term: u64) -> Option<Stamp> {
        Some(Stamp {
            submitter,
            number,
            term,
        })
    }

    #[test]
    fn a_stamp_is_good_once_and_in_its_term() {
        let mut seen = Seen::default();

        assert!(seen.admits(stamp(1, 1, 5), 5));
        assert!(!seen.admits(stamp(1, 1, 5), 5));
        assert!(seen.admits(stamp(2, 1, 5), 5));
        assert!(seen.admits(stamp(1, 2, 5), 5));
        assert!(!seen.admits(stamp(1, 3, 4), 5));
        assert!(!seen.admits(stamp(1, 3, 6), 5));
        assert!(!seen.admits(stamp(1, 1, 5), 6));
        assert!(seen.admits(stamp(1, 1, 6), 6));
    }

    #[test]
    fn what_bears_no_stamp_is_always_ordered() {
        let mut seen = Seen::default();

        assert!(seen.admits(None, 5));
        assert!(seen.admits(None, 5));
    }

    #[test]
    fn only_so_many_stamps_are_remembered() {
        let mut seen = Seen::default();

        for number in 0..=REMEMBERED as u64 {
            assert!(seen.admits(stamp(1, number, 5), 5));
        }

        assert!(seen.admits(stamp(1, 0, 5), 5));
        assert!(!seen.admits(stamp(1, REMEMBERED as u64, 5), 5));
        assert_eq!((seen.stamps.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
    }
}
