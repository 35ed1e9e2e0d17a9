//! Starts a chain from what is on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::proto::common::Block;
use entente_fabric::proto::etcdraft::ConfigMetadata;
use tokio::sync::{Semaphore, mpsc, watch};

use super::disk::Disk;
use super::driver::{Clock, Driver, Parts};
use super::receipts::Doubts;
use super::{Chain, INPUT_QUEUE, SUBMIT_QUEUE, Surroundings, UNIT, UNORDERED_BYTES, View};
use crate::channel::{Channel, limits, orderer};
use crate::raft::core::{Core, Options, Start, Tip};
use crate::raft::membership::{self, Membership};
use crate::raft::wal::Wal;
use crate::writer::Writer;

/// `DefaultSnapshotIntervalSize` in `orderer/consensus/etcdraft/chain.go`.
const DEFAULT_SNAPSHOT_INTERVAL: u64 = 16 << 20;

impl Chain {
    /// Starts ordering on `channel`, which has at least its first block. `own_id` finds this node among the consenters;
    /// `None` from it means that the node is not one of them.
    pub fn start(
        channel: Arc<Channel>,
        log_dir: &Path,
        own_id: impl Fn(&Membership) -> Option<u64>,
        surroundings: Surroundings,
    ) -> Result<Chain, String> {
        let tip = tip_block(&channel)?;
        let header = tip.header.as_ref().ok_or("the last block has no header")?;
        let bundle = channel.bundle();
        let orderer = orderer(&bundle)?;
        let raft: ConfigMetadata =
            prost::Message::decode(orderer.consensus_metadata.as_slice()).map_err(|error| error.to_string())?;
        let membership = Membership::new(membership::block_metadata(&tip), &raft);
        let id = own_id(&membership).ok_or("this orderer is not a consenter of the channel")?;
        let (wal, found) =
            Wal::open(log_dir).map_err(|error| format!("the Raft log in {}: {error}", log_dir.display()))?;
        let start = match found {
            // Without a term, not even the first write to the log was whole: nothing has been promised to anybody.
            Some(recovered) if recovered.hard_state.term > 0 => Start::Resume(recovered),
            _ if header.number == 0 => Start::NewChannel,
            _ => Start::Join,
        };
        let options = raft.options.ok_or("etcdraft options have not been provided")?;
        let tick = tick_interval(&options.tick_interval)?;
        let clock = Clock {
            tick,
            heartbeat_ticks: options.heartbeat_tick.max(1),
            election_ticks: options.election_tick,
        };
        let core_options = Options {
            id,
            channel: channel.id.clone(),
            election_tick: options.election_tick as usize,
            heartbeat_tick: options.heartbeat_tick as usize,
            election_range: None,
            max_inflight_blocks: options.max_inflight_blocks as usize,
            max_bytes_per_message: u64::from(orderer.preferred_max_bytes),
            snapshot_interval: match options.snapshot_interval_size {
                0 => DEFAULT_SNAPSHOT_INTERVAL,
                size => u64::from(size),
            },
        };
        let core = Core::new(core_options, start, Tip::of(header), membership, limits(orderer))?;
        let Surroundings {
            transport,
            puller,
            metrics,
        } = surroundings;
        let (submits, submitted) = mpsc::channel(SUBMIT_QUEUE);
        let (inputs, received) = mpsc::channel(INPUT_QUEUE);
        let (view_sender, view) = watch::channel(View::default());
        let (end_sender, end) = watch::channel(None);
        let doubts = Doubts::default();
        let disk = Disk::new(wal, channel.blocks.clone(), metrics.data_persist_duration.clone());
        let driver = Driver::from(Parts {
            core,
            writer: Writer::new(channel.clone())?,
            channel: channel.clone(),
            disk,
            transport: transport.clone(),
            puller,
            metrics: metrics.clone(),
            clock,
            doubts: doubts.clone(),
        });
        tokio::spawn(driver.run(submitted, received, inputs.downgrade(), view_sender, end_sender));
        Ok(Chain {
            channel,
            transport,
            metrics,
            submits,
            room: Arc::new(Semaphore::new(UNORDERED_BYTES / UNIT)),
            doubts,
            inputs,
            view,
            end,
        })
    }
}

fn tip_block(channel: &Channel) -> Result<Arc<Block>, String> {
    let last = channel
        .blocks
        .height()
        .checked_sub(1)
        .ok_or("the channel has no block")?;
    channel
        .block(last)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("block {last} is missing"))
}

fn tick_interval(text: &str) -> Result<Duration, String> {
    let nanoseconds = entente_fabric::config::duration::parse(text)
        .map_err(|error| format!("the tick interval {text:?} cannot be read: {error}"))?;
    match u64::try_from(nanoseconds) {
        Ok(nanoseconds) if nanoseconds > 0 => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err(format!("the tick interval {text:?} is not positive")),
    }
}
