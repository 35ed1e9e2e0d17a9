//! Every message that the stock orderer refused on the golden channel is refused in the same words.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use entente_fabric::config::consenters::raft_metadata;
use entente_fabric::crypto::{CryptoError, Signer};
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::ChaincodeId;
use entente_ledger::BlockStore;
use serde::Deserialize;

use super::*;
use crate::raft::membership::{Membership, block_metadata};

/// Configurations that pass are signed by the orderer; none of these do.
struct NoSigner;

impl Signer for NoSigner {
    fn identity(&self) -> &[u8] {
        &[]
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::Sign)
    }
}

#[derive(Deserialize)]
struct Case {
    label: String,
    status: i32,
    info: String,
    config_block: u64,
    envelope: String,
}

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", name]
        .iter()
        .collect()
}

/// The golden channel under the configuration of a block, and its one consenter.
struct Setting {
    _dir: tempfile::TempDir,
    channel: Channel,
    group: Consenters,
}

impl Setting {
    fn at(config_block: u64) -> Setting {
        let bytes = std::fs::read(golden(&format!("config/blocks/{config_block}.pb"))).unwrap();
        let block = Block::decode(bytes.as_slice()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let blocks = BlockStore::open(dir.path()).unwrap();
        let channel = Channel::open("golden", blocks, Some(&block), Arc::new(NoSigner)).unwrap();
        let raft = raft_metadata(channel.bundle().orderer.as_ref().unwrap()).unwrap();
        let metadata = Membership::new(block_metadata(&block), &raft).metadata;
        Setting {
            _dir: dir,
            channel,
            group: Consenters {
                metadata,
                active: vec![1],
            },
        }
    }

    fn refuse(&self, envelope: &Envelope) -> Result<(), Rejection> {
        let header = header(envelope)?;
        let channel = Some(&self.channel).filter(|channel| channel.id == header.channel_id);
        check(channel, &header, envelope, || self.group.clone()).map(|_| ())
    }
}

#[test]
fn messages_are_refused_as_the_stock_orderer_refused_them() {
    let mut settings = BTreeMap::new();
    let (mut count, mut different) = (0, Vec::new());
    for line in std::fs::read_to_string(golden("rejects/rejects.jsonl"))
        .unwrap()
        .lines()
    {
        let case: Case = serde_json::from_str(line).unwrap();
        let bytes = base64(&case.envelope);
        let envelope = Envelope::decode(bytes.as_slice()).unwrap();
        let setting = settings
            .entry(case.config_block)
            .or_insert_with(|| Setting::at(case.config_block));

        let refused = setting.refuse(&envelope);

        count += 1;
        let ours = refused
            .as_ref()
            .map_err(|rejection| (rejection.status as i32, rejection.info.as_str()));
        // Go prints the whole group here, in a text form that varies from build to build; we name it.
        let stock = match case.label.as_str() {
            "unknown group under the root" => case.info.replace("mod_policy:\"Admins\"", "Extra"),
            _ => case.info.clone(),
        };
        if ours != Err((case.status, stock.as_str())) {
            different.push(format!(
                "{}\n  stock: {} {}\n  ours:  {ours:?}",
                case.label, case.status, case.info
            ));
        }
    }

    assert_eq!(count, 76);
    assert!(
        different.is_empty(),
        "{} of {count} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn only_a_transaction_that_names_the_lifecycle_chaincode_is_urgent() {
    let urgent = |kind: HeaderType, extension: Vec<u8>| {
        let header = ChannelHeader {
            r#type: kind as i32,
            extension,
            ..Default::default()
        };
        request(&Envelope::default(), &header, 0).message.urgent
    };
    let naming = |chaincode: &str| {
        let chaincode_id = Some(ChaincodeId {
            name: chaincode.to_owned(),
            ..Default::default()
        });
        ChaincodeHeaderExtension { chaincode_id }.encode_to_vec()
    };
    let cut_off = naming("_lifecycle")[..5].to_vec();

    assert!(urgent(HeaderType::EndorserTransaction, naming("_lifecycle")));
    assert!(!urgent(HeaderType::EndorserTransaction, naming("evidence")));
    assert!(!urgent(HeaderType::EndorserTransaction, Vec::new()));
    assert!(!urgent(HeaderType::EndorserTransaction, cut_off));
    assert!(!urgent(HeaderType::Message, naming("_lifecycle")));
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

proptest::proptest! {
    #[test]
    fn no_message_makes_the_checks_panic(kind in 0..9i32, payload: Vec<u8>, signature: Vec<u8>, data: Vec<u8>) {
        use entente_fabric::proto::common::{Header, Payload};

        thread_local! {
            static SETTING: Setting = Setting::at(144);
        }
        let channel_header = ChannelHeader { r#type: kind, channel_id: "golden".to_owned(), ..Default::default() };
        let header = Header { channel_header: channel_header.encode_to_vec(), signature_header: payload.clone() };
        let framed = Payload { header: Some(header), data }.encode_to_vec();
        SETTING.with(|setting| {
            for payload in [payload, framed] {
                let refused = setting.refuse(&Envelope { payload, signature: signature.clone() });
                proptest::prop_assert!(refused.is_err());
            }
            Ok(())
        })?;
    }
}
