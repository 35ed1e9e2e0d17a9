//! Channel configuration against what stock Fabric made of the same input (`tests/golden`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use entente_fabric::block;
use entente_fabric::config::genesis::{self, Organization, Profile};
use entente_fabric::config::{Bundle, ConfigError, edit, policies, update};
use entente_fabric::proto::common::{Block, Config, ConfigEnvelope, ConfigUpdate, Envelope, Metadata};
use entente_fabric::proto::etcdraft::{BlockMetadata, ConfigMetadata, Consenter};
use entente_fabric::proto::msp::{FabricMspConfig, MspConfig};
use prost::Message;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = golden().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn decode<M: Message + Default>(path: impl AsRef<Path>) -> M {
    M::decode(&read(path)[..]).unwrap()
}

fn cases(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(golden().join("config"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no golden case begins with {prefix}");
    names
}

#[test]
fn computed_updates_equal_those_of_configtxlator() {
    for case in [cases("update_"), cases("live_")].concat() {
        let folder = Path::new("config").join(&case);
        let original: Config = decode(folder.join("original.pb"));
        let modified: Config = decode(folder.join("modified.pb"));

        if golden().join(&folder).join("error.txt").exists() {
            let refused = update::compute("golden", &original, &modified).unwrap_err().to_string();
            let expected = String::from_utf8(read(folder.join("error.txt"))).unwrap();
            assert!(expected.contains(&refused), "{case}: {refused}\nstock: {expected}");
            continue;
        }
        let expected: ConfigUpdate = decode(folder.join("update.pb"));
        let computed = update::compute(&expected.channel_id, &original, &modified).unwrap();
        assert_eq!(computed, expected, "{case}");
    }
}

#[derive(serde::Deserialize)]
struct Applied {
    result_block: u64,
}

#[test]
fn updates_that_were_applied_lead_to_the_next_configuration() {
    for case in cases("live_") {
        let folder = Path::new("config").join(&case);
        let bundle = Bundle::new("golden", decode(folder.join("original.pb"))).unwrap();
        let envelope: Envelope = decode(folder.join("update_envelope.pb"));
        let applied: Applied = serde_json::from_slice(&read(folder.join("meta.json"))).unwrap();

        let proposed = bundle
            .propose(&envelope)
            .unwrap_or_else(|error| panic!("{case}: {error}"));

        let stock = block::config_envelope(&config_block(applied.result_block)).unwrap();
        assert!(proposed == stock, "{case}");
        bundle.validate(&proposed).unwrap();
        assert_eq!(apply(&bundle, &envelope), Ok(()), "{case}");
        let next = Bundle::from_block(&config_block(applied.result_block)).unwrap();
        next.check_for_peer().unwrap();
    }
}

#[test]
fn a_changed_result_or_another_sequence_is_not_what_the_update_leads_to() {
    let folder = Path::new("config/live_acls");
    let bundle = Bundle::new("golden", decode(folder.join("original.pb"))).unwrap();
    let proposed = bundle.propose(&decode(folder.join("update_envelope.pb"))).unwrap();
    let with = |change: fn(&mut Config)| {
        let mut envelope: ConfigEnvelope = proposed.clone();
        change(envelope.config.as_mut().unwrap());
        bundle.validate(&envelope).unwrap_err().to_string()
    };

    let other_result = with(|config| config.channel_group.as_mut().unwrap().mod_policy.clear());
    let other_sequence = with(|config| config.sequence += 1);

    assert_eq!(
        other_result,
        "ConfigEnvelope LastUpdate did not produce the supplied config result"
    );
    let sequence = bundle.sequence;
    assert_eq!(
        other_sequence,
        format!(
            "config currently at sequence {sequence}, cannot validate config at sequence {}",
            sequence + 2
        )
    );
}

#[test]
fn edits_lead_to_the_configurations_that_stock_tools_were_given() {
    type Edit = fn(&Config) -> Result<Config, ConfigError>;
    let edits: [(&str, Edit); 10] = [
        ("live_batch_size_50", |config| {
            edit::set_batch_size(config, 50, 10 << 20, 2 << 20)
        }),
        ("live_batch_timeout_500ms", |config| {
            edit::set_batch_timeout(config, Duration::from_millis(500))
        }),
        ("live_anchor_org1", |config| {
            edit::set_anchor_peers(config, "Org1", &[("127.0.0.1".to_owned(), 27151)])
        }),
        ("live_remove_org4", |config| {
            edit::remove_application_organization(config, "Org4")
        }),
        ("live_endorsement_policy_ANY", |config| {
            let policy = policies::implicit_meta(policies::ImplicitRule::Any, "Endorsement");
            edit::set_policy(config, "/Channel/Application/Endorsement", policy)
        }),
        ("live_channel_capability_V3_0", |config| {
            edit::set_capabilities(config, &[], &["V3_0"])
        }),
        ("live_application_capability_V2_5", |config| {
            edit::set_capabilities(config, &["Application"], &["V2_5"])
        }),
        ("live_acls", |config| {
            let acls = [
                ("_lifecycle/QueryChaincodeDefinition", "/Channel/Application/Admins"),
                ("qscc/GetBlockByNumber", "/Channel/Application/Writers"),
            ];
            edit::set_acls(
                config,
                &acls.map(|(name, policy)| (name.to_owned(), policy.to_owned())).into(),
            )
        }),
        ("live_add_org4_ed25519", |config| {
            edit::add_application_organization(config, &member("org4", "Org4"))
        }),
        ("live_crl_org1_user3_and_peer1", |config| {
            let wanted: Config = decode("config/live_crl_org1_user3_and_peer1/modified.pb");
            edit::set_revocation_lists(config, "Org1MSP", &revocation_lists(&wanted, "Org1"))
        }),
    ];
    for (case, edit) in edits {
        let folder = Path::new("config").join(case);
        let original: Config = decode(folder.join("original.pb"));

        let edited = edit(&original).unwrap();

        let expected: ConfigUpdate = decode(folder.join("update.pb"));
        assert!(
            update::compute("golden", &original, &edited).unwrap() == expected,
            "{case}"
        );
    }
}

fn revocation_lists(config: &Config, organization: &str) -> Vec<Vec<u8>> {
    let application = &config.channel_group.as_ref().unwrap().groups["Application"];
    let value = &application.groups[organization].values["MSP"].value;
    let outer = MspConfig::decode(&value[..]).unwrap();
    FabricMspConfig::decode(&outer.config[..]).unwrap().revocation_list
}

#[test]
fn edits_that_make_no_sense_say_so() {
    let config: Config = decode("config/genesis_raft3/config.pb");
    let refusal = |edited: Result<Config, ConfigError>| edited.unwrap_err().0;

    assert_eq!(
        refusal(edit::add_application_organization(&config, &member("org1", "Org1"))),
        "Org1 is in the Application group already"
    );
    assert_eq!(
        refusal(edit::remove_application_organization(&config, "Org9")),
        "Org9 is not in the Application group"
    );
    assert_eq!(
        refusal(edit::set_anchor_peers(&config, "Org9", &[])),
        "the channel configuration has no group /Channel/Application/Org9"
    );
    assert_eq!(
        refusal(edit::remove_consenter(&config, "127.0.0.1", 1)),
        "127.0.0.1:1 is not a consenter"
    );
    let again = raft(&[("o0", 27050)]).consenters.remove(0);
    assert_eq!(
        refusal(edit::add_consenter(&config, again)),
        "127.0.0.1:27050 is a consenter already"
    );
}

#[test]
fn one_consenter_may_come_go_or_be_replaced_at_a_time() {
    use entente_fabric::config::consenters::{ChangeKind, by_id, membership_change};
    let nodes = |names: &[&str]| raft(&names.iter().map(|name| (*name, 1)).collect::<Vec<_>>()).consenters;
    let block = BlockMetadata {
        consenter_ids: vec![1, 2, 5],
        next_consenter_id: 6,
        raft_index: 9,
    };
    let current = by_id(&block, &raft(&[("o0", 1), ("o1", 1), ("o2", 1)]));
    let change = |names: &[&str]| membership_change(&block, &current, &nodes(names));
    let outcome = |names: &[&str]| {
        let change = change(names).unwrap();
        (
            change.kind,
            change.metadata.consenter_ids,
            change.metadata.next_consenter_id,
        )
    };

    assert_eq!(outcome(&["o0", "o1", "o2"]), (ChangeKind::None, vec![1, 2, 5], 6));
    assert_eq!(
        outcome(&["o0", "o3", "o1", "o2"]),
        (ChangeKind::Add(6), vec![1, 6, 2, 5], 7)
    );
    assert_eq!(outcome(&["o0", "o2"]), (ChangeKind::Remove(2), vec![1, 5], 6));
    assert_eq!(outcome(&["o0", "o1", "o3"]), (ChangeKind::Rotate(5), vec![1, 2, 5], 6));
    assert_eq!(
        change(&["o3"]).unwrap_err().0,
        "update of more than one consenter at a time is not supported, requested changes: \
         add 1 node(s), remove 3 node(s)"
    );
    assert!(change(&["o0", "o1", "o2", "o3"]).unwrap().loses_quorum(&[1, 2]));
    assert!(!change(&["o0", "o1", "o2", "o3"]).unwrap().loses_quorum(&[1, 2, 5]));
    assert!(change(&["o0", "o2"]).unwrap().loses_quorum(&[1, 2]));
    assert!(change(&["o0", "o1", "o3"]).unwrap().loses_quorum(&[1, 5]));
}

#[test]
fn genesis_trees_equal_those_of_configtxgen() {
    let raft3 = Profile {
        channel_capability: "V3_0".to_owned(),
        orderer_capability: "V2_0".to_owned(),
        application_capability: "V2_5".to_owned(),
        orderer_organizations: vec![orderers(&[27050, 27060, 27070])],
        application_organizations: vec![member("org1", "Org1"), member("org2", "Org2")],
        raft: raft(&[("o0", 27050), ("o1", 27060), ("o2", 27070)]),
        batch_timeout: Duration::from_secs(2),
        max_message_count: 500,
        absolute_max_bytes: 10 << 20,
        preferred_max_bytes: 2 << 20,
    };
    let small = Profile {
        channel_capability: "V2_0".to_owned(),
        application_capability: "V2_0".to_owned(),
        orderer_organizations: vec![orderers(&[27050])],
        application_organizations: vec![member("org1", "Org1")],
        raft: raft(&[("o0", 27050)]),
        batch_timeout: Duration::from_secs(1),
        max_message_count: 1,
        ..raft3.clone()
    };
    let golden_channel = Profile {
        application_organizations: vec![member("org1", "Org1"), member("org2", "Org2"), member("org3", "Org3")],
        batch_timeout: Duration::from_millis(400),
        max_message_count: 10,
        ..small.clone()
    };
    for (channel, profile) in [("raft3", raft3), ("small", small), ("golden", golden_channel)] {
        let expected: Config = decode(format!("config/genesis_{channel}/config.pb"));

        let group = genesis::channel_group(&profile);

        assert_eq!(Some(&group), expected.channel_group.as_ref(), "{channel}");
        let made = genesis::block(channel, group);
        assert_eq!(
            outline(&made),
            outline(&decode(format!("config/genesis_{channel}/genesis.pb"))),
            "{channel}"
        );
        Bundle::from_block(&made).unwrap();
    }
}

/// All of a genesis block but its timestamp, nonce, and what depends on them.
fn outline(made: &Block) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut transactions = block::transactions(made);
    let transaction = transactions.next().unwrap().unwrap();
    assert!(transactions.next().is_none());
    block::check_data_hash(made).unwrap();
    let header = transaction.opened.channel_header.clone();
    (
        (
            header.r#type,
            header.version,
            header.channel_id,
            header.epoch,
            header.tx_id.len(),
        ),
        transaction.opened.signature_header.creator,
        transaction.opened.signature_header.nonce.len(),
        ConfigEnvelope::decode(&transaction.opened.data[..]).unwrap(),
        made.metadata.clone(),
        made.header
            .as_ref()
            .map(|header| (header.number, header.previous_hash.clone())),
        block::last_config(made),
        block::is_config(made),
    )
}

fn certificate(folder: &str) -> Vec<u8> {
    let folder = golden().join("config/inputs/crypto").join(folder);
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::read(file).unwrap()
}

fn member(domain: &str, name: &str) -> Organization {
    let msp = format!("peerOrganizations/{domain}.local/msp");
    Organization {
        name: name.to_owned(),
        msp: genesis::membership(
            &format!("{name}MSP"),
            &certificate(&format!("{msp}/cacerts")),
            &certificate(&format!("{msp}/tlscacerts")),
        ),
        orderer_endpoints: Vec::new(),
        anchor_peers: Vec::new(),
        reads_only: false,
    }
}

fn orderers(ports: &[u16]) -> Organization {
    let msp = "ordererOrganizations/ord.local/msp";
    Organization {
        name: "OrdOrg".to_owned(),
        msp: genesis::membership(
            "OrdMSP",
            &certificate(&format!("{msp}/cacerts")),
            &certificate(&format!("{msp}/tlscacerts")),
        ),
        orderer_endpoints: ports.iter().map(|port| format!("127.0.0.1:{port}")).collect(),
        anchor_peers: Vec::new(),
        reads_only: false,
    }
}

fn raft(nodes: &[(&str, u32)]) -> ConfigMetadata {
    let consenters = nodes.iter().map(|(name, port)| {
        let certificate = read(format!(
            "config/inputs/crypto/ordererOrganizations/ord.local/orderers/{name}.ord.local/tls/server.crt"
        ));
        Consenter {
            host: "127.0.0.1".to_owned(),
            port: *port,
            client_tls_cert: certificate.clone(),
            server_tls_cert: certificate,
        }
    });
    ConfigMetadata {
        consenters: consenters.collect(),
        options: Some(genesis::default_raft_options()),
    }
}

#[derive(serde::Deserialize)]
struct Reject {
    label: String,
    info: String,
    envelope: String,
    config_block: u64,
}

/// Refused alike, worded otherwise: stock prints a message of Go's protobuf, or a whole group where we name it.
const WORDED_OTHERWISE: [&str; 2] = ["policy bytes garbage", "unknown group under the root"];

#[test]
fn config_updates_are_refused_in_the_words_of_the_stock_orderer() {
    let lines = String::from_utf8(read("rejects/rejects.jsonl")).unwrap();
    let prefix = "error applying config update to existing channel 'golden': ";
    let mut wrong = Vec::new();
    for line in lines.lines() {
        let reject: Reject = serde_json::from_str(line).unwrap();
        let Some(expected) = reject.info.strip_prefix(prefix) else {
            continue;
        };
        let bundle = Bundle::from_block(&config_block(reject.config_block)).unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&reject.envelope)
            .unwrap();
        let envelope = Envelope::decode(&bytes[..]).unwrap();

        let refused = apply(&bundle, &envelope).unwrap_err();

        if refused != expected && !WORDED_OTHERWISE.contains(&reject.label.as_str()) {
            wrong.push(format!("{}\n  ours:  {refused}\n  stock: {expected}", reject.label));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What an orderer does with an update (`ProposeConfigUpdate` in `orderer/common/multichannel/chainsupport.go`).
fn apply(bundle: &Bundle, envelope: &Envelope) -> Result<(), String> {
    use entente_fabric::config::consenters;
    let proposed = bundle.propose(envelope).map_err(|error| error.to_string())?;
    let next = Bundle::new("golden", proposed.config.unwrap_or_default()).map_err(|error| error.to_string())?;
    next.check_for_orderer()
        .map_err(|error| format!("config update is not compatible: {error}"))?;
    bundle.validate_new(&next).map_err(|error| error.to_string())?;
    let block = BlockMetadata {
        consenter_ids: vec![1],
        next_consenter_id: 2,
        raft_index: 1,
    };
    let now = std::time::SystemTime::now();
    consenters::validate(bundle.orderer.as_ref().unwrap(), &next, &block, &[1], now)
        .map_err(|error| format!("consensus metadata update for channel config update is invalid: {error}"))
}

/// A config block of the golden chain.
fn config_block(number: u64) -> Block {
    decode(format!("config/blocks/{number}.pb"))
}

#[test]
fn stock_config_blocks_satisfy_the_block_validation_policy() {
    let genesis = Bundle::from_block(&config_block(0)).unwrap();
    let signed = config_block(99);
    let mut tampered = signed.clone();
    tampered.header.as_mut().unwrap().number += 1;

    block::verify(&signed, &genesis).unwrap();
    assert_eq!(
        block::verify(&tampered, &genesis).unwrap_err().to_string(),
        "block 100: its signatures do not satisfy /Channel/Orderer/BlockValidation: implicit policy evaluation failed \
         - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied"
    );
}

#[test]
fn blocks_of_a_bft_channel_need_a_quorum_of_its_consenters() {
    let genesis = Bundle::from_block(&decode("config/genesis_bft4/genesis.pb")).unwrap();
    let block: Block = decode("bft/1.pb");
    let update: Block = decode("bft/4.pb");
    let mut short = block.clone();
    let slots = &mut short.metadata.as_mut().unwrap().metadata;
    let mut signatures = Metadata::decode(&slots[0][..]).unwrap();
    signatures.signatures.truncate(2);
    slots[0] = signatures.encode_to_vec();

    block::verify(&block, &genesis).unwrap();
    block::verify(&update, &genesis).unwrap();
    genesis.validate(&block::config_envelope(&update).unwrap()).unwrap();
    block::verify(&decode("bft/5.pb"), &Bundle::from_block(&update).unwrap()).unwrap();
    assert!(block::verify(&short, &genesis).is_err());
}
