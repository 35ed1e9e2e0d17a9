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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block;
    use crate::proposal::{self, Invocation};
    use crate::proto::protos::{ChaincodeAction, ChaincodeInvocationSpec, ProposalResponsePayload, Response};

    struct Named(&'static str);

    impl Signer for Named {
        fn identity(&self) -> &[u8] {
            self.0.as_bytes()
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
            Ok([self.0.as_bytes(), &crate::crypto::sha256(message)].concat())
        }
    }

    fn answer(endorser: &str, status: i32, results: &[u8]) -> ProposalResponse {
        let action = ChaincodeAction {
            results: results.to_vec(),
            ..Default::default()
        };
        let payload = ProposalResponsePayload {
            proposal_hash: vec![1],
            extension: action.encode_to_vec(),
        };
        ProposalResponse {
            version: 1,
            response: Some(Response {
                status,
                message: "because".to_owned(),
                payload: Vec::new(),
            }),
            payload: payload.encode_to_vec(),
            endorsement: Some(Endorsement {
                endorser: endorser.into(),
                signature: vec![2],
            }),
            ..Default::default()
        }
    }

    fn proposal() -> Proposal {
        let invocation = Invocation::new("main", "payments", "pay")
            .arg("10")
            .transient("secret", "s");
        proposal::create(&invocation, &Named("alice")).unwrap().proposal
    }

    #[test]
    fn a_transaction_keeps_the_call_and_each_endorser_once_but_no_transient_data() {
        let answers = [
            answer("p1", 200, b"rw"),
            answer("p2", 200, b"rw"),
            answer("p1", 200, b"rw"),
        ];

        let envelope = signed(&proposal(), &answers, &Named("alice")).unwrap();

        assert_eq!(envelope.signature, Named("alice").sign(&envelope.payload).unwrap());
        let opened = crate::envelope::open(&envelope).unwrap();
        let endorsed = block::endorsed(&opened.data).unwrap();
        let endorsers: Vec<_> = endorsed.endorsements.iter().map(|e| &e.endorser[..]).collect();
        assert_eq!(endorsers, [b"p1", b"p2"]);
        assert_eq!(endorsed.input.args, [b"pay".to_vec(), b"10".to_vec()]);
        assert_eq!(endorsed.action.results, b"rw");
        assert!(!envelope.payload.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn answers_that_make_no_transaction_are_refused_in_fabrics_words() {
        let refusal = |answers: &[ProposalResponse], signer: &'static str| {
            signed(&proposal(), answers, &Named(signer)).unwrap_err().to_string()
        };
        let unsigned = ProposalResponse {
            endorsement: None,
            ..answer("p1", 200, b"rw")
        };

        assert_eq!(refusal(&[], "alice"), "at least one proposal response is required");
        assert_eq!(
            refusal(&[answer("p1", 500, b"rw")], "alice"),
            "proposal response was not successful, error code 500, msg because"
        );
        assert_eq!(
            refusal(&[answer("p1", 200, b"a"), answer("p2", 200, b"b")], "alice"),
            "ProposalResponsePayloads do not match (base64): 'CgEBEgMKAWI=' vs 'CgEBEgMKAWE='"
        );
        assert_eq!(refusal(&[unsigned], "alice"), "no endorsements");
        assert_eq!(
            refusal(&[answer("p1", 200, b"rw")], "bob"),
            "signer must be the same as the one referenced in the header"
        );
    }

    #[test]
    fn a_proposal_says_what_is_called_and_by_whom() {
        let invocation = Invocation {
            is_init: true,
            ..Invocation::new("main", "payments", "pay")
        };
        let proposed = proposal::create(&invocation, &Named("alice")).unwrap();

        let header = Header::decode(&proposed.proposal.header[..]).unwrap();
        let payload = ChaincodeProposalPayload::decode(&proposed.proposal.payload[..]).unwrap();
        let spec = ChaincodeInvocationSpec::decode(&payload.input[..])
            .unwrap()
            .chaincode_spec
            .unwrap();
        let creator = SignatureHeader::decode(&header.signature_header[..]).unwrap();

        assert_eq!(creator.creator, b"alice");
        assert_eq!(
            proposed.transaction_id,
            crate::envelope::transaction_id(&creator.nonce, b"alice")
        );
        assert_eq!(spec.chaincode_id.unwrap().name, "payments");
        assert!(spec.input.unwrap().is_init);
        assert_eq!(
            proposed.signed.signature,
            Named("alice").sign(&proposed.signed.proposal_bytes).unwrap()
        );
    }
}
