//! A transaction as the ledger needs it: who it is, and what it did to the state.

use entente_fabric::envelope;
use entente_fabric::proto::common::{ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader};
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ProposalResponsePayload, Transaction as Actions, TxValidationCode,
};
use prost::Message as _;

use crate::rwset::TxRwSet;

/// The headers of an envelope and the bytes they announce.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub channel_header: ChannelHeader,
    /// Marshalled: a transaction with a damaged one still has its id in the other header.
    pub signature_header: Vec<u8>,
    pub data: Vec<u8>,
}

/// Opens an envelope of a block; `None` when it cannot be decoded.
pub fn open(envelope: &[u8]) -> Option<Opened> {
    let payload = Payload::decode(Envelope::decode(envelope).ok()?.payload.as_slice()).ok()?;
    let header = payload.header?;
    Some(Opened {
        channel_header: ChannelHeader::decode(header.channel_header.as_slice()).ok()?,
        signature_header: header.signature_header,
        data: payload.data,
    })
}

impl Opened {
    /// The id in the header, or the one that follows from nonce and creator (`GetOrComputeTxIDFromEnvelope`).
    pub fn tx_id(&self) -> Option<String> {
        if !self.channel_header.tx_id.is_empty() {
            return Some(self.channel_header.tx_id.clone());
        }
        let header = SignatureHeader::decode(self.signature_header.as_slice()).ok()?;
        Some(envelope::transaction_id(&header.nonce, &header.creator))
    }

    pub fn kind(&self) -> Option<HeaderType> {
        HeaderType::try_from(self.channel_header.r#type).ok()
    }

    /// What the contract did, of the first and only action (`protoutil.GetActionFromEnvelope`).
    pub fn action(&self) -> Option<ChaincodeAction> {
        let actions = Actions::decode(self.data.as_slice()).ok()?.actions;
        let payload = ChaincodeActionPayload::decode(actions.first()?.payload.as_slice()).ok()?;
        let response = ProposalResponsePayload::decode(payload.action?.proposal_response_payload.as_slice()).ok()?;
        ChaincodeAction::decode(response.extension.as_slice()).ok()
    }

    /// What the transaction read and wrote, or the code that stock gives when that cannot be told at this point
    /// (`validation/batch_preparer.go`). `None` for a transaction that does not touch the state.
    pub fn rwset(&self) -> Result<Option<TxRwSet>, TxValidationCode> {
        match self.kind() {
            Some(HeaderType::EndorserTransaction) => {
                let action = self.action().ok_or(TxValidationCode::NilTxaction)?;
                TxRwSet::decode(&action.results)
                    .map(Some)
                    .map_err(|_| TxValidationCode::InvalidOtherReason)
            }
            Some(HeaderType::Config) => Ok(Some(configuration(&self.data))),
            _ => Ok(None),
        }
    }
}

/// Where the ledger keeps the channel's configuration (`core/peer/configtx_processor.go`).
pub const CONFIG_NAMESPACE: &str = "";
pub const CONFIG_KEY: &str = "CHANNEL_CONFIG_ENV_BYTES";

/// A configuration transaction is a write of itself.
fn configuration(envelope: &[u8]) -> TxRwSet {
    let mut set = crate::rwset::NsRwSet::default();
    set.public.writes.push(entente_fabric::proto::kvrwset::KvWrite {
        key: CONFIG_KEY.to_owned(),
        is_delete: false,
        value: envelope.to_vec(),
    });
    TxRwSet { namespaces: vec![set] }
}
