//! What may be said about Raft nodes in a configuration (`orderer/consensus/etcdraft/util.go`,
//! `ValidateConsensusMetadata` in `chain.go`).

mod certificates;
mod membership;

pub use membership::{Change, ChangeKind, membership_change};

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use prost::Message as _;

use super::values::malformed;
use super::{Bundle, ConfigError, OrdererConfig, duration};
use crate::proto::etcdraft::{BlockMetadata, ConfigMetadata, Consenter};
use certificates::{Expired, check_certificates};

/// The Raft section of an orderer configuration.
pub fn raft_metadata(orderer: &OrdererConfig) -> Result<ConfigMetadata, ConfigError> {
    ConfigMetadata::decode(&orderer.consensus_metadata[..]).map_err(|error| {
        ConfigError(format!(
            "failed to unmarshal new etcdraft metadata configuration: {}",
            malformed(&error)
        ))
    })
}

/// The nodes by id: ids stand in block metadata, in the order of the configuration.
pub fn by_id(block: &BlockMetadata, raft: &ConfigMetadata) -> BTreeMap<u64, Consenter> {
    block
        .consenter_ids
        .iter()
        .copied()
        .zip(raft.consenters.iter().cloned())
        .collect()
}

/// Whether an update of the orderer section may be ordered by a Raft channel.
///
/// `block` and `active` are the chain's own: the ids in force, and those of the nodes that answer.
pub fn validate(
    old: &OrdererConfig,
    next: &Bundle,
    block: &BlockMetadata,
    active: &[u64],
    now: SystemTime,
) -> Result<(), ConfigError> {
    let Some(new) = &next.orderer else {
        return Err(ConfigError("config does not contain orderer config".to_owned()));
    };
    match new.consensus_type.as_str() {
        "etcdraft" => {}
        "BFT" => return every_organization_has_endpoints(new),
        other => {
            return Err(ConfigError(format!(
                "illegal consensus type detected during consensus metadata validation: {other}"
            )));
        }
    }
    let authorities = authorities(next, new);
    let raft = raft_metadata(new)?;
    check_metadata(&raft, &authorities, now).map_err(|error| error.within("invalid new config metadata"))?;
    let current = by_id(block, &raft_metadata(old)?);
    let change = membership_change(block, &current, &raft.consenters)?;
    for consenter in &change.added {
        check_certificates(consenter, &authorities, now, Expired::Refuse).map_err(|error| {
            error.within(&format!(
                "consenter {}:{} has invalid certificates",
                consenter.host, consenter.port
            ))
        })?;
    }
    if change.loses_quorum(active) {
        return Err(ConfigError(format!(
            "{} out of {} nodes are alive, configuration will result in quorum loss",
            active.len(),
            current.len()
        )));
    }
    Ok(())
}

fn every_organization_has_endpoints(orderer: &OrdererConfig) -> Result<(), ConfigError> {
    match orderer
        .organizations
        .iter()
        .find(|(_, organization)| organization.endpoints.is_empty())
    {
        Some((name, _)) => Err(ConfigError(format!(
            "illegal orderer config detected during consensus metadata validation: endpoints of org {name} are missing"
        ))),
        None => Ok(()),
    }
}

/// DER of the TLS authorities of every orderer organization.
fn authorities(bundle: &Bundle, orderer: &OrdererConfig) -> Vec<Vec<u8>> {
    let msps = orderer
        .organizations
        .values()
        .filter_map(|organization| bundle.msps.msp(&organization.msp_id));
    msps.flat_map(|msp| msp.tls_roots().to_vec()).collect()
}

/// Rules about one configuration. An expired certificate passes: nodes that are in already must not be locked out.
pub fn check_metadata(raft: &ConfigMetadata, authorities: &[Vec<u8>], now: SystemTime) -> Result<(), ConfigError> {
    check_options(raft)?;
    if raft.consenters.is_empty() {
        return Err(ConfigError("empty consenter set".to_owned()));
    }
    for consenter in &raft.consenters {
        check_certificates(consenter, authorities, now, Expired::Accept).map_err(|error| {
            error.within(&format!(
                "consenter {}:{} has invalid certificate",
                consenter.host, consenter.port
            ))
        })?;
    }
    let mut seen = HashSet::new();
    for consenter in &raft.consenters {
        let (server, client) = (&consenter.server_tls_cert, &consenter.client_tls_cert);
        if seen.contains(server) || seen.contains(client) {
            return Err(ConfigError(format!(
                "duplicate consenter: server cert: {}, client cert: {}",
                String::from_utf8_lossy(server),
                String::from_utf8_lossy(client)
            )));
        }
        seen.extend([server, client]);
    }
    Ok(())
}

fn check_options(raft: &ConfigMetadata) -> Result<(), ConfigError> {
    let options = raft
        .options
        .as_ref()
        .ok_or_else(|| ConfigError("nil Raft config metadata options".to_owned()))?;
    let (heartbeat, election, inflight) = (
        options.heartbeat_tick,
        options.election_tick,
        options.max_inflight_blocks,
    );
    if heartbeat == 0 || election == 0 || inflight == 0 {
        return Err(ConfigError(format!(
            "none of HeartbeatTick ({heartbeat}), ElectionTick ({election}) and MaxInflightBlocks ({inflight}) \
             can be zero"
        )));
    }
    if election <= heartbeat {
        return Err(ConfigError(format!(
            "ElectionTick ({election}) must be greater than HeartbeatTick ({heartbeat})"
        )));
    }
    match duration::parse(&options.tick_interval) {
        Err(error) => Err(ConfigError(format!(
            "failed to parse TickInterval ({}) to time duration: {error}",
            options.tick_interval
        ))),
        // Fabric takes a negative interval, and its ticker panics on it.
        Ok(nanoseconds) if nanoseconds <= 0 => Err(ConfigError("TickInterval cannot be zero".to_owned())),
        Ok(_) => Ok(()),
    }
}
