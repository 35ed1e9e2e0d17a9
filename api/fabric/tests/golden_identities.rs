//! Identities and policies on a chain that stock nodes made: who signed what, and what stock decided about it.
#![expect(clippy::unwrap_used, reason = "in a test, what cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use entente_fabric::block;
use entente_fabric::identity::{Msp, MspManager, MspVersion};
use entente_fabric::policy::{Policies, Policy, SignedData, dsl};
use entente_fabric::proto::common::{
    Block, BlockMetadataIndex, Capabilities, ChannelHeader, ConfigEnvelope, ConfigGroup, Envelope, HeaderType,
    Metadata, Payload, SignatureHeader,
};
use entente_fabric::proto::msp::MspConfig;
use entente_fabric::proto::protos::{ChaincodeActionPayload, Transaction};
use prost::Message as _;
use serde_json::Value;

/// Validation codes of transactions whose creator stock accepted (`TxValidationCode`).
const VALID: u64 = 0;
const ENDORSEMENT_POLICY_FAILURE: u64 = 10;
const MVCC_READ_CONFLICT: u64 = 11;
const PHANTOM_READ_CONFLICT: u64 = 12;

#[test]
fn every_block_is_signed_as_its_configuration_demands() {
    let mut configuration: Option<Configuration> = None;
    for (number, block) in blocks() {
        if let Some(Configuration { policies, .. }) = &configuration {
            let policy = policies.get("/Channel/Orderer/BlockValidation").unwrap();
            let mut signatures = orderer_signatures(&block);

            assert!(policy.evaluate_signed(&signatures).is_ok(), "block {number}");
            signatures.iter_mut().for_each(|signed| signed.data.push(0));
            assert!(
                policy.evaluate_signed(&signatures).is_err(),
                "block {number}, with other bytes"
            );
        }
        configuration = Configuration::of(&block).or(configuration);
    }
}

#[test]
fn the_creator_of_every_committed_transaction_is_valid_and_signed_it() {
    let accepted = [
        VALID,
        ENDORSEMENT_POLICY_FAILURE,
        MVCC_READ_CONFLICT,
        PHANTOM_READ_CONFLICT,
    ];
    let codes = codes();
    let mut configuration = Configuration::of(&blocks()[&0]).unwrap();
    let mut checked = 0;
    for (number, block) in blocks().into_iter().skip(1) {
        for (bytes, code) in block.data.iter().flat_map(|data| &data.data).zip(&codes[&number]) {
            if !accepted.contains(code) {
                continue;
            }
            let signed = signed_by_creator(Envelope::decode(&bytes[..]).unwrap());
            let identity = configuration.msps.deserialize(&signed.identity).unwrap();

            identity.validate().unwrap();
            identity.verify(&signed.data, &signed.signature).unwrap();
            checked += 1;
        }
        configuration = Configuration::of(&block).unwrap_or(configuration);
    }
    assert!(checked > 2800, "{checked}");
}

#[test]
fn endorsements_satisfy_the_policy_exactly_where_stock_says_so() {
    let (blocks, codes, labels) = (blocks(), codes(), lines("chain/txs.jsonl"));
    let mut checked = 0;
    // Signatures and identities of every sort; then a revoked endorser; then Ed25519, and an organization that is gone.
    for number in [195, 196, 249, 251, 259] {
        let before = blocks
            .range(..number)
            .rev()
            .find_map(|(_, block)| Configuration::of(block))
            .unwrap();
        let policy = match number {
            195 | 196 => before.policy("AND('Org1MSP.peer', OR('Org2MSP.peer', 'Org3MSP.peer'))"),
            _ => before.policies.get("/Channel/Application/Endorsement").unwrap().clone(),
        };
        for label in labels
            .iter()
            .filter(|label| label["block"] == number && label["cc"] == "ops")
        {
            let index = usize::try_from(label["tx"].as_u64().unwrap()).unwrap();
            let envelope = Envelope::decode(&blocks[&number].data.as_ref().unwrap().data[index][..]).unwrap();

            let satisfied = policy.evaluate_signed(&endorsements(&envelope)).is_ok();

            let code = if satisfied { VALID } else { ENDORSEMENT_POLICY_FAILURE };
            assert_eq!(
                code, codes[&number][index],
                "block {number} transaction {index}: {}",
                label["label"]
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn writers_are_refused_in_the_words_of_stock() {
    let blocks = blocks();
    let mut checked = 0;
    for line in lines("rejects/rejects.jsonl") {
        let info = line["info"].as_str().unwrap();
        if line["status"] != 403 || info.starts_with("config update") {
            continue;
        }
        let in_force = &blocks[&line["config_block"].as_u64().unwrap()];
        let policies = Configuration::of(in_force).unwrap().policies;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(line["envelope"].as_str().unwrap())
            .unwrap();
        let signed = signed_by_creator(Envelope::decode(&bytes[..]).unwrap());

        let refused = policies.evaluate("/Channel/Writers", &[signed]).unwrap_err();

        assert!(
            info.starts_with(&refused.to_string()),
            "{}: {refused} / {info}",
            line["label"]
        );
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

/// MSPs and policies of a config block.
struct Configuration {
    msps: Arc<MspManager>,
    policies: Policies,
}

impl Configuration {
    fn of(block: &Block) -> Option<Configuration> {
        let envelope = Envelope::decode(&block.data.as_ref()?.data.first()?[..]).ok()?;
        let payload = Payload::decode(&envelope.payload[..]).ok()?;
        let header = ChannelHeader::decode(&payload.header?.channel_header[..]).ok()?;
        if header.r#type != HeaderType::Config as i32 {
            return None;
        }
        let root = ConfigEnvelope::decode(&payload.data[..]).ok()?.config?.channel_group?;
        let capabilities = Capabilities::decode(&root.values["Capabilities"].value[..]).unwrap();
        let v3 = capabilities.capabilities.contains_key("V3_0");
        let version = if v3 { MspVersion::V3_0 } else { MspVersion::V1_4_3 };
        let mut msps = Vec::new();
        collect_msps(&root, version, &mut msps);
        let msps = Arc::new(MspManager::new(msps));
        let policies = Policies::from_group(&root, &msps).unwrap();
        Some(Configuration { msps, policies })
    }

    fn policy(&self, text: &str) -> Policy {
        Policy::from_signature_policy(&dsl::parse(text).unwrap(), Arc::clone(&self.msps)).unwrap()
    }
}

fn collect_msps(group: &ConfigGroup, version: MspVersion, msps: &mut Vec<Arc<Msp>>) {
    if let Some(value) = group.values.get("MSP") {
        msps.push(Msp::new(&MspConfig::decode(&value.value[..]).unwrap(), version).unwrap());
    }
    group
        .groups
        .values()
        .for_each(|below| collect_msps(below, version, msps));
}

fn signed_by_creator(envelope: Envelope) -> SignedData {
    let header = Payload::decode(&envelope.payload[..]).unwrap().header.unwrap();
    let identity = SignatureHeader::decode(&header.signature_header[..]).unwrap().creator;
    SignedData {
        data: envelope.payload,
        identity,
        signature: envelope.signature,
    }
}

fn orderer_signatures(signed: &Block) -> Vec<SignedData> {
    let metadata = Metadata::decode(block::metadata(signed, BlockMetadataIndex::Signatures)).unwrap();
    let header = block::header_bytes(signed.header.as_ref().unwrap());
    let each = metadata.signatures.iter().map(|signature| SignedData {
        data: [&metadata.value[..], &signature.signature_header, &header].concat(),
        identity: SignatureHeader::decode(&signature.signature_header[..])
            .unwrap()
            .creator,
        signature: signature.signature.clone(),
    });
    each.collect()
}

fn endorsements(envelope: &Envelope) -> Vec<SignedData> {
    let payload = Payload::decode(&envelope.payload[..]).unwrap();
    let transaction = Transaction::decode(&payload.data[..]).unwrap();
    let action = ChaincodeActionPayload::decode(&transaction.actions[0].payload[..])
        .unwrap()
        .action
        .unwrap();
    let each = action.endorsements.iter().map(|endorsement| SignedData {
        data: [&action.proposal_response_payload[..], &endorsement.endorser].concat(),
        identity: endorsement.endorser.clone(),
        signature: endorsement.signature.clone(),
    });
    each.collect()
}

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", name]
        .iter()
        .collect()
}

fn lines(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(golden(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Validation codes by block and position.
fn codes() -> BTreeMap<u64, Vec<u64>> {
    let of_block = |line: Value| {
        let codes = line["txs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tx| tx["code"].as_u64().unwrap());
        (line["number"].as_u64().unwrap(), codes.collect())
    };
    lines("chain/expected.jsonl").into_iter().map(of_block).collect()
}

/// Blocks of the golden chain by number.
fn blocks() -> BTreeMap<u64, Block> {
    let file = fs::File::open(golden("chain/blocks.tar.gz")).unwrap();
    let mut blocks = BTreeMap::new();
    for entry in tar::Archive::new(flate2::read::GzDecoder::new(file)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.header().entry_type().is_file() {
            let block = Block::decode(&bytes[..]).unwrap();
            blocks.insert(block.header.as_ref().unwrap().number, block);
        }
    }
    blocks
}
