//! ChaincodeEvents: the events of one chaincode's valid transactions, block by block
//! (`internal/pkg/gateway/chaincodeevents.go` and `event/`).

use async_stream::try_stream;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{Block, BlockMetadataIndex, ChannelHeader, Envelope, HeaderType, Payload};
use entente_fabric::proto::gateway::{ChaincodeEventsRequest, ChaincodeEventsResponse, SignedChaincodeEventsRequest};
use entente_fabric::proto::orderer::seek_position;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEvent, ProposalResponsePayload, Transaction, TransactionAction,
    TxValidationCode,
};
use futures::Stream;
use prost::Message as _;
use tonic::Status;

use super::Core;
use crate::channels::Channel;

impl Core {
    pub(super) fn chaincode_events(
        &self,
        signed: SignedChaincodeEventsRequest,
    ) -> Result<impl Stream<Item = Result<ChaincodeEventsResponse, Status>> + Send + 'static, Status> {
        if signed.request.is_empty() {
            return Err(Status::invalid_argument("a chaincode events request is required"));
        }
        let request = ChaincodeEventsRequest::decode(signed.request.as_slice())
            .map_err(|error| Status::invalid_argument(format!("invalid chaincode events request: {error}")))?;
        let caller = SignedData {
            data: signed.request,
            identity: request.identity.clone(),
            signature: signed.signature,
        };
        self.acl
            .check("gateway/ChaincodeEvents", &request.channel_id, &caller)
            .map_err(|failure| Status::permission_denied(failure.0))?;
        let channel = self
            .channels
            .get(&request.channel_id)
            .ok_or_else(|| Status::not_found(format!("channel does not exist: {}", request.channel_id)))?;
        let mut next = start(&channel, &request)?;
        let mut filter = Filter::new(request);
        let stopped = self.stop.clone();
        Ok(try_stream! {
            let mut height = channel.ledger.blocks().watch();
            loop {
                let waited = tokio::select! {
                    () = stopped.cancelled() => Err(Status::unavailable("the peer is shutting down")),
                    // The sender lives as long as the channel.
                    grown = height.wait_for(|height| *height > next) => grown.map(|_| ()).map_err(|_| Status::aborted("the channel was closed")),
                };
                waited?;
                let block = channel.ledger.blocks().block(next).map_err(|error| Status::aborted(error.to_string()))?;
                let block = block.ok_or_else(|| Status::aborted(format!("block {next} is not in this ledger")))?;
                let events = filter.matching(&block);
                if !events.is_empty() {
                    yield ChaincodeEventsResponse { events, block_number: next };
                }
                next += 1;
            }
        })
    }
}

/// The first block to look at. A transaction that is already in the ledger wins over the position that the client
/// gives, which is where it looks for it otherwise.
fn start(channel: &Channel, request: &ChaincodeEventsRequest) -> Result<u64, Status> {
    if !request.after_transaction_id.is_empty() {
        let known = channel.ledger.transaction(&request.after_transaction_id);
        if let Ok(Some(location)) = known {
            return Ok(location.version.block);
        }
    }
    match request
        .start_position
        .as_ref()
        .and_then(|position| position.r#type.as_ref())
    {
        None | Some(seek_position::Type::NextCommit(_)) => Ok(channel.ledger.height()),
        Some(seek_position::Type::Specified(specified)) => Ok(specified.number),
        Some(seek_position::Type::Oldest(_)) => Err(Status::invalid_argument(
            "invalid start position type: *orderer.SeekPosition_Oldest",
        )),
        Some(seek_position::Type::Newest(_)) => Err(Status::invalid_argument(
            "invalid start position type: *orderer.SeekPosition_Newest",
        )),
    }
}

/// Which events a client has asked for.
struct Filter {
    chaincode: String,
    /// Events up to and including those of this transaction are old news. `None` once it is past.
    after: Option<String>,
}

impl Filter {
    fn new(request: ChaincodeEventsRequest) -> Filter {
        let after = Some(request.after_transaction_id).filter(|id| !id.is_empty());
        Filter {
            chaincode: request.chaincode_id,
            after,
        }
    }

    fn matching(&mut self, block: &Block) -> Vec<ChaincodeEvent> {
        let mut events = of_block(block);
        events.retain(|event| match &self.after {
            Some(last) if event.tx_id == *last => {
                self.after = None;
                false
            }
            Some(_) => false,
            None => event.chaincode_id == self.chaincode,
        });
        events
    }
}

/// Events of valid transactions, in order. What cannot be decoded has none.
fn of_block(block: &Block) -> Vec<ChaincodeEvent> {
    let codes = entente_fabric::block::metadata(block, BlockMetadataIndex::TransactionsFilter);
    let data = block.data.as_ref().map_or(&[][..], |data| &data.data);
    let valid = data
        .iter()
        .zip(codes)
        .filter(|(_, code)| **code == TxValidationCode::Valid as u8);
    valid
        .flat_map(|(envelope, _)| of_transaction(envelope).unwrap_or_default())
        .collect()
}

fn of_transaction(envelope: &[u8]) -> Option<Vec<ChaincodeEvent>> {
    let payload = Payload::decode(Envelope::decode(envelope).ok()?.payload.as_slice()).ok()?;
    let channel = ChannelHeader::decode(payload.header?.channel_header.as_slice()).ok()?;
    if channel.r#type != HeaderType::EndorserTransaction as i32 {
        return None;
    }
    let transaction = Transaction::decode(payload.data.as_slice()).ok()?;
    Some(transaction.actions.iter().filter_map(of_action).collect())
}

fn of_action(action: &TransactionAction) -> Option<ChaincodeEvent> {
    let action = ChaincodeActionPayload::decode(action.payload.as_slice()).ok()?.action?;
    let response = ProposalResponsePayload::decode(action.proposal_response_payload.as_slice()).ok()?;
    let action = ChaincodeAction::decode(response.extension.as_slice()).ok()?;
    let event = ChaincodeEvent::decode(action.events.as_slice()).ok()?;
    let complete = !event.chaincode_id.is_empty() && !event.event_name.is_empty() && !event.tx_id.is_empty();
    complete.then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::common::{BlockData, BlockHeader, BlockMetadata, Header};
    use entente_fabric::proto::protos::ChaincodeEndorsedAction;

    fn event(chaincode: &str, tx_id: &str, name: &str) -> ChaincodeEvent {
        ChaincodeEvent {
            chaincode_id: chaincode.into(),
            tx_id: tx_id.into(),
            event_name: name.into(),
            payload: b"payload".to_vec(),
        }
    }

    fn transaction(event: &ChaincodeEvent) -> Vec<u8> {
        let action = ChaincodeAction {
            events: event.encode_to_vec(),
            ..Default::default()
        };
        let response = ProposalResponsePayload {
            extension: action.encode_to_vec(),
            ..Default::default()
        };
        let endorsed = ChaincodeEndorsedAction {
            proposal_response_payload: response.encode_to_vec(),
            ..Default::default()
        };
        let action = ChaincodeActionPayload {
            action: Some(endorsed),
            ..Default::default()
        };
        let action = TransactionAction {
            payload: action.encode_to_vec(),
            ..Default::default()
        };
        let channel = ChannelHeader {
            r#type: HeaderType::EndorserTransaction as i32,
            ..Default::default()
        };
        let header = Header {
            channel_header: channel.encode_to_vec(),
            ..Default::default()
        };
        let data = Transaction { actions: vec![action] }.encode_to_vec();
        let payload = Payload {
            header: Some(header),
            data,
        };
        Envelope {
            payload: payload.encode_to_vec(),
            signature: vec![],
        }
        .encode_to_vec()
    }

    fn block(transactions: &[(&ChaincodeEvent, TxValidationCode)]) -> Block {
        let codes = transactions.iter().map(|(_, code)| *code as i32 as u8).collect();
        Block {
            header: Some(BlockHeader {
                number: 7,
                ..Default::default()
            }),
            data: Some(BlockData {
                data: transactions
                    .iter()
                    .map(|(event, _)| transaction(event).into())
                    .collect(),
            }),
            metadata: Some(BlockMetadata {
                metadata: vec![vec![], vec![], codes, vec![], vec![]],
            }),
        }
    }

    fn filter(after: &str) -> Filter {
        Filter::new(ChaincodeEventsRequest {
            chaincode_id: "basic".into(),
            after_transaction_id: after.into(),
            ..Default::default()
        })
    }

    #[test]
    fn only_valid_transactions_of_the_chaincode_have_events() {
        let (good, late, other) = (
            event("basic", "1", "a"),
            event("basic", "2", "b"),
            event("other", "3", "c"),
        );
        let nameless = event("basic", "4", "");
        let valid = TxValidationCode::Valid;

        let events = filter("").matching(&block(&[
            (&good, valid),
            (&late, TxValidationCode::MvccReadConflict),
            (&other, valid),
            (&nameless, valid),
        ]));

        assert_eq!(events, [good]);
    }

    #[test]
    fn events_up_to_the_checkpoint_are_skipped_across_blocks() {
        let [first, second, third] = ["1", "2", "3"].map(|tx_id| event("basic", tx_id, "e"));
        let valid = TxValidationCode::Valid;
        let mut filter = filter("2");

        assert_eq!(filter.matching(&block(&[(&first, valid)])), []);
        assert_eq!(
            filter.matching(&block(&[(&second, valid), (&third, valid)])),
            std::slice::from_ref(&third)
        );
        assert_eq!(filter.matching(&block(&[(&first, valid)])), [first]);
    }
}
