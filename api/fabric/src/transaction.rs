//! Transactions: proposals with the answers of their endorsers (`CreateSignedTx` in `protoutil/txutils.go`).

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::Message as _;

use crate::crypto::{CryptoError, Signer};
use crate::envelope::DecodeError;
use crate::proto::common::{Envelope, Header, Payload, SignatureHeader};
use crate::proto::protos::{
    ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeProposalPayload, Endorsement, Proposal,
    ProposalResponse, Transaction, TransactionAction,
};

/// Why answers do not make a transaction. The texts are Fabric's.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    #[error("at least one proposal response is required")]
    NoResponses,
    #[error("proposal response was not successful, error code {status}, msg {message}")]
    Refused { status: i32, message: String },
    #[error("ProposalResponsePayloads do not match (base64): '{0}' vs '{1}'")]
    Differ(String, String),
    #[error("no endorsements")]
    NoEndorsements,
    #[error("signer must be the same as the one referenced in the header")]
    OtherSigner,
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    #[error(transparent)]
    Sign(#[from] CryptoError),
}

/// Assembles and signs the transaction that `responses` to `proposal` make.
pub fn signed(
    proposal: &Proposal,
    responses: &[ProposalResponse],
    signer: &dyn Signer,
) -> Result<Envelope, AssembleError> {
    let header = header(proposal)?;
    let creator = SignatureHeader::decode(&header.signature_header[..])
        .map_err(|error| DecodeError::new("signature header", error))?
        .creator;
    if creator != signer.identity() {
        return Err(AssembleError::OtherSigner);
    }
    let mut envelope = unsigned(proposal, responses)?;
    envelope.signature = signer.sign(&envelope.payload)?;
    Ok(envelope)
}

/// The same without the client's signature: what a gateway prepares for its client.
pub fn unsigned(proposal: &Proposal, responses: &[ProposalResponse]) -> Result<Envelope, AssembleError> {
    let header = header(proposal)?;
    let payload = ChaincodeProposalPayload::decode(&proposal.payload[..])
        .map_err(|error| DecodeError::new("chaincode proposal payload", error))?;
    let agreed = agreed(responses)?;
    let action = ChaincodeActionPayload {
        chaincode_proposal_payload: without_transient(payload),
        action: Some(ChaincodeEndorsedAction {
            proposal_response_payload: agreed.to_vec(),
            endorsements: endorsements(responses)?,
        }),
    };
    let transaction = Transaction {
        actions: vec![TransactionAction {
            header: header.signature_header.clone(),
            payload: action.encode_to_vec(),
        }],
    };
    let payload = Payload {
        header: Some(header),
        data: transaction.encode_to_vec(),
    };
    Ok(Envelope {
        payload: payload.encode_to_vec(),
        signature: Vec::new(),
    })
}

/// The proposal payload as it stands in a transaction: transient data stays with the endorsers.
pub fn without_transient(payload: ChaincodeProposalPayload) -> Vec<u8> {
    ChaincodeProposalPayload {
        transient_map: Default::default(),
        ..payload
    }
    .encode_to_vec()
}

fn header(proposal: &Proposal) -> Result<Header, DecodeError> {
    Header::decode(&proposal.header[..]).map_err(|error| DecodeError::new("proposal header", error))
}

/// The payload that every endorser signed.
fn agreed(responses: &[ProposalResponse]) -> Result<&[u8], AssembleError> {
    let first = responses.first().ok_or(AssembleError::NoResponses)?;
    for response in responses {
        let (status, message) = response
            .response
            .as_ref()
            .map_or((0, ""), |r| (r.status, &r.message[..]));
        if !(200..400).contains(&status) {
            return Err(AssembleError::Refused {
                status,
                message: message.to_owned(),
            });
        }
        if response.payload != first.payload {
            return Err(AssembleError::Differ(
                BASE64.encode(&response.payload),
                BASE64.encode(&first.payload),
            ));
        }
    }
    Ok(&first.payload)
}

/// One endorsement of each endorser, in the order of the answers.
fn endorsements(responses: &[ProposalResponse]) -> Result<Vec<Endorsement>, AssembleError> {
    let mut seen = HashSet::new();
    let unique: Vec<_> = responses
        .iter()
        .filter_map(|response| response.endorsement.clone())
        .filter(|endorsement| seen.insert(endorsement.endorser.clone()))
        .collect();
    if unique.is_empty() {
        Err(AssembleError::NoEndorsements)
    } else {
        Ok(unique)
    }
}
