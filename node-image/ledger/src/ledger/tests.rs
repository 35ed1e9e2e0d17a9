//! Private data in clear: what a crash, a block and time do to them.

use entente_fabric::block;
use entente_fabric::proto::common::{
    Block, BlockData, BlockHeader, BlockMetadata, ChannelHeader, Envelope, Header, HeaderType, Payload,
};
use entente_fabric::proto::lifecycle::{StateData, StateMetadata, state_data};
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, CollectionConfig, CollectionConfigPackage,
    ProposalResponsePayload, StaticCollectionConfig, Transaction, TransactionAction, TxValidationCode,
    collection_config,
};
use entente_fabric::proto::rwset::TxReadWriteSet;
use prost::Message as _;

use super::*;
use crate::rwset::builder::{Builder, Built};
use crate::simulate::SimulationResults;

/// A ledger with a contract `cc` that has a collection `short`, which lives for two blocks, and one, `long`, that stays.
struct Chain {
    dir: tempfile::TempDir,
    ledger: Option<Ledger>,
    previous_hash: Vec<u8>,
}

impl Chain {
    fn new() -> Chain {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Some(Ledger::open(dir.path(), "ch").unwrap());
        let mut chain = Chain {
            dir,
            ledger,
            previous_hash: Vec::new(),
        };
        let mut definition = Builder::default();
        let collection = |name: &str, block_to_live| {
            let collection = StaticCollectionConfig {
                name: name.to_owned(),
                block_to_live,
                ..Default::default()
            };
            CollectionConfig {
                payload: Some(collection_config::Payload::StaticCollectionConfig(collection)),
            }
        };
        let collections = CollectionConfigPackage {
            config: vec![collection("short", 2), collection("long", 0)],
        };
        let bytes = state_data::Type::Bytes(collections.encode_to_vec());
        let metadata = StateMetadata {
            datatype: "ChaincodeDefinition".to_owned(),
            fields: Vec::new(),
        };
        definition.write("_lifecycle", "namespaces/metadata/cc", &metadata.encode_to_vec());
        let value = StateData { r#type: Some(bytes) }.encode_to_vec();
        definition.write("_lifecycle", "namespaces/fields/cc/Collections", &value);
        chain.commit(vec![definition.build()]);
        chain
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.ledger = None;
        self.ledger = Some(Ledger::open(self.dir.path(), "ch").unwrap());
    }

    fn next(&mut self, sets: &[Built]) -> Block {
        let number = self.ledger().height();
        let data: Vec<_> = (sets.iter().enumerate())
            .map(|(at, set)| envelope(&format!("{number}/{at}"), &set.public).into())
            .collect();
        let previous_hash = self.previous_hash.clone();
        let header = BlockHeader {
            number,
            previous_hash,
            data_hash: block::data_hash(&data).to_vec(),
        };
        self.previous_hash = block::header_hash(&header).to_vec();
        Block {
            header: Some(header),
            data: Some(BlockData { data }),
            metadata: Some(BlockMetadata::default()),
        }
    }

    /// Commits one block with all there is in clear.
    fn commit(&mut self, sets: Vec<Built>) -> Arc<Committed> {
        let block = self.next(&sets);
        let codes = vec![TxValidationCode::Valid; sets.len()];
        self.ledger().commit_with(block, codes, private(&sets)).unwrap()
    }

    fn get(&self, collection: &str, key: &str) -> Result<Option<Vec<u8>>, String> {
        let mut simulator = self.ledger().simulator("tx").unwrap();
        simulator
            .get_private("cc", collection, key)
            .map_err(|error| error.to_string())
    }

    fn in_clear(&self, collection: &str) -> Vec<(String, Vec<u8>)> {
        let rows = self.ledger().view().private_range("cc", collection, "", "");
        rows.map(|row| row.map(|(key, versioned)| (key, versioned.value)).unwrap())
            .collect()
    }
}

fn private(sets: &[Built]) -> PrivateData {
    let clear = sets
        .iter()
        .enumerate()
        .filter_map(|(at, set)| Some((at as u64, set.private.clone()?)));
    clear.collect()
}

fn envelope(tx_id: &str, set: &TxReadWriteSet) -> Vec<u8> {
    let action = ChaincodeAction {
        results: set.encode_to_vec(),
        ..Default::default()
    };
    let response = ProposalResponsePayload {
        extension: action.encode_to_vec(),
        ..Default::default()
    };
    let proposal_response_payload = response.encode_to_vec();
    let action = Some(ChaincodeEndorsedAction {
        proposal_response_payload,
        endorsements: Vec::new(),
    });
    let payload = ChaincodeActionPayload {
        action,
        ..Default::default()
    }
    .encode_to_vec();
    let body = Transaction {
        actions: vec![TransactionAction {
            header: Vec::new(),
            payload,
        }],
    };
    let kind = HeaderType::EndorserTransaction as i32;
    let channel_header = ChannelHeader {
        r#type: kind,
        tx_id: tx_id.to_owned(),
        ..Default::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: Vec::new(),
    };
    let payload = Payload {
        header: Some(header),
        data: body.encode_to_vec(),
    }
    .encode_to_vec();
    Envelope {
        payload,
        signature: Vec::new(),
    }
    .encode_to_vec()
}

fn write(collection: &str, key: &str, value: &str) -> Built {
    let mut set = Builder::default();
    set.write_private("cc", collection, key, value.as_bytes(), false);
    set.build()
}

fn purge(collection: &str, key: &str) -> Built {
    let mut set = Builder::default();
    set.write_private("cc", collection, key, b"", true);
    set.build()
}

#[test]
fn private_data_that_were_noted_before_a_crash_are_there_when_the_block_is_applied() {
    let mut chain = Chain::new();
    let sets = vec![write("long", "k", "secret")];
    let mut block = chain.next(&sets);
    let inner = &chain.ledger().inner;
    block.metadata.get_or_insert_default().metadata = vec![vec![], vec![], vec![0], vec![], vec![]];

    commit::note_private(inner, 1, &private(&sets)).unwrap();
    inner.blocks.append_hidden(&block).unwrap();
    inner.blocks.sync().unwrap();
    chain.reopen();

    assert_eq!(chain.get("long", "k"), Ok(Some(b"secret".to_vec())));
    let rows: Vec<_> = inner_rows(chain.ledger(), b'p');
    assert_eq!(
        rows,
        Vec::<Vec<u8>>::new(),
        "what was noted is gone once it is in the state"
    );
}

fn inner_rows(ledger: &Ledger, kind: u8) -> Vec<Vec<u8>> {
    let rows = ledger
        .inner
        .tables
        .snapshot()
        .range(Table::Index, vec![kind], vec![kind + 1]);
    rows.map(|row| row.unwrap().0.to_vec()).collect()
}

#[test]
fn private_data_that_the_block_does_not_vouch_for_are_dropped() {
    let mut chain = Chain::new();
    let (real, forged) = (write("long", "k", "real"), write("long", "k", "forged"));
    let block = chain.next(std::slice::from_ref(&real));

    let data = private(&[forged]);
    chain
        .ledger()
        .commit_with(block, vec![TxValidationCode::Valid], data)
        .unwrap();

    assert_eq!(chain.in_clear("long"), Vec::new());
    let refused = chain.get("long", "k").unwrap_err();
    assert_eq!(
        refused,
        "private data matching public hash version is not available. Public hash version = {BlockNum: 1, TxNum: 0}, \
         Private data version = <nil>"
    );
}

#[test]
fn data_with_a_block_to_live_go_after_that_many_blocks_unless_they_were_written_again() {
    let mut chain = Chain::new();
    chain.commit(vec![
        write("short", "a", "1"),
        write("short", "b", "1"),
        write("long", "c", "1"),
    ]);
    chain.commit(vec![write("short", "b", "2")]);
    chain.commit(Vec::new());
    assert_eq!(
        chain.in_clear("short").len(),
        2,
        "written by block 1, they live through blocks 2 and 3"
    );

    chain.commit(Vec::new());
    assert_eq!(chain.in_clear("short"), [("b".to_owned(), b"2".to_vec())]);
    assert_eq!(chain.get("short", "a"), Ok(None));

    chain.commit(Vec::new());
    assert_eq!((chain.in_clear("short"), chain.in_clear("long").len()), (Vec::new(), 1));
    assert_eq!(inner_rows(chain.ledger(), b'e'), Vec::<Vec<u8>>::new());
}

#[test]
fn a_purge_removes_what_this_peer_has_also_when_it_was_given_the_hash_only() {
    let mut chain = Chain::new();
    chain.commit(vec![write("long", "k", "secret"), write("long", "other", "stays")]);
    let block = chain.next(&[purge("long", "k")]);

    chain.ledger().commit(block, vec![TxValidationCode::Valid]).unwrap();

    assert_eq!(chain.in_clear("long"), [("other".to_owned(), b"stays".to_vec())]);
    assert_eq!(chain.get("long", "k"), Ok(None));
}

#[test]
fn a_value_written_after_a_purge_of_the_same_block_stays() {
    let mut chain = Chain::new();
    chain.commit(vec![write("long", "k", "old")]);

    chain.commit(vec![purge("long", "k"), write("long", "k", "new")]);

    assert_eq!(chain.get("long", "k"), Ok(Some(b"new".to_vec())));
}

#[test]
fn a_change_of_metadata_alone_moves_the_private_version_along() {
    let mut chain = Chain::new();
    chain.commit(vec![write("long", "k", "v")]);
    let mut set = Builder::default();
    set.write_private_metadata("cc", "long", "k", vec![("name".to_owned(), b"x".to_vec())]);

    chain.commit(vec![set.build()]);

    assert_eq!(chain.get("long", "k"), Ok(Some(b"v".to_vec())));
    let version = chain
        .ledger()
        .view()
        .private("cc", "long", "k")
        .unwrap()
        .unwrap()
        .version;
    assert_eq!(version, Version { block: 2, tx: 0 });
}

#[test]
fn very_long_keys_are_kept_in_order() {
    let mut chain = Chain::new();
    let long = "x".repeat(70_000);
    let names: Vec<String> = [
        "a".to_owned(),
        format!("{long}a"),
        format!("{long}b"),
        long.clone(),
        "y".to_owned(),
    ]
    .into();
    let mut set = Builder::default();
    names.iter().for_each(|name| set.write("cc", name, name.as_bytes()));

    chain.commit(vec![set.build()]);

    let mut sorted = names.clone();
    sorted.sort();
    let keys = |start: &str, end: &str| -> Vec<String> {
        chain
            .ledger()
            .view()
            .range("cc", start, end)
            .map(|row| row.unwrap().0)
            .collect()
    };
    assert_eq!(keys("", ""), sorted);
    assert_eq!(keys(&names[1], &names[2]), names[1..2]);
    assert_eq!(keys(&long, "y"), sorted[1..4]);
    let history = chain.ledger().history("cc", &names[2], 10).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(
        chain.ledger().state("cc", &names[2]).unwrap().unwrap().value,
        names[2].as_bytes()
    );
}

#[test]
fn a_simulation_sees_the_state_as_of_its_start() {
    let mut chain = Chain::new();
    let mut simulator = chain.ledger().simulator("tx").unwrap();
    let mut set = Builder::default();
    set.write("cc", "k", b"v");

    chain.commit(vec![set.build()]);

    assert_eq!(simulator.get_state("cc", "k").unwrap(), None);
    let SimulationResults { public, namespaces, .. } = simulator.finish().unwrap();
    let set = crate::rwset::TxRwSet::decode(&public).unwrap();
    assert_eq!(set.namespaces[0].public.reads[0].version, None);
    assert_eq!(namespaces.len(), 1);
}

#[test]
fn a_block_out_of_turn_changes_nothing() {
    let mut chain = Chain::new();
    let mut block = chain.next(&[]);
    block.header.as_mut().unwrap().number = 7;

    let refused = chain.ledger().commit(block, Vec::new()).unwrap_err();

    assert_eq!(refused.to_string(), "block 7 is not the next block, 1");
    assert_eq!(chain.ledger().height(), 1);
}
