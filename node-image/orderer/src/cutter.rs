//! Decides which transactions share a block (`orderer/common/blockcutter/blockcutter.go`).
//!
//! Unlike stock, it does not let an urgent transaction wait for company: the batch timeout is an upper bound.

use bytes::Bytes;

use crate::stamp::Stamp;

/// A transaction on its way into a block: the marshalled envelope, and the size that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub bytes: Bytes,
    /// Payload plus signature, without the few bytes of framing, as stock counts.
    pub size: u64,
    /// Sequence of the configuration under which it was checked. When that has moved on, it is checked again.
    pub checked_at: u64,
    /// The batch is cut right after it: whoever sent it waits for it, and sends nothing else meanwhile.
    pub urgent: bool,
    /// Of the orderer that answers for it, if one does.
    pub stamp: Option<Stamp>,
}

/// The limits in the channel configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_message_count: u32,
    pub preferred_max_bytes: u32,
}

/// Transactions that wait for company.
#[derive(Debug, Default)]
pub struct Cutter {
    pending: Vec<Message>,
    pending_bytes: u64,
}

impl Cutter {
    /// Takes a message and returns the batches that are full: none, one, or two when the message is so large that it gets
    /// a block of its own after those that waited.
    pub fn ordered(&mut self, message: Message, limits: Limits) -> Vec<Vec<Message>> {
        let preferred = u64::from(limits.preferred_max_bytes);
        let mut batches = Vec::new();
        if message.size > preferred {
            batches.extend(self.cut());
            batches.push(vec![message]);
            return batches;
        }
        if self.pending_bytes + message.size > preferred {
            batches.extend(self.cut());
        }
        let urgent = message.urgent;
        self.pending_bytes += message.size;
        self.pending.push(message);
        if urgent || self.pending.len() as u64 >= u64::from(limits.max_message_count) {
            batches.extend(self.cut());
        }
        batches
    }

    /// Takes what waits; `None` when nothing does.
    pub fn cut(&mut self) -> Option<Vec<Message>> {
        self.pending_bytes = 0;
        Some(std::mem::take(&mut self.pending)).filter(|batch| !batch.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &'static str, size: u64) -> Message {
        Message {
            bytes: Bytes::from_static(name.as_bytes()),
            size,
            checked_at: 0,
            urgent: name.starts_with("urgent"),
            stamp: None,
        }
    }

    /// The batches that come out, by name, and whether something still waits.
    fn run(limits: Limits, sizes: &[(&'static str, u64)]) -> (Vec<Vec<String>>, bool) {
        let mut cutter = Cutter::default();
        let name = |message: &Message| String::from_utf8(message.bytes.to_vec()).unwrap();
        let batches = sizes
            .iter()
            .flat_map(|(name, size)| cutter.ordered(message(name, *size), limits));
        let names = batches.map(|batch| batch.iter().map(name).collect()).collect();
        (names, !cutter.is_empty())
    }

    fn expected(batches: &[&[&str]], waiting: bool) -> (Vec<Vec<String>>, bool) {
        (
            batches
                .iter()
                .map(|batch| batch.iter().map(|name| (*name).to_owned()).collect())
                .collect(),
            waiting,
        )
    }

    const LIMITS: Limits = Limits {
        max_message_count: 3,
        preferred_max_bytes: 100,
    };

    #[test]
    fn a_full_count_makes_a_block() {
        assert_eq!(
            run(LIMITS, &[("a", 1), ("b", 1), ("c", 1), ("d", 1)]),
            expected(&[&["a", "b", "c"]], true)
        );
    }

    #[test]
    fn a_message_that_would_overflow_the_block_starts_the_next_one() {
        assert_eq!(run(LIMITS, &[("a", 60), ("b", 60)]), expected(&[&["a"]], true));
        assert_eq!(run(LIMITS, &[("a", 60), ("b", 40)]), expected(&[], true));
    }

    #[test]
    fn a_message_above_the_preferred_size_is_alone_and_after_those_before_it() {
        assert_eq!(
            run(LIMITS, &[("a", 1), ("big", 101)]),
            expected(&[&["a"], &["big"]], false)
        );
        assert_eq!(run(LIMITS, &[("big", 101)]), expected(&[&["big"]], false));
    }

    #[test]
    fn an_urgent_message_waits_for_nobody_and_takes_along_those_that_wait() {
        assert_eq!(
            run(LIMITS, &[("a", 1), ("urgent", 1), ("b", 1)]),
            expected(&[&["a", "urgent"]], true)
        );
        assert_eq!(run(LIMITS, &[("urgent", 1)]), expected(&[&["urgent"]], false));
        assert_eq!(
            run(LIMITS, &[("a", 60), ("urgent", 60)]),
            expected(&[&["a"], &["urgent"]], false)
        );
        assert_eq!(
            run(LIMITS, &[("a", 1), ("urgent, big", 101)]),
            expected(&[&["a"], &["urgent, big"]], false)
        );
    }

    #[test]
    fn a_count_of_one_makes_a_block_of_every_message() {
        let one = Limits {
            max_message_count: 1,
            ..LIMITS
        };

        assert_eq!(run(one, &[("a", 99)]), expected(&[&["a"]], false));
    }
}
