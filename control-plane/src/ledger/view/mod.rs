//! Blocks and transactions as the API shows them. Decodes what nodes send; believes nothing: whatever cannot be read is
//! left out.

mod block;
mod effects;
mod transaction;

pub use block::{Block, ConfigChange, block, config_changes, transactions};
pub use effects::{
    CollectionEffects, ContractEffects, HashedRead, HashedWrite, RangeRead, Read, StateVersion, Write,
};
pub use transaction::{ContractEvent, Transaction, transaction, validation_code};

use entente_fabric::proto::common;
use entente_fabric::proto::msp::SerializedIdentity;
use prost::Message as _;
use serde::Serialize;
use utoipa::ToSchema;

/// Who signed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Creator {
    /// MSP id of the organization.
    pub msp_id: String,
    /// Subject of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Creator {
    /// Reads a serialized identity.
    fn read(bytes: &[u8]) -> Option<Creator> {
        let identity = SerializedIdentity::decode(bytes).ok()?;
        let subject = x509_parser::pem::parse_x509_pem(&identity.id_bytes)
            .ok()
            .and_then(|(_, pem)| {
                pem.parse_x509()
                    .ok()
                    .map(|certificate| certificate.subject().to_string())
            });
        Some(Creator {
            msp_id: identity.mspid,
            subject,
        })
    }
}

/// Bytes that are mostly text: as text when they are, in base64 when they are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Bytes {
    /// As text.
    Text(String),
    /// In base64.
    Base64(String),
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Bytes {
        use base64::Engine as _;
        match std::str::from_utf8(bytes) {
            Ok(text) => Bytes::Text(text.to_owned()),
            Err(_) => Bytes::Base64(base64::engine::general_purpose::STANDARD.encode(bytes)),
        }
    }
}

/// Height and hashes of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerInfo {
    /// How many blocks there are.
    pub height: u64,
    /// Hash of the newest block, hexadecimal.
    pub current_block_hash: String,
    /// Hash of the block before it, hexadecimal.
    pub previous_block_hash: String,
}

impl From<common::BlockchainInfo> for LedgerInfo {
    fn from(info: common::BlockchainInfo) -> LedgerInfo {
        LedgerInfo {
            height: info.height,
            current_block_hash: hex::encode(info.current_block_hash),
            previous_block_hash: hex::encode(info.previous_block_hash),
        }
    }
}
