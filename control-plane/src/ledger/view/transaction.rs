//! A transaction: who called what, with what, and what came of it.

use entente_api::time::Time;
use entente_fabric::block::endorsed;
use entente_fabric::proto::common::{ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader};
use entente_fabric::proto::protos::{ChaincodeEvent, TxValidationCode};
use prost::Message as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::effects::{ContractEffects, effects};
use super::{Bytes, Creator};

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
    /// Its place in the block, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
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
    /// The peers that endorsed it, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endorsed_by: Vec<Creator>,
    /// The event that the contract set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<ContractEvent>,
    /// What it read and wrote, contract by contract. What an invalid transaction would have written is here, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<ContractEffects>,
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

/// The view of a transaction; `place` is the number of its block, and which one of the block it is.
pub fn transaction(envelope: &Envelope, code: i32, place: Option<(u64, usize)>) -> Transaction {
    let mut view = Transaction {
        code: validation_code(code),
        block_number: place.map(|(block, _)| block),
        index: place.map(|(_, index)| index),
        ..Transaction::default()
    };
    let payload = Payload::decode(&*envelope.payload).unwrap_or_default();
    let Some(header) = payload.header else { return view };
    let channel = ChannelHeader::decode(&*header.channel_header).unwrap_or_default();
    let signature = SignatureHeader::decode(&*header.signature_header).unwrap_or_default();
    view.create_time = create_time(&channel);
    view.id = channel.tx_id;
    view.kind = match HeaderType::try_from(channel.r#type) {
        Ok(HeaderType::EndorserTransaction) => "transaction".to_owned(),
        Ok(other) => other.as_str_name().to_ascii_lowercase(),
        Err(_) => channel.r#type.to_string(),
    };
    view.creator = Creator::read(&signature.creator);
    if channel.r#type == HeaderType::EndorserTransaction as i32 {
        call(&payload.data, &mut view);
    }
    view
}

/// When a transaction's creator says that it was made.
pub(super) fn create_time(header: &ChannelHeader) -> Option<Time> {
    let time = header.timestamp.as_ref()?;
    let nanos = u32::try_from(time.nanos).unwrap_or_default();
    chrono::DateTime::from_timestamp(time.seconds, nanos).map(Time::from)
}

/// Fabric's name of a validation code.
pub fn validation_code(code: i32) -> String {
    TxValidationCode::try_from(code).map_or_else(|_| code.to_string(), |code| code.as_str_name().to_owned())
}

/// What was called, with what, and what came out of it.
fn call(data: &[u8], view: &mut Transaction) {
    let Ok(endorsed) = endorsed(data) else { return };
    view.contract = Some(endorsed.chaincode.name).filter(|name| !name.is_empty());
    let mut arguments = endorsed.input.args.iter();
    view.function = arguments.next().map(|name| String::from_utf8_lossy(name).into_owned());
    view.arguments = arguments.map(|argument| Bytes::from(&argument[..])).collect();
    let endorsers = endorsed.endorsements.iter();
    view.endorsed_by = endorsers.filter_map(|one| Creator::read(&one.endorser)).collect();
    view.endorsers = view.endorsed_by.iter().map(|one| one.msp_id.clone()).collect();
    let action = endorsed.action;
    view.result = action
        .response
        .filter(|response| !response.payload.is_empty())
        .map(|response| Bytes::from(&response.payload[..]));
    view.event = ChaincodeEvent::decode(&action.events[..])
        .ok()
        .filter(|event| !event.event_name.is_empty())
        .map(|event| ContractEvent {
            payload: Bytes::from(&event.payload[..]),
            name: event.event_name,
        });
    view.effects = effects(&action.results);
}
