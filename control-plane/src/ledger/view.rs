//! Blocks and transactions as the API shows them. Decodes what nodes send; believes nothing: whatever cannot be read is
//! left out.

use entente_api::time::Time;
use entente_fabric::block::{header_hash, metadata};
use entente_fabric::proto::common::{
    self, BlockMetadataIndex, ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader,
};
use entente_fabric::proto::msp::SerializedIdentity;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEvent, ChaincodeInvocationSpec, ChaincodeProposalPayload,
    ProposalResponsePayload, Transaction as ProtoTransaction, TxValidationCode,
};
use prost::Message;
use serde::Serialize;
use utoipa::ToSchema;

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
    /// How many transactions it holds.
    pub transaction_count: usize,
    /// The transactions, in order; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<Vec<Transaction>>,
}

/// A transaction of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// Its id, hexadecimal.
    pub id: String,
    /// `transaction`, `config`, or another of Fabric's header types.
    #[serde(rename = "type")]
    pub kind: String,
    /// Fabric's validation code, `VALID` or why it has no effect.
    pub code: String,
    /// The block that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_number: Option<u64>,
    /// When its creator says that it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Time>,
    /// Who signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<Creator>,
    /// The contract that it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The function that it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The arguments of the call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Bytes>,
    /// What the contract answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Bytes>,
    /// MSP ids of the organizations that endorsed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endorsers: Vec<String>,
    /// The event that the contract set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<ContractEvent>,
}

/// Who signed a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Creator {
    /// MSP id of the organization.
    pub msp_id: String,
    /// Subject of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// An event that a contract set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractEvent {
    /// What the contract calls it.
    pub name: String,
    /// What came with it.
    pub payload: Bytes,
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

/// The view of a block, with or without its transactions.
pub fn block(block: &common::Block, with_transactions: bool) -> Block {
    let header = block.header.clone().unwrap_or_default();
    let envelopes = block.data.as_ref().map(|data| data.data.as_slice()).unwrap_or_default();
    let codes = metadata(block, BlockMetadataIndex::TransactionsFilter);
    let transactions = with_transactions.then(|| {
        let one = |(index, bytes): (usize, &bytes::Bytes)| {
            let envelope = Envelope::decode(bytes.as_ref()).unwrap_or_default();
            // The genesis block has no codes: nobody validated it.
            transaction(
                &envelope,
                codes.get(index).copied().unwrap_or_default().into(),
                Some(header.number),
            )
        };
        envelopes.iter().enumerate().map(one).collect()
    });
    Block {
        number: header.number,
        hash: hex::encode(header_hash(&header)),
        previous_hash: hex::encode(&header.previous_hash),
        data_hash: hex::encode(&header.data_hash),
        transaction_count: envelopes.len(),
        transactions,
    }
}

/// The view of a transaction.
pub fn transaction(envelope: &Envelope, code: i32, block_number: Option<u64>) -> Transaction {
    let mut view = Transaction {
        code: validation_code(code),
        block_number,
        ..Transaction::default()
    };
    let payload = Payload::decode(&*envelope.payload).unwrap_or_default();
    let Some(header) = payload.header else { return view };
    let channel = ChannelHeader::decode(&*header.channel_header).unwrap_or_default();
    let signature = SignatureHeader::decode(&*header.signature_header).unwrap_or_default();
    view.id = channel.tx_id;
    view.kind = match HeaderType::try_from(channel.r#type) {
        Ok(HeaderType::EndorserTransaction) => "transaction".to_owned(),
        Ok(other) => other.as_str_name().to_ascii_lowercase(),
        Err(_) => channel.r#type.to_string(),
    };
    view.create_time = channel.timestamp.and_then(|time| {
        chrono::DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or_default()).map(Time::from)
    });
    view.creator = creator(&signature.creator);
    if channel.r#type == HeaderType::EndorserTransaction as i32 {
        call(&payload.data, &mut view);
    }
    view
}

/// Fabric's name of a validation code.
pub fn validation_code(code: i32) -> String {
    TxValidationCode::try_from(code).map_or_else(|_| code.to_string(), |code| code.as_str_name().to_owned())
}

fn creator(bytes: &[u8]) -> Option<Creator> {
    let identity = SerializedIdentity::decode(bytes).ok()?;
    let subject = pem_subject(&identity.id_bytes);
    Some(Creator {
        msp_id: identity.mspid,
        subject,
    })
}

fn pem_subject(pem: &[u8]) -> Option<String> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    pem.parse_x509()
        .ok()
        .map(|certificate| certificate.subject().to_string())
}

/// What was called, with what, and what came out of it.
fn call(data: &[u8], view: &mut Transaction) {
    let transaction = ProtoTransaction::decode(data).unwrap_or_default();
    let Some(action) = transaction.actions.first() else {
        return;
    };
    let payload = ChaincodeActionPayload::decode(&*action.payload).unwrap_or_default();
    let proposal = ChaincodeProposalPayload::decode(&*payload.chaincode_proposal_payload).unwrap_or_default();
    let invocation = ChaincodeInvocationSpec::decode(&*proposal.input).unwrap_or_default();
    if let Some(spec) = invocation.chaincode_spec {
        view.contract = spec.chaincode_id.map(|id| id.name);
        let mut arguments = spec.input.unwrap_or_default().args.into_iter();
        view.function = arguments.next().map(|name| String::from_utf8_lossy(&name).into_owned());
        view.arguments = arguments.map(|argument| Bytes::from(&*argument)).collect();
    }
    let Some(endorsed) = payload.action else { return };
    view.endorsers = endorsed
        .endorsements
        .iter()
        .filter_map(|e| creator(&e.endorser).map(|c| c.msp_id))
        .collect();
    let response = ProposalResponsePayload::decode(&*endorsed.proposal_response_payload).unwrap_or_default();
    let action = ChaincodeAction::decode(&*response.extension).unwrap_or_default();
    view.result = action
        .response
        .filter(|r| !r.payload.is_empty())
        .map(|r| Bytes::from(&*r.payload));
    let event = ChaincodeEvent::decode(&*action.events)
        .ok()
        .filter(|event| !event.event_name.is_empty());
    view.event = event.map(|event| ContractEvent {
        payload: Bytes::from(&*event.payload),
        name: event.event_name,
    });
}
