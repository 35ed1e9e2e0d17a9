//! What may be said about Raft nodes in a configuration, and how the set of nodes may change
//! (`orderer/consensus/etcdraft/{util,membership}.go`, `ValidateConsensusMetadata` in `chain.go`).

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost::Message as _;
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::values::malformed;
use super::{Bundle, ConfigError, OrdererConfig, duration};
use crate::proto::etcdraft::{BlockMetadata, ConfigMetadata, Consenter};

/// How an update changes the set of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub kind: ChangeKind,
    /// The block metadata that goes with the new set. Ids are never used again.
    pub metadata: BlockMetadata,
    /// The new set by id.
    pub consenters: BTreeMap<u64, Consenter>,
    pub added: Vec<Consenter>,
    pub removed: Vec<Consenter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    None,
    Add(u64),
    Remove(u64),
    /// One removed and one added are the same node with another certificate: it keeps its id, and Raft is not asked.
    Rotate(u64),
}

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

/// What happens to the set when `new` replaces `old`. Nodes are told apart by client certificate.
pub fn membership_change(
    block: &BlockMetadata,
    old: &BTreeMap<u64, Consenter>,
    new: &[Consenter],
) -> Result<Change, ConfigError> {
    let known: BTreeMap<&[u8], u64> = old.iter().map(|(id, c)| (&c.client_tls_cert[..], *id)).collect();
    let staying: HashSet<&[u8]> = new.iter().map(|c| &c.client_tls_cert[..]).collect();
    let removed: Vec<(u64, Consenter)> = old
        .iter()
        .filter(|(_, c)| !staying.contains(&c.client_tls_cert[..]))
        .map(|(id, c)| (*id, c.clone()))
        .collect();
    let added: Vec<Consenter> = new
        .iter()
        .filter(|c| !known.contains_key(&c.client_tls_cert[..]))
        .cloned()
        .collect();

    let kind = match (&added[..], &removed[..]) {
        ([], []) => ChangeKind::None,
        ([_], []) => ChangeKind::Add(block.next_consenter_id),
        ([], [(id, _)]) => ChangeKind::Remove(*id),
        ([_], [(id, _)]) => ChangeKind::Rotate(*id),
        _ => {
            return Err(ConfigError(format!(
                "update of more than one consenter at a time is not supported, requested changes: \
                 add {} node(s), remove {} node(s)",
                added.len(),
                removed.len()
            )));
        }
    };
    let new_id = match kind {
        ChangeKind::Add(id) | ChangeKind::Rotate(id) => id,
        ChangeKind::None | ChangeKind::Remove(_) => 0,
    };
    let ids: Vec<u64> = new
        .iter()
        .map(|c| known.get(&c.client_tls_cert[..]).copied().unwrap_or(new_id))
        .collect();
    let next = block.next_consenter_id + u64::from(matches!(kind, ChangeKind::Add(_)));
    Ok(Change {
        kind,
        consenters: ids.iter().copied().zip(new.iter().cloned()).collect(),
        metadata: BlockMetadata {
            consenter_ids: ids,
            next_consenter_id: next,
            raft_index: block.raft_index,
        },
        added,
        removed: removed.into_iter().map(|(_, consenter)| consenter).collect(),
    })
}

impl Change {
    /// Whether the new set would stand without a quorum although starting more nodes could have avoided it. With one
    /// or two nodes a loss cannot be avoided.
    pub fn loses_quorum(&self, active: &[u64]) -> bool {
        let tolerant = self.consenters.len() > 2;
        let quorum = self.consenters.len() / 2 + 1;
        let without = |id: u64| active.iter().filter(|other| **other != id).count();
        match self.kind {
            ChangeKind::None => false,
            ChangeKind::Add(_) => tolerant && active.len() < quorum,
            ChangeKind::Rotate(id) => tolerant && without(id) < quorum,
            ChangeKind::Remove(id) => without(id) < quorum,
        }
    }
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expired {
    Accept,
    Refuse,
}

fn check_certificates(
    consenter: &Consenter,
    authorities: &[Vec<u8>],
    now: SystemTime,
    expired: Expired,
) -> Result<(), ConfigError> {
    let at = format!("{}:{}", consenter.host, consenter.port);
    let client =
        der(&consenter.client_tls_cert).map_err(|error| error.within(&format!("parsing tls client cert of {at}")))?;
    let server =
        der(&consenter.server_tls_cert).map_err(|error| error.within(&format!("parsing tls server cert of {at}")))?;
    check_certificate("client", &client, authorities, now, expired)?;
    check_certificate("server", &server, authorities, now, expired)
}

fn der(certificate: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let found = pem::parse(certificate).map_err(|_| {
        let bytes: Vec<String> = certificate.iter().map(|byte| format!("{byte:02x}")).collect();
        ConfigError(format!("no PEM data found in cert[{}]", bytes.join(" ")))
    })?;
    match x509_parser::parse_x509_certificate(found.contents()) {
        Ok(_) => Ok(found.into_contents()),
        Err(error) => Err(ConfigError(format!(
            "TLS certificate has invalid ASN1 structure: {error}"
        ))),
    }
}

/// Whether an authority issued the certificate for TLS, as a server or as a client.
fn check_certificate(
    which: &str,
    der: &[u8],
    authorities: &[Vec<u8>],
    now: SystemTime,
    expired: Expired,
) -> Result<(), ConfigError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der)
        .map_err(|error| ConfigError(format!("TLS certificate has invalid ASN1 structure: {error}")))?;
    let refused = |reason: &str| {
        ConfigError(format!(
            "verifying tls {which} cert with serial number {}: x509: {reason}",
            parsed.serial
        ))
    };
    let not_after = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    if now > not_after && expired == Expired::Refuse {
        return Err(refused("certificate has expired or is not yet valid"));
    }
    let at = UnixTime::since_unix_epoch(Duration::from_secs(now.min(not_after)));
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().map(|der| CertificateDer::from(&der[..])));
    let certificate = CertificateDer::from(der);
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let parsed_for_tls = ParsedCertificate::try_from(&certificate).map_err(|error| refused(&error.to_string()))?;
    rustls::client::verify_server_cert_signed_by_trust_anchor(&parsed_for_tls, &roots, &[], at, algorithms.all)
        .map_err(|error| match error {
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
                refused("certificate signed by unknown authority")
            }
            other => refused(&other.to_string()),
        })
}
