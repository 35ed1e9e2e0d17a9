//! Joining channels, and resuming those that were joined.

use std::io;
use std::sync::Arc;

use entente_fabric::config::{Bundle, consenters};
use entente_fabric::proto::common::Block;
use entente_ledger::BlockStore;
use parking_lot::RwLock;
use prost::Message as _;
use std::time::SystemTime;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::paths::Paths;
use super::{Absence, Absent, ChannelInfo, Entry, Registrar, Relation, Setup, State, Unavailable, number};
use crate::channel::{Channel, ChannelError};
use crate::cluster;
use crate::raft::membership::{CONSENSUS_TYPE, Membership};

/// Why a channel cannot be joined. The texts are stock's where it has them.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error("channel already exists")]
    Exists,
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    #[error("failed to determine cluster membership from join-block: {0}")]
    Membership(String),
    #[error("{0}")]
    Channel(#[from] ChannelError),
    #[error("failed saving joinblock to file repo for channel {channel}: {source}")]
    Save { channel: String, source: io::Error },
    #[error("{0}")]
    Start(String),
}

impl Registrar {
    /// Opens the data folder and resumes what is in it. A channel that cannot be resumed is reported as failed and does
    /// not stand in the way of the others.
    pub fn open(setup: Setup) -> Result<Arc<Registrar>, String> {
        let dir = setup.data_dir.clone();
        let unusable = |error: io::Error| format!("the data folder {} cannot be used: {error}", dir.display());
        let paths = Paths::create(&dir).map_err(unusable)?;
        let found = paths.channels().map_err(unusable)?;
        let registrar = Arc::new(Registrar {
            paths,
            setup,
            channels: RwLock::default(),
            absent: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
        });
        for channel in found {
            if let Err(reason) = registrar.resume(&channel) {
                error!(channel, reason, "a channel cannot be resumed");
                let damaged = Absent {
                    relation: Relation::Consenter,
                    why: Absence::Damaged(reason),
                };
                registrar.report(&damaged.info(&channel));
                registrar.absent.write().insert(channel, damaged);
            }
        }
        Ok(registrar)
    }

    fn resume(self: &Arc<Self>, channel: &str) -> Result<(), String> {
        let join_block = self.paths.load_join_block(channel).map_err(|error| error.to_string())?;
        let join_block = join_block.map(|bytes| Block::decode(bytes.as_slice())).transpose();
        let join_block = join_block.map_err(|error| format!("its join block cannot be read: {error}"))?;
        let height = self.paths.blocks(channel).exists();
        if join_block.is_none() && !height {
            // Removed, but for the empty folder.
            return std::fs::remove_dir_all(self.paths.channel(channel)).map_err(|error| error.to_string());
        }
        self.begin(channel, join_block)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    /// Joins a channel with a configuration block that has been checked to be one.
    pub async fn join(self: &Arc<Self>, channel: &str, block: Block) -> Result<ChannelInfo, JoinError> {
        let _alone = self.changing.lock().await;
        match self.active(channel) {
            Ok(_) | Err(Unavailable::Follower | Unavailable::Damaged) => return Err(JoinError::Exists),
            Err(Unavailable::Unknown) => {}
            Err(removed) => return Err(removed.into()),
        }
        // Everything that can be wrong with it is found before anything is written.
        let bundle = Bundle::from_block(&block).map_err(|error| {
            JoinError::Channel(ChannelError::Config {
                channel: channel.to_owned(),
                reason: error.to_string(),
            })
        })?;
        self.is_consenter_of(&bundle).map_err(JoinError::Membership)?;
        let (paths, name, bytes) = (self.paths.clone(), channel.to_owned(), block.encode_to_vec());
        let saved = tokio::task::spawn_blocking(move || paths.save_join_block(&name, &bytes)).await;
        let save = |source| JoinError::Save {
            channel: channel.to_owned(),
            source,
        };
        saved.map_err(|error| save(io::Error::other(error)))?.map_err(save)?;
        let joined = self.begin(channel, Some(block));
        if joined.is_err()
            && let Err(error) = self.paths.set_aside(channel).and_then(|()| self.paths.delete(channel))
        {
            error!(channel, %error, "what is left of a failed join could not be removed");
        }
        joined
    }

    /// Opens a channel and starts its task.
    fn begin(self: &Arc<Self>, id: &str, join_block: Option<Block>) -> Result<ChannelInfo, JoinError> {
        let blocks = BlockStore::open(&self.paths.blocks(id)).map_err(|source| ChannelError::Ledger {
            channel: id.to_owned(),
            source,
        })?;
        let channel = Arc::new(Channel::open(
            id,
            blocks,
            join_block.as_ref(),
            self.setup.signer.clone(),
        )?);
        let member = self.is_consenter_of(&channel.bundle()).map_err(JoinError::Membership)?;
        if let Some(first) = join_block.as_ref().filter(|block| member && number(block) == 0)
            && channel.blocks.height() == 0
        {
            let appended = channel.blocks.append(first).and_then(|()| channel.blocks.sync());
            appended.map_err(|source| ChannelError::Ledger {
                channel: id.to_owned(),
                source,
            })?;
        }
        let arrived = join_block
            .as_ref()
            .is_none_or(|block| channel.blocks.height() > number(block));
        let state = if member && arrived {
            let consenter = self.start_consenter(&channel).map_err(JoinError::Start)?;
            self.paths
                .remove_join_block(id)
                .map_err(|error| JoinError::Start(error.to_string()))?;
            State::Consenter(consenter)
        } else {
            State::Follower {
                join_number: join_block.as_ref().map(number),
            }
        };
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let entry = Arc::new(Entry {
            channel,
            state: RwLock::new(state),
            stop,
            ended,
        });
        self.channels.write().insert(id.to_owned(), entry.clone());
        let info = entry.info();
        info!(channel = id, relation = ?info.relation, status = ?info.status, height = info.height, "joined");
        self.report(&info);
        tokio::spawn(self.clone().live(entry, join_block));
        Ok(info)
    }

    /// Whether the configuration names this node as a consenter. An error when it is no usable Raft configuration.
    pub(super) fn is_consenter_of(&self, bundle: &Bundle) -> Result<bool, String> {
        let orderer = bundle.orderer.as_ref().ok_or("no orderer config in bundle")?;
        if orderer.consensus_type != CONSENSUS_TYPE {
            return Err(format!(
                "consensus type {} is not supported by this orderer",
                orderer.consensus_type
            ));
        }
        let raft = consenters::raft_metadata(orderer).map_err(|error| error.to_string())?;
        let organizations = orderer.organizations.values();
        let msps = organizations.filter_map(|organization| bundle.msps.msp(&organization.msp_id));
        let authorities: Vec<Vec<u8>> = msps.flat_map(|msp| msp.tls_roots().to_vec()).collect();
        consenters::check_metadata(&raft, &authorities, SystemTime::now())
            .map_err(|error| format!("failed to validate config metadata of ordering config: {error}"))?;
        Ok(cluster::own_id(&Membership::new(None, &raft), &self.setup.own_key).is_some())
    }
}
