//! Proposals: what a client asks a peer to endorse (`protoutil/proputils.go`).

use std::collections::BTreeMap;

use prost::Message as _;

use crate::crypto::{self, CryptoError, Signer};
use crate::envelope;
use crate::proto::common::{ChannelHeader, Header, HeaderType};
use crate::proto::protos::{
    ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload,
    ChaincodeSpec, Proposal, SignedProposal, chaincode_spec,
};

/// One call of a chaincode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// Empty for calls that concern the peer and no channel, such as `cscc` and chaincode installation.
    pub channel: String,
    pub chaincode: String,
    /// The function name first.
    pub args: Vec<Vec<u8>>,
    /// Private input: seen by the endorsers, never put into the transaction.
    pub transient: BTreeMap<String, Vec<u8>>,
    /// Asks the peer to run the chaincode's initialization, for definitions that require it.
    pub is_init: bool,
}

impl Invocation {
    pub fn new(channel: &str, chaincode: &str, function: &str) -> Invocation {
        Invocation {
            channel: channel.to_owned(),
            chaincode: chaincode.to_owned(),
            args: vec![function.as_bytes().to_vec()],
            ..Default::default()
        }
    }

    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Invocation {
        self.args.push(arg.into());
        self
    }

    pub fn transient(mut self, key: &str, value: impl Into<Vec<u8>>) -> Invocation {
        self.transient.insert(key.to_owned(), value.into());
        self
    }
}

/// A proposal, signed, with the id of the transaction that it may become.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    pub transaction_id: String,
    pub proposal: Proposal,
    pub signed: SignedProposal,
}

/// Makes and signs a proposal with a new nonce.
pub fn create(invocation: &Invocation, signer: &dyn Signer) -> Result<Proposed, CryptoError> {
    let signature_header = envelope::signature_header(signer);
    let transaction_id = envelope::transaction_id(&signature_header.nonce, &signature_header.creator);
    let chaincode_id = ChaincodeId {
        name: invocation.chaincode.clone(),
        ..Default::default()
    };
    let channel_header = ChannelHeader {
        r#type: HeaderType::EndorserTransaction as i32,
        timestamp: Some(std::time::SystemTime::now().into()),
        channel_id: invocation.channel.clone(),
        tx_id: transaction_id.clone(),
        extension: ChaincodeHeaderExtension {
            chaincode_id: Some(chaincode_id.clone()),
        }
        .encode_to_vec(),
        ..Default::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: signature_header.encode_to_vec(),
    };
    let spec = ChaincodeSpec {
        r#type: chaincode_spec::Type::Undefined as i32,
        chaincode_id: Some(chaincode_id),
        input: Some(ChaincodeInput {
            args: invocation.args.clone(),
            is_init: invocation.is_init,
            ..Default::default()
        }),
        timeout: 0,
    };
    let payload = ChaincodeProposalPayload {
        input: ChaincodeInvocationSpec {
            chaincode_spec: Some(spec),
        }
        .encode_to_vec(),
        transient_map: invocation.transient.clone(),
    };
    let proposal = Proposal {
        header: header.encode_to_vec(),
        payload: payload.encode_to_vec(),
        extension: Vec::new(),
    };
    let proposal_bytes = proposal.encode_to_vec();
    let signature = signer.sign(&proposal_bytes)?;
    Ok(Proposed {
        transaction_id,
        proposal,
        signed: SignedProposal {
            proposal_bytes,
            signature,
        },
    })
}

/// What endorsers bind their answer to: the headers and the payload without transient data (`GetProposalHash1`).
/// `input` is the `ChaincodeProposalPayload` as it will stand in the transaction.
pub fn hash(header: &Header, input: &[u8]) -> [u8; 32] {
    crypto::sha256_parts(&[&header.channel_header, &header.signature_header, input])
}
