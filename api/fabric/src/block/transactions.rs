//! What is inside a block: transactions as decoded views, and the configuration of a config block.

use prost::Message as _;

use super::validation_codes;
use crate::envelope::{self, DecodeError, Opened};
use crate::proto::common::{Block, ConfigEnvelope, Envelope, HeaderType};
use crate::proto::protos::{
    self, ChaincodeAction, ChaincodeActionPayload, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec,
    ChaincodeProposalPayload, Endorsement, ProposalResponsePayload, TxValidationCode,
};

/// One transaction of a block, its headers decoded.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Position in the block.
    pub index: usize,
    pub envelope: Envelope,
    pub opened: Opened,
    /// The peer's verdict; `None` on blocks that come from an orderer.
    pub validation: Option<TxValidationCode>,
}

/// The parts of an endorser transaction.
#[derive(Debug, Clone)]
pub struct Endorsed {
    pub chaincode: ChaincodeId,
    pub input: ChaincodeInput,
    /// What the endorsers signed, without their identity.
    pub proposal_response_payload: Vec<u8>,
    pub action: ChaincodeAction,
    pub endorsements: Vec<Endorsement>,
}

/// The transactions of a block, in order. One that cannot be decoded is an `Err` in its place: a block with such
/// a transaction is still a block, and its other transactions still count.
pub fn transactions(block: &Block) -> impl Iterator<Item = Result<Transaction, DecodeError>> + '_ {
    let codes = validation_codes(block);
    let data = block.data.as_ref().map_or(&[][..], |data| &data.data[..]);
    data.iter().enumerate().map(move |(index, bytes)| {
        let envelope =
            Envelope::decode(&bytes[..]).map_err(|error| DecodeError::new("transaction envelope", error))?;
        let opened = envelope::open(&envelope)?;
        let validation = codes
            .get(index)
            .map(|code| TxValidationCode::try_from(i32::from(*code)).unwrap_or(TxValidationCode::InvalidOtherReason));
        Ok(Transaction {
            index,
            envelope,
            opened,
            validation,
        })
    })
}

impl Transaction {
    pub fn id(&self) -> &str {
        &self.opened.channel_header.tx_id
    }

    /// `None` for a number that is no known type.
    pub fn kind(&self) -> Option<HeaderType> {
        HeaderType::try_from(self.opened.channel_header.r#type).ok()
    }

    /// Decodes the body of an endorser transaction; `None` for other types.
    pub fn endorsed(&self) -> Result<Option<Endorsed>, DecodeError> {
        if self.kind() != Some(HeaderType::EndorserTransaction) {
            return Ok(None);
        }
        endorsed(&self.opened.data).map(Some)
    }
}

/// Decodes the body of an endorser transaction: the `data` of its payload.
pub fn endorsed(data: &[u8]) -> Result<Endorsed, DecodeError> {
    let body = protos::Transaction::decode(data).map_err(|error| DecodeError::new("transaction", error))?;
    let action = body
        .actions
        .into_iter()
        .next()
        .ok_or(DecodeError::missing("transaction action"))?;
    let payload = ChaincodeActionPayload::decode(&action.payload[..])
        .map_err(|error| DecodeError::new("chaincode action payload", error))?;
    let proposal = ChaincodeProposalPayload::decode(&payload.chaincode_proposal_payload[..])
        .map_err(|error| DecodeError::new("chaincode proposal payload", error))?;
    let spec = ChaincodeInvocationSpec::decode(&proposal.input[..])
        .map_err(|error| DecodeError::new("chaincode invocation", error))?
        .chaincode_spec
        .unwrap_or_default();
    let endorsed = payload
        .action
        .ok_or(DecodeError::missing("chaincode endorsed action"))?;
    let response = ProposalResponsePayload::decode(&endorsed.proposal_response_payload[..])
        .map_err(|error| DecodeError::new("proposal response payload", error))?;
    let action = ChaincodeAction::decode(&response.extension[..])
        .map_err(|error| DecodeError::new("chaincode action", error))?;
    Ok(Endorsed {
        chaincode: action.chaincode_id.clone().or(spec.chaincode_id).unwrap_or_default(),
        input: spec.input.unwrap_or_default(),
        proposal_response_payload: endorsed.proposal_response_payload,
        action,
        endorsements: endorsed.endorsements,
    })
}

/// Whether the block carries one CONFIG envelope (`IsConfigBlock` in `protoutil/blockutils.go`).
pub fn is_config(block: &Block) -> bool {
    let Some([bytes]) = block.data.as_ref().map(|data| &data.data[..]) else {
        return false;
    };
    let opened = Envelope::decode(&bytes[..])
        .ok()
        .and_then(|envelope| envelope::open(&envelope).ok());
    opened.is_some_and(|opened| {
        let kind = opened.channel_header.r#type;
        kind == HeaderType::Config as i32 || kind == HeaderType::OrdererTransaction as i32
    })
}

/// The channel that the first envelope of a block names.
pub fn channel_id(block: &Block) -> Result<String, DecodeError> {
    Ok(first(block)?.channel_header.channel_id)
}

/// The configuration in a config block. An error when the block is of another kind.
pub fn config_envelope(block: &Block) -> Result<ConfigEnvelope, DecodeError> {
    let opened = first(block)?;
    if opened.channel_header.r#type != HeaderType::Config as i32 {
        return Err(DecodeError::missing("configuration: not a config block"));
    }
    ConfigEnvelope::decode(&opened.data[..]).map_err(|error| DecodeError::new("config envelope", error))
}

fn first(block: &Block) -> Result<Opened, DecodeError> {
    let bytes = block
        .data
        .as_ref()
        .and_then(|data| data.data.first())
        .ok_or(DecodeError::missing("first transaction"))?;
    let envelope = Envelope::decode(&bytes[..]).map_err(|error| DecodeError::new("transaction envelope", error))?;
    envelope::open(&envelope)
}
