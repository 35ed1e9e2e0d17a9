//! The form of a transaction and its creator's signature (`core/common/validation/msgvalidation.go`).

use entente_fabric::config::Bundle;
use entente_fabric::crypto;
use entente_fabric::envelope;
use entente_fabric::proto::common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader};
use entente_fabric::proto::protos::{
    ChaincodeActionPayload, ChaincodeEndorsedAction, ProposalResponsePayload, Transaction, TxValidationCode,
};
use prost::Message as _;

use super::presence;

/// A transaction whose form and creator are in order.
pub struct Opened {
    pub channel_header: ChannelHeader,
    pub body: Body,
}

pub enum Body {
    /// A marshalled `common.ConfigEnvelope`.
    Configuration(Vec<u8>),
    Endorsed(ChaincodeEndorsedAction),
}

/// Opens an envelope of a block, or says what stock calls its fault.
pub fn check(envelope: &[u8], bundle: &Bundle) -> Result<Opened, TxValidationCode> {
    let envelope = Envelope::decode(envelope).map_err(|_| TxValidationCode::InvalidOtherReason)?;
    let payload = Payload::decode(envelope.payload.as_slice()).map_err(|_| TxValidationCode::BadPayload)?;
    let header = payload.header.ok_or(TxValidationCode::BadCommonHeader)?;
    let (channel_header, signature_header) = headers(&header).ok_or(TxValidationCode::BadCommonHeader)?;
    check_creator(&channel_header, &signature_header, &envelope, bundle)
        .ok_or(TxValidationCode::BadCreatorSignature)?;
    let body = match HeaderType::try_from(channel_header.r#type) {
        Ok(HeaderType::EndorserTransaction) => {
            let SignatureHeader { creator, nonce } = &signature_header;
            if channel_header.tx_id != envelope::transaction_id(nonce, creator) {
                return Err(TxValidationCode::BadProposalTxid);
            }
            let action = endorsed(&payload.data, &header).ok_or(TxValidationCode::InvalidEndorserTransaction)?;
            Body::Endorsed(action)
        }
        Ok(HeaderType::Config) if payload.data.is_empty() => return Err(TxValidationCode::InvalidConfigTransaction),
        Ok(HeaderType::Config) => Body::Configuration(payload.data),
        _ => return Err(TxValidationCode::UnsupportedTxPayload),
    };
    Ok(Opened { channel_header, body })
}

/// `validateCommonHeader`.
fn headers(header: &Header) -> Option<(ChannelHeader, SignatureHeader)> {
    let channel_header = ChannelHeader::decode(header.channel_header.as_slice()).ok()?;
    let signature_header = SignatureHeader::decode(header.signature_header.as_slice()).ok()?;
    let known = [
        HeaderType::EndorserTransaction,
        HeaderType::ConfigUpdate,
        HeaderType::Config,
    ];
    let is_known = HeaderType::try_from(channel_header.r#type).is_ok_and(|kind| known.contains(&kind));
    let is_complete = is_signature_header(&signature_header) && channel_header.epoch == 0;
    (is_known && is_complete).then_some((channel_header, signature_header))
}

fn is_signature_header(header: &SignatureHeader) -> bool {
    !header.nonce.is_empty() && !header.creator.is_empty()
}

/// `checkSignatureFromCreator`. Stock looks the creator up in the channel that the header names; of another channel this
/// peer may or may not know the members, so that the answer would differ from peer to peer.
fn check_creator(
    channel_header: &ChannelHeader,
    signature_header: &SignatureHeader,
    envelope: &Envelope,
    bundle: &Bundle,
) -> Option<()> {
    if channel_header.channel_id != bundle.channel_id {
        return None;
    }
    let creator = bundle.msps.deserialize(&signature_header.creator).ok()?;
    creator.validate().ok()?;
    creator.verify(&envelope.payload, &envelope.signature).ok()
}

/// `validateEndorserTransaction`: one action, on the proposal that its endorsers saw.
fn endorsed(data: &[u8], header: &Header) -> Option<ChaincodeEndorsedAction> {
    let Ok([action]) = <[_; 1]>::try_from(Transaction::decode(data).ok()?.actions) else {
        return None;
    };
    if !is_signature_header(&SignatureHeader::decode(action.header.as_slice()).ok()?) {
        return None;
    }
    let payload = ChaincodeActionPayload::decode(action.payload.as_slice()).ok()?;
    // Stock falls over an absent action.
    let endorsed = payload.action?;
    let response = ProposalResponsePayload::decode(endorsed.proposal_response_payload.as_slice()).ok()?;
    // `GetProposalHash2`.
    let proposal = &payload.chaincode_proposal_payload;
    if header.channel_header.is_empty() || (proposal.is_empty() && !presence::has(&action.payload, 1)) {
        return None;
    }
    let hash = crypto::sha256_parts(&[&header.channel_header, &action.header, proposal]);
    (response.proposal_hash == hash).then_some(endorsed)
}
