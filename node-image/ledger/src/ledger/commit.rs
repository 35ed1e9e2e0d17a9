//! Commits one block: settles versions, stores the block, then everything that follows from it in one batch.
//!
//! The order is what makes a crash harmless. Private data in clear, which no block holds, are noted first and synced;
//! then the block is synced; the batch is not, because it can be made again from the two.

use std::collections::BTreeMap;
use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockMetadata, BlockMetadataIndex, HeaderType, Metadata};
use entente_fabric::proto::protos::TxValidationCode;
use prost::Message as _;

use super::{Committed, Inner, TxLocation, replay};
use crate::lifecycle::NAMESPACE as LIFECYCLE;
use crate::mvcc::updates::{Change, Updates};
use crate::private::{PrivateChanges, PrivateData};
use crate::rwset::TxRwSet;
use crate::state::View;
use crate::store::Table;
use crate::transaction::{self, Opened};
use crate::{LedgerError, Version, commit_hash, expiry, history, keys, mvcc, private, state};

/// Slots of block metadata that a committed block has.
const METADATA_SLOTS: usize = BlockMetadataIndex::CommitHash as usize + 1;

/// What the committer remembers between blocks.
#[derive(Debug, Default)]
pub(super) struct Committer {
    pub commit_hash: Vec<u8>,
    /// A block is stored whose effects are not; only opening the ledger again brings them.
    halted: bool,
}

pub(super) fn block(
    ledger: &Inner,
    mut block: Block,
    codes: Vec<TxValidationCode>,
    private: PrivateData,
) -> Result<Arc<Committed>, LedgerError> {
    let mut committer = ledger.committer.lock();
    if committer.halted {
        return Err(LedgerError::Refused(
            "an earlier commit failed half-way; open the ledger again".to_owned(),
        ));
    }
    let mut work = Work::open(&block, codes)?;
    let view = View::new(ledger.tables.snapshot());
    let updates = mvcc::settle(work.number, &work.rwsets, &mut work.codes, &view, true)?;

    let filter: Vec<u8> = work.codes.iter().map(|code| *code as u8).collect();
    // Block 0 has no commit hash: the state it starts is the configuration, which does not take part in it.
    if work.number > 0 {
        committer.commit_hash = commit_hash::next(&filter, &updates, &committer.commit_hash).to_vec();
    }
    annotate(&mut block, filter, &committer.commit_hash);
    let private = private::vouched(replay::with_noted(work.number, private, view.snapshot())?, &work.rwsets);
    let lifecycle = updates.public.contains_key(LIFECYCLE);
    let rows = work.rows(ledger, &block, updates, &private, &view)?;

    note_private(ledger, work.number, &private)?;
    ledger.blocks.append_hidden(&block)?;
    committer.halted = true;
    ledger.blocks.sync()?;
    rows.commit(ledger)?;
    committer.halted = false;
    if lifecycle {
        ledger.definitions.clear();
    }
    ledger.blocks.show();
    Ok(Arc::new(Committed {
        block,
        codes: work.codes,
        commit_hash: committer.commit_hash.clone(),
    }))
}

/// A block that is being committed, decoded.
pub(super) struct Work {
    pub number: u64,
    pub transactions: Vec<Option<Opened>>,
    pub rwsets: Vec<Option<TxRwSet>>,
    pub codes: Vec<TxValidationCode>,
}

impl Work {
    /// Decodes what the transactions did, of those that are valid so far.
    pub fn open(block: &Block, mut codes: Vec<TxValidationCode>) -> Result<Work, LedgerError> {
        let refuse = |reason: &str| LedgerError::Refused(reason.to_owned());
        let header = block.header.as_ref().ok_or_else(|| refuse("the block has no header"))?;
        let envelopes = block.data.as_ref().map_or(&[][..], |data| &data.data);
        if envelopes.len() != codes.len() {
            let (transactions, codes) = (envelopes.len(), codes.len());
            return Err(LedgerError::Refused(format!(
                "block {} has {transactions} transactions, and {codes} validation codes were given for it",
                header.number
            )));
        }
        let transactions: Vec<_> = envelopes.iter().map(|envelope| transaction::open(envelope)).collect();
        let mut rwsets = Vec::with_capacity(envelopes.len());
        for (opened, code) in transactions.iter().zip(&mut codes) {
            let valid = opened.as_ref().filter(|_| *code == TxValidationCode::Valid);
            rwsets.push(valid.map_or(Ok(None), Opened::rwset).unwrap_or_else(|failed| {
                *code = failed;
                None
            }));
        }
        Ok(Work {
            number: header.number,
            transactions,
            rwsets,
            codes,
        })
    }

    fn is_valid(&self, at: u64) -> bool {
        usize::try_from(at).ok().and_then(|at| self.codes.get(at)) == Some(&TxValidationCode::Valid)
    }

    /// Everything that the database is told about the block.
    pub fn rows(
        &self,
        ledger: &Inner,
        block: &Block,
        mut updates: Updates,
        private: &PrivateData,
        view: &View,
    ) -> Result<Rows, LedgerError> {
        let mut rows = Rows::default();
        let mut changes = private::changes(self.number, private, |at| self.is_valid(at), &updates, view)?;
        private::purge(
            self.number,
            &self.rwsets,
            |at| self.is_valid(at),
            &mut changes,
            |ns, collection, hash| {
                let key = ledger
                    .tables
                    .get(Table::Index, &keys::private_key(ns, collection, hash))?;
                Ok(key.and_then(|key| String::from_utf8(key.to_vec()).ok()))
            },
        )?;
        let block_to_live = |ns: &str, collection: &str| block_to_live(ledger, ns, collection);
        for (name, value) in expiry::schedule(self.number, &updates, &changes, block_to_live)? {
            rows.index.insert(name, Some(value));
        }
        for name in expiry::expire(self.number, view, &mut updates, &mut changes)? {
            rows.index.insert(name, None);
        }
        rows.state(updates, changes);
        self.index(ledger, block, &mut rows)?;
        for at in private.keys() {
            rows.index.insert(keys::pending_private(self.number, *at), None);
        }
        Ok(rows)
    }

    fn index(&self, ledger: &Inner, block: &Block, rows: &mut Rows) -> Result<(), LedgerError> {
        for (at, opened) in self.transactions.iter().enumerate() {
            let location = TxLocation {
                version: Version {
                    block: self.number,
                    tx: at as u64,
                },
                code: self.codes[at],
            };
            if let Some(tx_id) = opened.as_ref().and_then(Opened::tx_id) {
                let row = keys::transaction(&tx_id);
                // The first occurrence counts, also when it is invalid.
                if !rows.index.contains_key(&row) && ledger.tables.get(Table::Index, &row)?.is_none() {
                    rows.index.insert(row, Some(encode_location(location)));
                }
            }
            let is_endorsed = opened.as_ref().and_then(Opened::kind) == Some(HeaderType::EndorserTransaction);
            let rwset = self.rwsets[at]
                .as_ref()
                .filter(|_| is_endorsed && location.code == TxValidationCode::Valid);
            let modifications = rwset
                .into_iter()
                .flat_map(|rwset| history::rows(rwset, location.version));
            rows.index.extend(modifications.map(|row| (row, Some(Vec::new()))));
        }
        let hash = block.header.as_ref().map(block::header_hash).unwrap_or_default();
        rows.index
            .insert(keys::block_hash(&hash), Some(self.number.to_be_bytes().to_vec()));
        rows.index
            .insert(keys::SAVEPOINT.to_vec(), Some((self.number + 1).to_be_bytes().to_vec()));
        Ok(())
    }
}

/// Definitions are taken as of the block before. A collection that is not defined keeps its data.
fn block_to_live(ledger: &Inner, namespace: &str, collection: &str) -> Result<u64, LedgerError> {
    let definition = ledger
        .definitions
        .get(namespace, || View::new(ledger.tables.snapshot()));
    let definition = match definition {
        Ok(definition) => definition,
        Err(crate::lifecycle::DefinitionError::Ledger(error)) => return Err(error),
        Err(crate::lifecycle::DefinitionError::Malformed(_)) => None,
    };
    let collection = definition.and_then(|definition| definition.collection(collection));
    Ok(collection.map_or(0, |collection| collection.block_to_live))
}

/// Rows to write, `None` to delete.
#[derive(Debug, Default)]
pub(super) struct Rows {
    state: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    index: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Rows {
    fn state(&mut self, updates: Updates, private: PrivateChanges) {
        for (namespace, changes) in updates.public {
            for (key, change) in changes {
                self.change(&namespace, key.as_bytes(), change);
            }
        }
        for (namespace, collections) in private {
            for (collection, changes) in collections {
                let row_namespace = keys::private(&namespace, &collection);
                for (key, change) in changes {
                    let hash = entente_fabric::crypto::sha256(key.as_bytes());
                    let known = change.value.is_some().then(|| key.clone().into_bytes());
                    self.index
                        .insert(keys::private_key(&namespace, &collection, &hash), known);
                    self.change(&row_namespace, key.as_bytes(), change);
                }
            }
        }
        for (namespace, collections) in updates.hashed {
            for (collection, changes) in collections {
                let row_namespace = keys::hashed(&namespace, &collection);
                for (key_hash, change) in changes {
                    self.change(&row_namespace, &key_hash, change);
                }
            }
        }
    }

    fn change(&mut self, namespace: &str, key: &[u8], change: Change) {
        let name = keys::state(namespace, key);
        let value = change
            .value
            .map(|value| state::encode(&name, &value, &change.metadata, change.version));
        self.state.insert(keys::stored(name), value);
    }

    pub fn commit(self, ledger: &Inner) -> Result<(), LedgerError> {
        let mut batch = ledger.tables.batch();
        for (table, rows) in [(Table::State, self.state), (Table::Index, self.index)] {
            for (name, value) in rows {
                match value {
                    Some(value) => batch.put(table, &name, &value),
                    None => batch.delete(table, &name),
                }
            }
        }
        batch.commit()
    }
}

pub(super) fn note_private(ledger: &Inner, number: u64, private: &PrivateData) -> Result<(), LedgerError> {
    if private.is_empty() {
        return Ok(());
    }
    let mut batch = ledger.tables.batch();
    for (at, set) in private {
        batch.put(Table::Index, &keys::pending_private(number, *at), &set.encode_to_vec());
    }
    batch.commit()?;
    ledger.tables.sync()
}

fn annotate(block: &mut Block, filter: Vec<u8>, commit_hash: &[u8]) {
    let metadata = &mut block.metadata.get_or_insert_with(BlockMetadata::default).metadata;
    if metadata.len() < METADATA_SLOTS {
        metadata.resize(METADATA_SLOTS, Vec::new());
    }
    metadata[BlockMetadataIndex::TransactionsFilter as usize] = filter;
    if !commit_hash.is_empty() {
        let value = Metadata {
            value: commit_hash.to_vec(),
            signatures: Vec::new(),
        };
        metadata[BlockMetadataIndex::CommitHash as usize] = value.encode_to_vec();
    }
}

fn encode_location(location: TxLocation) -> Vec<u8> {
    let mut out = Vec::with_capacity(8);
    prost::encoding::encode_varint(location.version.block, &mut out);
    prost::encoding::encode_varint(location.version.tx, &mut out);
    out.push(location.code as u8);
    out
}

pub(super) fn decode_location(mut rest: &[u8]) -> Option<TxLocation> {
    let block = prost::encoding::decode_varint(&mut rest).ok()?;
    let tx = prost::encoding::decode_varint(&mut rest).ok()?;
    let code = TxValidationCode::try_from(i32::from(*rest.first()?)).ok()?;
    Some(TxLocation {
        version: Version { block, tx },
        code,
    })
}
