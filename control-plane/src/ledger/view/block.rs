//! A block, and what a configuration block changed.

use entente_api::time::Time;
use entente_fabric::block::{
    self as blocks, config_envelope, header_hash, last_config, signatures, validation_codes,
};
use entente_fabric::config::changes;
use entente_fabric::proto::common::{self, Envelope};
use entente_fabric::proto::protos::TxValidationCode;
use prost::Message as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::transaction::create_time;
use super::{Creator, Transaction, transaction};

/// A block of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Its number, from 0.
    pub number: u64,
    /// Hash of the header, hexadecimal.
    pub hash: String,
    /// Hash of the block before, hexadecimal; empty for block 0.
    pub previous_hash: String,
    /// Hash of the transactions, hexadecimal.
    pub data_hash: String,
    /// Bytes of its transactions.
    pub size: usize,
    /// The newest time that one of its transactions gives: a block has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Time>,
    /// How many transactions it holds.
    pub transaction_count: usize,
    /// How many of them have no effect.
    pub invalid_count: usize,
    /// The transactions, in order; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<Vec<Transaction>>,
    /// The orderers that signed it; absent in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Creator>,
    /// Number of the configuration block that was in force; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_config: Option<u64>,
    /// What a configuration block changed; absent in lists and for other blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_changes: Option<Vec<ConfigChange>>,
}

/// An element of the channel's configuration that came, went or became another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChange {
    /// `Group`, `Value` or `Policy`.
    pub kind: String,
    /// Where it stands, for example `Channel/Orderer/BatchSize`.
    pub path: String,
    /// What it was, in words; absent when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is, in words; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The view of a block, with or without what is inside.
pub fn block(block: &common::Block, is_whole: bool) -> Block {
    let header = block.header.clone().unwrap_or_default();
    let data = data(block);
    let times = blocks::transactions(block).flatten();
    let codes = validation_codes(block);
    let signed = is_whole
        .then(|| signatures(block, &[]).ok())
        .flatten()
        .unwrap_or_default();
    Block {
        number: header.number,
        hash: hex::encode(header_hash(&header)),
        previous_hash: hex::encode(&header.previous_hash),
        data_hash: hex::encode(&header.data_hash),
        size: data.iter().map(|bytes| bytes.len()).sum(),
        create_time: times.filter_map(|one| create_time(&one.opened.channel_header)).max(),
        transaction_count: data.len(),
        invalid_count: codes
            .iter()
            .filter(|code| i32::from(**code) != TxValidationCode::Valid as i32)
            .count(),
        transactions: is_whole.then(|| transactions(block)),
        signers: signed.iter().filter_map(|one| Creator::read(&one.identity)).collect(),
        last_config: is_whole.then(|| last_config(block)).flatten(),
        config_changes: None,
    }
}

/// The transactions of a block, in order.
pub fn transactions(block: &common::Block) -> Vec<Transaction> {
    let number = block.header.as_ref().map(|header| header.number).unwrap_or_default();
    let codes = validation_codes(block);
    let one = |(index, bytes): (usize, &bytes::Bytes)| {
        let envelope = Envelope::decode(bytes.as_ref()).unwrap_or_default();
        // The genesis block has no codes: nobody validated it.
        let code = codes.get(index).copied().unwrap_or_default().into();
        transaction(&envelope, code, Some((number, index)))
    };
    data(block).iter().enumerate().map(one).collect()
}

fn data(block: &common::Block) -> &[bytes::Bytes] {
    block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default()
}

/// What a configuration block changed. `None` for a block that is none, or that cannot be read.
///
/// `before` is the configuration block before it; of the first one there is none, and everything is new.
pub fn config_changes(before: Option<&common::Block>, after: &common::Block) -> Option<Vec<ConfigChange>> {
    let group = |block: &common::Block| config_envelope(block).ok()?.config?.channel_group;
    let before = match before {
        Some(before) => Some(group(before)?),
        None => None,
    };
    let changes = changes::changes(before.as_ref(), &group(after)?).ok()?;
    let view = |change: changes::Change| ConfigChange {
        kind: change.kind.to_owned(),
        path: change.path,
        before: change.before,
        after: change.after,
    };
    Some(changes.into_iter().map(view).collect())
}
