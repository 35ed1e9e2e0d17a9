//! Ledgers on disk. One without the genesis block is a join that was interrupted.

use std::path::Path;
use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::config::{Bundle, ConfigError};
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::{LedgerError, Ledgers, Memory};

use tracing::{info, warn};

use super::Channel;

/// Why the ledgers of a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the ledgers in {path} cannot be opened: {source}")]
    Folder { path: String, source: LedgerError },
    #[error("the ledger of channel {channel} cannot be opened: {source}")]
    Ledger { channel: String, source: LedgerError },
    #[error("the ledger of channel {channel} holds no usable configuration: {reason}")]
    Configuration { channel: String, reason: String },
    #[error("opening the ledgers was interrupted: {0}")]
    Task(tokio::task::JoinError),
}

/// The ledgers in `folder`, with the configuration in force of each.
pub(super) fn open_all(folder: &Path) -> Result<(Ledgers, Vec<Arc<Channel>>), OpenError> {
    let folder_failed = |source| OpenError::Folder {
        path: folder.display().to_string(),
        source,
    };
    let ledgers = Ledgers::open(folder, Memory::default()).map_err(folder_failed)?;
    let mut channels = Vec::new();
    for id in ledgers.channels().map_err(folder_failed)? {
        channels.extend(open(&ledgers, &id)?.map(Arc::new));
    }
    Ok((ledgers, channels))
}

fn open(ledgers: &Ledgers, id: &str) -> Result<Option<Channel>, OpenError> {
    let failed = |source| OpenError::Ledger {
        channel: id.to_owned(),
        source,
    };
    let ledger = ledgers.ledger(id).map_err(failed)?;
    let Some(newest) = ledger.height().checked_sub(1) else {
        warn!(channel = id, "joining the channel was interrupted; join it again");
        return Ok(None);
    };
    let unusable = |reason: String| OpenError::Configuration {
        channel: id.to_owned(),
        reason,
    };
    let stored = |number| {
        let block = ledger.blocks().block(number).map_err(failed)?;
        block.ok_or_else(|| unusable(format!("block {number} is missing")))
    };
    let last = stored(newest)?;
    let number = match block::is_config(&last) {
        true => newest,
        false => block::last_config(&last)
            .ok_or_else(|| unusable("the last block does not name its configuration".to_owned()))?,
    };
    let bundle = Bundle::from_block(&*stored(number)?).map_err(|error| unusable(error.to_string()))?;
    info!(
        channel = id,
        height = newest + 1,
        configuration = number,
        "opened a ledger"
    );
    Ok(Some(Channel::new(id, Arc::new(bundle), ledger)))
}

/// Whether this peer can run a channel that begins with `genesis`.
pub(super) fn check_genesis(genesis: &Block) -> Result<Arc<Bundle>, String> {
    let header = genesis.header.as_ref().ok_or("the block has no header")?;
    if header.number != 0 {
        return Err(format!(
            "a channel is joined with its genesis block, this is block {}",
            header.number
        ));
    }
    let data = genesis.data.as_ref().map_or(&[][..], |data| &data.data);
    if block::data_hash(data).as_slice() != header.data_hash {
        return Err("the block's data does not have the hash that its header gives".to_owned());
    }
    let bundle = Bundle::from_block(genesis).map_err(|ConfigError(reason)| reason)?;
    let application = bundle
        .application
        .as_ref()
        .ok_or("the configuration has no application group")?;
    // Before V2_0 chaincodes are defined and validated by rules that this peer does not implement.
    if !application
        .capabilities
        .iter()
        .any(|capability| capability.starts_with("V2_"))
    {
        return Err("application capability V2_0 or V2_5 is required".to_owned());
    }
    Ok(Arc::new(bundle))
}

pub(super) fn create(ledgers: &Ledgers, bundle: Arc<Bundle>, genesis: Block) -> Result<Channel, LedgerError> {
    let id = bundle.channel_id.clone();
    let ledger = ledgers.ledger(&id)?;
    ledger.commit(genesis, vec![TxValidationCode::Valid])?;
    info!(channel = id, "joined a channel");
    Ok(Channel::new(&id, bundle, ledger))
}
