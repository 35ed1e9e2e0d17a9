//! Builds the first block of a channel from a description of its organizations.

use std::time::Duration;

use prost::Message;

use super::policies::{Role, any_role, implicit_meta};
use super::{capabilities, duration, readers};
use crate::block;
use crate::crypto;
use crate::envelope;
use crate::proto::common::implicit_meta_policy::Rule;
use crate::proto::common::{
    Block, BlockData, BlockDataHashingStructure, BlockHeader, BlockMetadataIndex, ChannelHeader, Config,
    ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigValue, Envelope, HashingAlgorithm, Header, HeaderType,
    LastConfig, Metadata, OrdererAddresses, OrdererBlockMetadata, Payload, Policy, SignatureHeader,
};
use crate::proto::msp::{FabricCryptoConfig, FabricMspConfig, FabricNodeOUs, FabricOuIdentifier, MspConfig};
use crate::proto::orderer::{BatchSize, BatchTimeout, ChannelRestrictions, ConsensusType};
use crate::proto::protos::{AnchorPeer, AnchorPeers};
use crate::proto::{etcdraft, orderer::consensus_type};

/// What a channel's genesis block says. The group tree equals what `configtxgen` makes of the same profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// For example `V3_0`, `V2_0`, `V2_5`.
    pub channel_capability: String,
    pub orderer_capability: String,
    pub application_capability: String,
    pub orderer_organizations: Vec<Organization>,
    pub application_organizations: Vec<Organization>,
    pub raft: etcdraft::ConfigMetadata,
    pub batch_timeout: Duration,
    pub max_message_count: u32,
    pub absolute_max_bytes: u32,
    pub preferred_max_bytes: u32,
}

/// An organization of either group.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Group name in the configuration tree.
    pub name: String,
    pub msp: FabricMspConfig,
    /// `host:port` of its orderers; orderer organizations only.
    pub orderer_endpoints: Vec<String>,
    /// Application organizations only.
    pub anchor_peers: Vec<(String, u16)>,
    /// Whether it reads its channels and writes nothing, see [`super::readers`]. Application organizations only.
    pub reads_only: bool,
}

/// A membership definition with node OUs, as cryptogen and `configtxgen` make it: certificates are PEM, the client,
/// peer, admin and orderer OUs count when `root` issued the certificate.
pub fn membership(msp_id: &str, root: &[u8], tls_root: &[u8]) -> FabricMspConfig {
    let unit = |name: &str| {
        Some(FabricOuIdentifier {
            certificate: root.to_vec(),
            organizational_unit_identifier: name.to_owned(),
        })
    };
    FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs: vec![root.to_vec()],
        tls_root_certs: vec![tls_root.to_vec()],
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        }),
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..Default::default()
    }
}

/// The Raft options that `configtxgen` uses when a profile names none.
pub fn default_raft_options() -> etcdraft::Options {
    etcdraft::Options {
        tick_interval: "500ms".to_owned(),
        election_tick: 10,
        heartbeat_tick: 1,
        max_inflight_blocks: 5,
        snapshot_interval_size: 16 * 1024 * 1024,
    }
}

/// The channel group for `profile`.
pub fn channel_group(profile: &Profile) -> ConfigGroup {
    let mut group = group_with(standard_policies());
    put(
        &mut group,
        "HashingAlgorithm",
        &HashingAlgorithm {
            name: "SHA256".to_owned(),
        },
    );
    put(
        &mut group,
        "BlockDataHashingStructure",
        &BlockDataHashingStructure { width: u32::MAX },
    );
    put_bytes(
        &mut group,
        "Capabilities",
        capabilities::encode(&[&profile.channel_capability]),
    );
    group.groups.insert("Orderer".to_owned(), orderer_group(profile));
    group
        .groups
        .insert("Application".to_owned(), application_group(profile));
    group
}

fn orderer_group(profile: &Profile) -> ConfigGroup {
    let block_validation = ("BlockValidation", implicit_meta(Rule::Any, "Writers"));
    let mut group = group_with(standard_policies().into_iter().chain([block_validation]));
    put(
        &mut group,
        "BatchSize",
        &BatchSize {
            max_message_count: profile.max_message_count,
            absolute_max_bytes: profile.absolute_max_bytes,
            preferred_max_bytes: profile.preferred_max_bytes,
        },
    );
    put(
        &mut group,
        "BatchTimeout",
        &BatchTimeout {
            timeout: duration::format(profile.batch_timeout),
        },
    );
    put(&mut group, "ChannelRestrictions", &ChannelRestrictions { max_count: 0 });
    put_bytes(
        &mut group,
        "Capabilities",
        capabilities::encode(&[&profile.orderer_capability]),
    );
    let consensus = ConsensusType {
        r#type: "etcdraft".to_owned(),
        metadata: profile.raft.encode_to_vec(),
        state: consensus_type::State::Normal as i32,
    };
    put(&mut group, "ConsensusType", &consensus);
    for organization in &profile.orderer_organizations {
        group
            .groups
            .insert(organization.name.clone(), orderer_organization(organization));
    }
    group
}

fn application_group(profile: &Profile) -> ConfigGroup {
    let members = &profile.application_organizations;
    let mut group = group_with(standard_policies().into_iter().chain(readers::majorities(members)));
    put_bytes(
        &mut group,
        "Capabilities",
        capabilities::encode(&[&profile.application_capability]),
    );
    if let Some(lists) = readers::access(members) {
        put(&mut group, "ACLs", &lists);
    }
    for organization in members {
        group
            .groups
            .insert(organization.name.clone(), application_organization(organization));
    }
    group
}

/// The group of one orderer organization with its default policies.
pub fn orderer_organization(organization: &Organization) -> ConfigGroup {
    let id = &organization.msp.name;
    let mut group = group_with([
        ("Readers", any_role(id, &[Role::Member])),
        ("Writers", any_role(id, &[Role::Member])),
        ("Admins", any_role(id, &[Role::Admin])),
    ]);
    put(&mut group, "MSP", &msp_value(&organization.msp));
    if !organization.orderer_endpoints.is_empty() {
        let addresses = organization.orderer_endpoints.clone();
        put(&mut group, "Endpoints", &OrdererAddresses { addresses });
    }
    group
}

/// The group of one application organization with its default policies: what an update adds to admit a member.
pub fn application_organization(organization: &Organization) -> ConfigGroup {
    let id = &organization.msp.name;
    let own = [
        ("Readers", any_role(id, &[Role::Admin, Role::Peer, Role::Client])),
        ("Admins", any_role(id, &[Role::Admin])),
    ];
    let mut group = group_with(own.into_iter().chain(readers::writing(organization)));
    put(&mut group, "MSP", &msp_value(&organization.msp));
    // An element for nobody would only have to be read by every later update of the group.
    if !organization.anchor_peers.is_empty() {
        put(
            &mut group,
            "AnchorPeers",
            &anchor_peers_value(&organization.anchor_peers),
        );
    }
    group
}

pub(super) fn msp_value(msp: &FabricMspConfig) -> MspConfig {
    MspConfig {
        r#type: 0,
        config: msp.encode_to_vec(),
    }
}

pub(super) fn anchor_peers_value(peers: &[(String, u16)]) -> AnchorPeers {
    let anchor_peers = peers.iter().map(|(host, port)| AnchorPeer {
        host: host.clone(),
        port: i32::from(*port),
    });
    AnchorPeers {
        anchor_peers: anchor_peers.collect(),
    }
}

fn standard_policies() -> [(&'static str, Policy); 3] {
    [
        ("Readers", implicit_meta(Rule::Any, "Readers")),
        ("Writers", implicit_meta(Rule::Any, "Writers")),
        ("Admins", implicit_meta(Rule::Majority, "Admins")),
    ]
}

fn group_with(policies: impl IntoIterator<Item = (&'static str, Policy)>) -> ConfigGroup {
    let policies = policies.into_iter().map(|(name, policy)| {
        let policy = ConfigPolicy {
            version: 0,
            policy: Some(policy),
            mod_policy: "Admins".to_owned(),
        };
        (name.to_owned(), policy)
    });
    ConfigGroup {
        mod_policy: "Admins".to_owned(),
        policies: policies.collect(),
        ..Default::default()
    }
}

fn put(group: &mut ConfigGroup, key: &str, value: &impl Message) {
    put_bytes(group, key, value.encode_to_vec());
}

fn put_bytes(group: &mut ConfigGroup, key: &str, value: Vec<u8>) {
    group.values.insert(
        key.to_owned(),
        ConfigValue {
            version: 0,
            value,
            mod_policy: "Admins".to_owned(),
        },
    );
}

/// Block 0 around `group` (`common/genesis/genesis.go`). Timestamp and nonce are new each time.
pub fn block(channel_id: &str, group: ConfigGroup) -> Block {
    let signature_header = SignatureHeader {
        creator: Vec::new(),
        nonce: crypto::nonce(),
    };
    let channel_header = ChannelHeader {
        r#type: HeaderType::Config as i32,
        version: 1,
        // Go's header carries whole seconds.
        timestamp: Some(prost_types::Timestamp {
            nanos: 0,
            ..std::time::SystemTime::now().into()
        }),
        channel_id: channel_id.to_owned(),
        tx_id: envelope::transaction_id(&signature_header.nonce, &[]),
        ..Default::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: signature_header.encode_to_vec(),
    };
    let config = ConfigEnvelope {
        config: Some(Config {
            sequence: 0,
            channel_group: Some(group),
        }),
        last_update: None,
    };
    let payload = Payload {
        header: Some(header),
        data: config.encode_to_vec(),
    };
    let envelope = Envelope {
        payload: payload.encode_to_vec(),
        signature: Vec::new(),
    };
    let data = vec![envelope.encode_to_vec().into()];

    let mut block = Block {
        header: Some(BlockHeader {
            number: 0,
            previous_hash: Vec::new(),
            data_hash: block::data_hash::<bytes::Bytes>(&data).to_vec(),
        }),
        data: Some(BlockData { data }),
        metadata: Some(block::empty_metadata()),
    };
    let slot = |value: Vec<u8>| {
        Metadata {
            value,
            signatures: Vec::new(),
        }
        .encode_to_vec()
    };
    let last_config = LastConfig { index: 0 };
    let signed = OrdererBlockMetadata {
        last_config: Some(last_config),
        consenter_metadata: Vec::new(),
    };
    block::set_metadata(
        &mut block,
        BlockMetadataIndex::LastConfig,
        slot(last_config.encode_to_vec()),
    );
    block::set_metadata(&mut block, BlockMetadataIndex::Signatures, slot(signed.encode_to_vec()));
    block
}
