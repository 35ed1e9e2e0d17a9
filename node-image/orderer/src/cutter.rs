//! Decides which transactions share a block (`orderer/common/blockcutter/blockcutter.go`).

use bytes::Bytes;

/// A transaction on its way into a block: the marshalled envelope, and the size that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub bytes: Bytes,
    /// Payload plus signature, without the few bytes of framing, as stock counts.
    pub size: u64,
    /// Sequence of the configuration under which it was checked. When that has moved on, it is checked again.
    pub checked_at: u64,
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
        self.pending_bytes += message.size;
        self.pending.push(message);
        if self.pending.len() as u64 >= u64::from(limits.max_message_count) {
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
        Message { bytes: Bytes::from_static(name.as_bytes()), size, checked_at: 0 }
    }

    fn names(batches: &[Vec<Message>]) -> Vec<Vec<&str>> {
        let name = |message: &Message| std::str::from_utf8(message.bytes.as_ref()).unwrap().to_owned().leak() as &str;
        batches.iter().map(|batch| batch.iter().map(name).collect()).collect()
    }

    fn run(limits: Limits, sizes: &[(&'static str, u64)]) -> (Vec<Vec<&'static str>>, bool) {
        let mut cutter = Cutter::default();
        let batches: Vec<_> =
            sizes.iter().flat_map(|(name, size)| cutter.ordered(message(name, *size), limits)).collect();
        (names(&batches).into_iter().collect(), !cutter.is_empty())
    }

    const LIMITS: Limits = Limits { max_message_count: 3, preferred_max_bytes: 100 };

    #[test]
    fn a_full_count_makes_a_block() {
        assert_eq!(run(LIMITS, &[("a", 1), ("b", 1), ("c", 1), ("d", 1)]), (vec![vec!["a", "b", "c"]], true));
    }

    #[test]
    fn a_message_that_would_overflow_the_block_starts_the_next_one() {
        assert_eq!(run(LIMITS, &[("a", 60), ("b", 60)]), (vec![vec!["a"]], true));
        assert_eq!(run(LIMITS, &[("a", 60), ("b", 40)]), (vec![], true));
    }

    #[test]
    fn a_message_above_the_preferred_size_is_alone_and_after_those_before_it() {
        assert_eq!(run(LIMITS, &[("a", 1), ("big", 101)]), (vec![vec!["a"], vec!["big"]], false));
        assert_eq!(run(LIMITS, &[("big", 101)]), (vec![vec!["big"]], false));
    }

    #[test]
    fn an_overflow_and_a_full_count_make_two_blocks() {
        let one = Limits { max_message_count: 1, ..LIMITS };

        assert_eq!(run(one, &[("a", 99)]), (vec![vec!["a"]], false));
    }
}
