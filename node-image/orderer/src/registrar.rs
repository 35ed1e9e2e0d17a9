//! The channels of this orderer: on disk, running, and what role the node has in each
//! (`orderer/common/multichannel/registrar.go`).
//!
//! Under the data folder: `channels/<id>/blocks` and `channels/<id>/raft`, `join/<id>.block` for a channel that is being
//! joined, `removed/` for what is being deleted. The join block is written first and removed last, so that a crash in
//! between is followed by the same join again.

mod join;
mod lifecycle;
mod paths;
mod remove;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entente_api::node_config::TlsFiles;
use entente_fabric::crypto::Signer;
use entente_fabric::proto::common::Block;
use entente_ledger::deliver;
use parking_lot::RwLock;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::chain::Chain;
use crate::channel::{Channel, Readable};
use crate::cluster::{Connections, Group};
use crate::metrics::{ByChannel, Metrics};
use crate::pull::Source;
pub use join::JoinError;
use paths::Paths;

/// How this node takes part in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    Consenter,
    Follower,
}

/// How far it is with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Active,
    Onboarding,
    Inactive,
    Failed,
}

/// What the participation API shows of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelInfo {
    pub name: String,
    pub relation: Relation,
    pub status: Status,
    pub height: u64,
}

/// A channel that this node helps to order.
pub struct Consenter {
    pub chain: Arc<Chain>,
    pub group: Arc<Group>,
}

enum State {
    Consenter(Arc<Consenter>),
    Follower {
        join_number: Option<u64>,
    },
    /// Ordering or following ended with an error; the text is for the operator.
    Failed {
        relation: Relation,
        reason: String,
    },
    Stopped {
        relation: Relation,
    },
}

/// A channel that this node has.
struct Entry {
    channel: Arc<Channel>,
    state: RwLock<State>,
    /// Ends the channel's task.
    stop: CancellationToken,
    /// Cancelled when the task has ended.
    ended: CancellationToken,
}

/// A channel that does not run.
#[derive(Debug, Clone)]
struct Absent {
    relation: Relation,
    why: Absence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Absence {
    /// Its files are being deleted.
    Removal,
    RemovalFailed(String),
    /// What is on disk cannot be used.
    Damaged(String),
}

/// Everything that channels are made of.
pub struct Setup {
    pub data_dir: std::path::PathBuf,
    pub signer: Arc<dyn Signer>,
    pub connections: Arc<Connections>,
    pub source: Arc<Source>,
    pub own_authorities: Vec<Vec<u8>>,
    /// Public key of the node's TLS certificate, by which channels know it.
    pub own_key: Vec<u8>,
    /// A consenter that has had no leader for this long asks the others whether it was removed.
    pub eviction_suspicion: Duration,
    pub metrics: Metrics,
}

pub struct Registrar {
    paths: Paths,
    setup: Setup,
    channels: RwLock<BTreeMap<String, Arc<Entry>>>,
    absent: RwLock<BTreeMap<String, Absent>>,
    /// One join or removal at a time.
    changing: tokio::sync::Mutex<()>,
}

/// Why there is no such channel, or not to be used like this. The texts are stock's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("channel does not exist")]
    Unknown,
    #[error("channel pending removal")]
    PendingRemoval,
    #[error("channel removal failure")]
    RemovalFailed,
    #[error("channel is not ready, he is a follower")]
    Follower,
    #[error("channel cannot be opened, its health check says why")]
    Damaged,
}

impl Registrar {
    /// A channel that this node helps to order.
    pub fn consenter(&self, channel: &str) -> Option<Arc<Consenter>> {
        let entry = self.channels.read().get(channel)?.clone();
        match &*entry.state.read() {
            State::Consenter(consenter) => Some(consenter.clone()),
            State::Follower { .. } | State::Failed { .. } | State::Stopped { .. } => None,
        }
    }

    /// All channels, those that do not run included.
    pub fn list(&self) -> Vec<String> {
        let absent = self.absent.read();
        let mut names: Vec<String> = self.channels.read().keys().chain(absent.keys()).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub fn info(&self, channel: &str) -> Result<ChannelInfo, Unavailable> {
        if let Some(entry) = self.channels.read().get(channel) {
            return Ok(entry.info());
        }
        let absent = self.absent.read();
        let absent = absent.get(channel).ok_or(Unavailable::Unknown)?;
        Ok(absent.info(channel))
    }

    /// The channel, if it can be asked for blocks or updated.
    pub fn active(&self, channel: &str) -> Result<Arc<Consenter>, Unavailable> {
        if let Some(absent) = self.absent.read().get(channel) {
            return Err(match absent.why {
                Absence::Removal => Unavailable::PendingRemoval,
                Absence::RemovalFailed(_) => Unavailable::RemovalFailed,
                Absence::Damaged(_) => Unavailable::Damaged,
            });
        }
        if !self.channels.read().contains_key(channel) {
            return Err(Unavailable::Unknown);
        }
        self.consenter(channel).ok_or(Unavailable::Follower)
    }

    /// Channels that do not work, with the reason.
    pub fn failures(&self) -> Vec<(String, String)> {
        let failure = |(name, entry): (&String, &Arc<Entry>)| match &*entry.state.read() {
            State::Failed { reason, .. } => Some((name.clone(), reason.clone())),
            _ => None,
        };
        let running: Vec<_> = self.channels.read().iter().filter_map(failure).collect();
        let absent = self.absent.read();
        let absent = absent.iter().filter_map(|(name, absent)| match &absent.why {
            Absence::Removal => None,
            Absence::RemovalFailed(reason) | Absence::Damaged(reason) => Some((name.clone(), reason.clone())),
        });
        running.into_iter().chain(absent).collect()
    }

    fn report(&self, info: &ChannelInfo) {
        let labels = ByChannel {
            channel: info.name.clone(),
        };
        let relation = match info.relation {
            Relation::Consenter => 1,
            Relation::Follower => 2,
        };
        let status = match info.status {
            Status::Inactive => 0,
            Status::Active => 1,
            Status::Onboarding => 2,
            Status::Failed => 3,
        };
        self.setup
            .metrics
            .participation_relation
            .get_or_create(&labels)
            .set(relation);
        self.setup
            .metrics
            .participation_status
            .get_or_create(&labels)
            .set(status);
    }
}

impl Absent {
    fn info(&self, name: &str) -> ChannelInfo {
        let status = match self.why {
            Absence::Removal => Status::Inactive,
            Absence::RemovalFailed(_) | Absence::Damaged(_) => Status::Failed,
        };
        ChannelInfo {
            name: name.to_owned(),
            relation: self.relation,
            status,
            height: 0,
        }
    }
}

impl Entry {
    fn info(&self) -> ChannelInfo {
        let height = self.channel.blocks.height();
        let (relation, status) = match &*self.state.read() {
            State::Consenter(_) => (Relation::Consenter, Status::Active),
            State::Follower {
                join_number: Some(join),
            } if height <= *join => (Relation::Follower, Status::Onboarding),
            State::Follower { .. } => (Relation::Follower, Status::Active),
            State::Failed { relation, .. } => (*relation, Status::Failed),
            State::Stopped { relation } => (*relation, Status::Inactive),
        };
        ChannelInfo {
            name: self.channel.id.clone(),
            relation,
            status,
            height,
        }
    }
}

impl deliver::Channels for Registrar {
    type Channel = Readable;

    /// Only channels that are ordered here: a follower may be far behind without knowing.
    fn channel(&self, id: &str) -> Option<Readable> {
        self.consenter(id)
            .map(|consenter| Readable(consenter.chain.channel().clone()))
    }
}

/// Issuers in PEM files, as DER.
pub(crate) fn authorities(tls: &TlsFiles) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    for path in &tls.root_certificates {
        let pem = std::fs::read(path).map_err(|error| format!("tls.rootCertificates {}: {error}", path.display()))?;
        for block in x509_parser::pem::Pem::iter_from_buffer(&pem) {
            let block = block.map_err(|error| format!("tls.rootCertificates {}: {error}", path.display()))?;
            found.push(block.contents);
        }
    }
    Ok(found)
}

fn number(block: &Block) -> u64 {
    block.header.as_ref().map_or(0, |header| header.number)
}
