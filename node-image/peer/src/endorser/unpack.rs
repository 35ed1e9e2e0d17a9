//! Opening a signed proposal: what it says, before anything of it is believed (`core/endorser/msgvalidation.go`).

use entente_fabric::crypto;
use entente_fabric::envelope;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{ChannelHeader, Header, HeaderType, SignatureHeader};
use entente_fabric::proto::protos::{
    ChaincodeHeaderExtension, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload, Proposal,
    SignedProposal,
};
use prost::Message as _;

use crate::failure::{Failure, decode};

/// A proposal with its parts at hand.
#[derive(Debug, Clone)]
pub struct Unpacked {
    pub signed: SignedProposal,
    pub channel_header: ChannelHeader,
    pub signature_header: SignatureHeader,
    /// The chaincode that the header names: the one that is endorsed.
    pub chaincode: String,
    /// The chaincode that the invocation names; `None` when it names none. System chaincodes look at it to tell
    /// whether they were called directly.
    pub invoked: Option<String>,
    pub input: ChaincodeInput,
    /// SHA-256 over both headers and the payload without transient data.
    pub hash: [u8; 32],
}

impl Unpacked {
    /// Opens `signed`; every part that is used later is present afterwards.
    pub fn new(signed: SignedProposal) -> Result<Unpacked, Failure> {
        let proposal: Proposal = part("Proposal", &signed.proposal_bytes)?;
        let header: Header = part("Header", &proposal.header)?;
        let channel_header: ChannelHeader = part("ChannelHeader", &header.channel_header)?;
        let signature_header: SignatureHeader = part("SignatureHeader", &header.signature_header)?;
        let extension: ChaincodeHeaderExtension = part("ChaincodeHeaderExtension", &channel_header.extension)?;
        let Some(id) = extension.chaincode_id else {
            return Err(Failure::new("ChaincodeHeaderExtension.ChaincodeId is nil"));
        };
        if id.name.is_empty() {
            return Err(Failure::new("ChaincodeHeaderExtension.ChaincodeId.Name is empty"));
        }
        let payload: ChaincodeProposalPayload = part("ChaincodeProposalPayload", &proposal.payload)?;
        let invocation: ChaincodeInvocationSpec = part("ChaincodeInvocationSpec", &payload.input)?;
        let Some(spec) = invocation.chaincode_spec else {
            return Err(Failure::new("chaincode invocation spec did not contain chaincode spec"));
        };
        let Some(input) = spec.input else {
            return Err(Failure::new("chaincode input did not contain any input"));
        };
        let public = ChaincodeProposalPayload {
            input: payload.input,
            transient_map: Default::default(),
        };
        let hash = crypto::sha256_parts(&[
            &header.channel_header,
            &header.signature_header,
            &public.encode_to_vec(),
        ]);
        Ok(Unpacked {
            chaincode: id.name,
            invoked: spec.chaincode_id.map(|id| id.name),
            input,
            hash,
            channel_header,
            signature_header,
            signed,
        })
    }

    pub fn channel_id(&self) -> &str {
        &self.channel_header.channel_id
    }

    pub fn tx_id(&self) -> &str {
        &self.channel_header.tx_id
    }

    /// What policies evaluate.
    pub fn signed_data(&self) -> SignedData {
        SignedData {
            data: self.signed.proposal_bytes.clone(),
            identity: self.signature_header.creator.clone(),
            signature: self.signed.signature.clone(),
        }
    }

    /// Checks the headers, in the order in which a stock peer does.
    pub fn check_headers(&self) -> Result<(), Failure> {
        let kind = self.channel_header.r#type;
        // Stock tolerates CONFIG here, by its own comment without a reason.
        if kind != HeaderType::EndorserTransaction as i32 && kind != HeaderType::Config as i32 {
            let name = HeaderType::try_from(kind).map_or(kind.to_string(), |kind| kind.as_str_name().to_owned());
            return Err(Failure(format!("invalid header type {name}")));
        }
        if self.channel_header.epoch != 0 {
            return Err(Failure::new("epoch is non-zero"));
        }
        if self.signature_header.nonce.is_empty() {
            return Err(Failure::new("nonce is empty"));
        }
        if self.signature_header.creator.is_empty() {
            return Err(Failure::new("creator is empty"));
        }
        let expected = envelope::transaction_id(&self.signature_header.nonce, &self.signature_header.creator);
        if self.tx_id() != expected {
            let found = self.tx_id();
            return Err(Failure(format!(
                "incorrectly computed txid '{found}' -- expected '{expected}'"
            )));
        }
        if self.signed.proposal_bytes.is_empty() {
            return Err(Failure::new("empty proposal bytes"));
        }
        if self.signed.signature.is_empty() {
            return Err(Failure::new("empty signature bytes"));
        }
        Ok(())
    }
}

fn part<M: prost::Message + Default>(name: &str, bytes: &[u8]) -> Result<M, Failure> {
    decode(bytes).map_err(|failure| failure.within(format_args!("error unmarshalling {name}")))
}
