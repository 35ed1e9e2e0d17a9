//! What the gateway reads of a proposal, and the transaction that it makes of an endorsed one.

use entente_fabric::proto::common::{ChannelHeader, Envelope, Header, Payload};
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeInvocationSpec,
    ChaincodeProposalPayload, Proposal, ProposalResponse, ProposalResponsePayload, SignedProposal, Transaction,
    TransactionAction,
};
use prost::Message as _;
use tonic::Status;

use super::plan::Endorsed;
use crate::failure::{Failure, decode};

/// A proposal, as far as the gateway is concerned.
pub(super) struct Request {
    pub signed: SignedProposal,
    pub channel_id: String,
    pub chaincode: String,
    /// Data that only collection members may see travels with it.
    pub has_transient: bool,
    header: Header,
    payload: ChaincodeProposalPayload,
}

impl Request {
    pub fn of_endorse(signed: Option<SignedProposal>) -> Result<Request, Status> {
        let signed = signed.filter(|signed| !signed.proposal_bytes.is_empty());
        let signed = signed
            .ok_or_else(|| Status::invalid_argument("the proposed transaction must contain a signed proposal"))?;
        Request::read(signed).map_err(|failure| Status::invalid_argument(failure.0))
    }

    /// Evaluate is stricter than Endorse about what must be present
    /// (`getChannelAndChaincodeFromSignedProposal` in `internal/pkg/gateway/evaluate.go`).
    pub fn of_evaluate(signed: Option<SignedProposal>) -> Result<Request, Status> {
        let read = || {
            let signed = signed.filter(|signed| !signed.proposal_bytes.is_empty());
            let request = Request::read(signed.ok_or_else(|| Failure::new("a signed proposal is required"))?)?;
            if request.channel_id.is_empty() {
                return Err(Failure::new("no channel id provided"));
            }
            if request.chaincode.is_empty() {
                let channel = &request.channel_id;
                return Err(Failure(format!(
                    "no chaincode name is provided, channel id [{channel}]"
                )));
            }
            Ok(request)
        };
        read()
            .map_err(|failure| Status::invalid_argument(format!("failed to unpack transaction proposal: {failure}")))
    }

    fn read(signed: SignedProposal) -> Result<Request, Failure> {
        let proposal: Proposal = part("Proposal", &signed.proposal_bytes)?;
        let header: Header = part("Header", &proposal.header)?;
        let channel: ChannelHeader = part("ChannelHeader", &header.channel_header)?;
        let payload: ChaincodeProposalPayload = part("ChaincodeProposalPayload", &proposal.payload)?;
        let invocation: ChaincodeInvocationSpec = part("ChaincodeInvocationSpec", &payload.input)?;
        let id = invocation
            .chaincode_spec
            .and_then(|spec| spec.chaincode_id)
            .unwrap_or_default();
        Ok(Request {
            signed,
            channel_id: channel.channel_id,
            chaincode: id.name,
            has_transient: !payload.transient_map.is_empty(),
            header,
            payload,
        })
    }

    /// The unsigned transaction of an endorsed proposal. Transient data stays behind.
    pub fn transaction(self, endorsed: Endorsed) -> Envelope {
        let public = ChaincodeProposalPayload {
            input: self.payload.input,
            ..Default::default()
        };
        let action = ChaincodeActionPayload {
            chaincode_proposal_payload: public.encode_to_vec(),
            action: Some(ChaincodeEndorsedAction {
                proposal_response_payload: endorsed.payload,
                endorsements: endorsed.endorsements,
            }),
        };
        let header = self.header.signature_header.clone();
        let transaction = Transaction {
            actions: vec![TransactionAction {
                header,
                payload: action.encode_to_vec(),
            }],
        };
        let payload = Payload {
            header: Some(self.header),
            data: transaction.encode_to_vec(),
        };
        Envelope {
            payload: payload.encode_to_vec(),
            signature: Vec::new(),
        }
    }
}

fn part<M: prost::Message + Default>(name: &str, bytes: &[u8]) -> Result<M, Failure> {
    decode(bytes).map_err(|failure| failure.within(format_args!("error unmarshalling {name}")))
}

/// What the contract returned, from the part of the response that is signed.
pub(super) fn result(response: &ProposalResponse) -> Option<Vec<u8>> {
    let payload = ProposalResponsePayload::decode(response.payload.as_slice()).ok()?;
    let action = ChaincodeAction::decode(payload.extension.as_slice()).ok()?;
    Some(action.response.unwrap_or_default().payload)
}
