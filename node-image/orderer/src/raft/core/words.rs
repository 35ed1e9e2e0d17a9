//! What the core is asked, what it answers, and what it wants done.

use std::collections::BTreeMap;

use ::raft::eraftpb::{Entry, HardState, Message as RaftMessage};
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockHeader};
use entente_fabric::proto::etcdraft::Consenter;

use crate::cutter::Message;
use crate::raft::log::Checkpoint;
use crate::raft::wal::Batch;

/// No node: what Raft calls the leader when there is none.
pub const NONE: u64 = 0;

/// The last block of a chain: what the next one is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    pub number: u64,
    pub hash: [u8; 32],
}

impl Tip {
    pub fn of(header: &BlockHeader) -> Tip {
        Tip {
            number: header.number,
            hash: block::header_hash(header),
        }
    }
}

/// What becomes of a submitted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// It will be in a block, unless this node loses the lead first, or dies.
    Taken,
    /// It is the business of this consenter.
    Forward(u64),
    NoLeader,
}

/// A checked message together with what ordering must know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub message: Message,
    /// A CONFIG envelope: gets a block of its own, and nothing else is ordered until that is written.
    pub is_config: bool,
}

/// Why a node takes no further part in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// A configuration has removed it.
    Evicted,
    /// It is addressed by an id that is not its own, so its own idea of the group is out of date.
    Misaddressed,
    /// It met something that it cannot go on with; the text is for the operator.
    Fault(String),
}

/// What must be done, in order.
#[derive(Debug)]
pub enum Effect {
    /// Losing it is harmless. `metadata` goes along for the receiver (`ClusterMetadata`), and is mostly empty.
    Send {
        message: RaftMessage,
        metadata: Vec<u8>,
    },
    /// Make durable, in order, then report [`Core::persisted`].
    Persist {
        number: u64,
        batch: Batch,
    },
    /// Append to the chain. `metadata` is the marshalled `BlockMetadata` to sign along.
    Write {
        block: Block,
        metadata: Vec<u8>,
    },
    /// Append to the chain as it is: pulled from another orderer, verified, with its signature.
    WritePulled {
        block: Block,
    },
    /// Once the chain is durable, begin a new log file with this.
    Fold {
        checkpoint: Checkpoint,
        entries: Vec<Entry>,
        hard_state: HardState,
    },
    /// Pull blocks from other orderers up to this number and hand them to [`Core::pulled`].
    CatchUp {
        to: u64,
    },
    /// The consenters are these from now on.
    Connect(BTreeMap<u64, Consenter>),
    /// Submit these again: they were waiting for a block when this node lost the lead, and are in none.
    Resubmit(Vec<Request>),
    Halt(Halt),
}
