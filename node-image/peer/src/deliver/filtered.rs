//! Filtered blocks: transaction ids, verdicts and event names, without what the transactions say (`toFilteredBlock`).

use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{
    Block, BlockMetadataIndex, ChannelHeader, Envelope, HeaderType, Payload, Status,
};
use entente_fabric::proto::protos::deliver_response::Type;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEvent, DeliverResponse, FilteredBlock, FilteredChaincodeAction,
    FilteredTransaction, FilteredTransactionActions, ProposalResponsePayload, Transaction, TransactionAction,
    TxValidationCode, filtered_transaction,
};
use entente_ledger::deliver::Delivery;
use prost::{DecodeError, Message as _};
use tracing::warn;

use super::Readers;

pub(super) struct Filtered;

impl Delivery<Readers> for Filtered {
    type Reply = DeliverResponse;
    const DATA_TYPE: &'static str = "filtered_block";

    fn status(&self, code: Status) -> DeliverResponse {
        super::status(code)
    }

    /// A block that cannot be filtered becomes a status BAD_REQUEST, and the stream goes on, as with stock.
    fn block(&self, readers: &Readers, block: Arc<Block>, _: &SignedData) -> Result<DeliverResponse, String> {
        Ok(match filter(&block) {
            Ok(filtered) => super::reply(Type::FilteredBlock(filtered)),
            Err(error) => {
                warn!(channel = readers.channel.id, %error, "a block cannot be filtered");
                super::status(Status::BadRequest)
            }
        })
    }
}

fn filter(block: &Block) -> Result<FilteredBlock, DecodeError> {
    let codes = block::metadata(block, BlockMetadataIndex::TransactionsFilter);
    let mut filtered = FilteredBlock {
        number: block.header.as_ref().map_or(0, |header| header.number),
        ..FilteredBlock::default()
    };
    let data = block.data.as_ref().map_or(&[][..], |data| &data.data);
    for (index, bytes) in data.iter().enumerate() {
        let Ok(envelope) = Envelope::decode(bytes.as_ref()) else {
            continue;
        };
        let payload = Payload::decode(envelope.payload.as_slice())?;
        let Some(header) = payload.header else { continue };
        let channel = ChannelHeader::decode(header.channel_header.as_slice())?;
        let code = codes
            .get(index)
            .map_or(TxValidationCode::NotValidated as i32, |code| i32::from(*code));
        let actions = match channel.r#type == HeaderType::EndorserTransaction as i32 {
            true => Some(filtered_transaction::Data::TransactionActions(actions(&payload.data)?)),
            false => None,
        };
        filtered.channel_id = channel.channel_id;
        filtered.filtered_transactions.push(FilteredTransaction {
            txid: channel.tx_id,
            r#type: channel.r#type,
            tx_validation_code: code,
            data: actions,
        });
    }
    Ok(filtered)
}

fn actions(transaction: &[u8]) -> Result<FilteredTransactionActions, DecodeError> {
    let transaction = Transaction::decode(transaction)?;
    let events = transaction.actions.iter().map(event).collect::<Result<Vec<_>, _>>()?;
    let chaincode_actions = events.into_iter().flatten().map(|event| FilteredChaincodeAction {
        chaincode_event: Some(event),
    });
    Ok(FilteredTransactionActions {
        chaincode_actions: chaincode_actions.collect(),
    })
}

/// The event that a transaction emits, without its payload.
fn event(action: &TransactionAction) -> Result<Option<ChaincodeEvent>, DecodeError> {
    let Some(action) = ChaincodeActionPayload::decode(action.payload.as_slice())?.action else {
        return Ok(None);
    };
    let response = ProposalResponsePayload::decode(action.proposal_response_payload.as_slice())?;
    let action = ChaincodeAction::decode(response.extension.as_slice())?;
    let event = ChaincodeEvent::decode(action.events.as_slice())?;
    Ok((!event.chaincode_id.is_empty()).then(|| ChaincodeEvent {
        payload: Vec::new(),
        ..event
    }))
}
