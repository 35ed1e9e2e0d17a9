//! Follows a channel without helping to order it (`orderer/common/follower`): pulls blocks, up to the one it joined with,
//! then on, until a configuration names this node as a consenter.

use std::sync::Arc;

use entente_fabric::proto::common::Block;
use entente_fabric::{block, config};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::channel::Channel;
use crate::pull::Source;
use crate::raft::core::Tip;
use crate::verify::Verifier;
use crate::writer::config_envelope;

/// Blocks that may wait between network and disk.
const AHEAD: usize = 32;

/// Pulls the blocks of `channel` until `is_consenter` says that the configuration in force names this node. Before the
/// join block is there, the configuration of the join block says whom to ask. A `demoted` node was a consenter by the
/// configuration that it has, and others know better: only a later one counts. An error is final.
pub async fn follow(
    channel: &Arc<Channel>,
    join_block: Option<&Block>,
    demoted: bool,
    source: &Source,
    is_consenter: impl Fn(&config::Bundle) -> bool,
) -> Result<(), String> {
    let join = join_block.and_then(|block| block.header.as_ref()).map(Tip::of);
    let arrived = |height: u64| join.is_none_or(|join| height > join.number);
    if !demoted && arrived(channel.blocks.height()) && is_consenter(&channel.bundle()) {
        return Ok(());
    }
    let (sender, mut blocks) = mpsc::channel(AHEAD);
    let mut verifier = Verifier::after(&channel.id, &channel.blocks, channel.bundle());
    // Half way to the join block, the configuration reached may name orderers that are long gone.
    let whom_to_ask = match join_block {
        Some(block) => Arc::new(config::Bundle::from_block(block).map_err(|error| error.to_string())?),
        None => channel.bundle(),
    };
    let pull = source.pull(&channel.id, whom_to_ask, &mut verifier, u64::MAX, true, &sender);
    let write = async {
        while let Some(block) = blocks.recv().await {
            let header = block.header.clone().ok_or("a block without a header")?;
            let is_config = block::is_config(&block);
            if let Some(join) = join.filter(|join| join.number == header.number) {
                if Tip::of(&header) != join {
                    return Err(format!(
                        "block {} of the channel is not the block that was joined with",
                        join.number
                    ));
                }
                info!(channel = channel.id, block = join.number, "the join block is reached");
            }
            write(channel, &block)?;
            // Before the join block, configurations are history: they may name nodes that are long gone.
            if arrived(header.number + 1) && is_config && is_consenter(&channel.bundle()) {
                return Ok(());
            }
            // A join block that is no change of configuration for us still decides.
            if join.is_some_and(|join| join.number == header.number) && is_consenter(&channel.bundle()) {
                return Ok(());
            }
        }
        Err("the source of blocks has ended".to_owned())
    };
    tokio::select! {
        () = pull => {
            warn!(channel = channel.id, "pulling blocks has ended");
            Err("the source of blocks has ended".to_owned())
        }
        result = write => {
            channel.blocks.sync().map_err(|error| error.to_string())?;
            result
        }
    }
}

/// Appends a verified block as it is. A configuration comes in force unless a later one, that of the join block, is.
fn write(channel: &Channel, block: &Block) -> Result<(), String> {
    channel.blocks.append(block).map_err(|error| error.to_string())?;
    let Some(envelope) = config_envelope(block)? else {
        return Ok(());
    };
    let next = config::Bundle::new(&channel.id, envelope.config.unwrap_or_default()).map_err(|e| e.to_string())?;
    if next.sequence >= channel.bundle().sequence {
        channel.set_bundle(next);
    }
    Ok(())
}
