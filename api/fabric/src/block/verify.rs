//! Whether a block is what the ordering service signed (`BlockSignatureVerifier` in `protoutil/blockutils.go`).

use prost::Message as _;

use super::{data_hash, header_bytes, metadata};
use crate::config::Bundle;
use crate::envelope::DecodeError;
use crate::policy::{PolicyError, SignedData};
use crate::proto::common::{Block, BlockMetadataIndex, Consenter, IdentifierHeader, Metadata, SignatureHeader};
use crate::proto::msp::SerializedIdentity;

/// Why a block is not accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    #[error("block has no header")]
    NoHeader,
    #[error("block {number}: its data does not have the hash that its header gives")]
    DataHash { number: u64 },
    #[error("block {number}: no signatures in block metadata")]
    NoSignatures { number: u64 },
    #[error("block {number}: {source}")]
    Malformed { number: u64, source: DecodeError },
    #[error("the channel configuration has no policy /Channel/Orderer/BlockValidation")]
    NoPolicy,
    #[error("block {number}: its signatures do not satisfy /Channel/Orderer/BlockValidation: {source}")]
    Policy { number: u64, source: PolicyError },
}

/// Checks that the data is what the header says.
pub fn check_data_hash(block: &Block) -> Result<(), VerifyError> {
    let header = block.header.as_ref().ok_or(VerifyError::NoHeader)?;
    let data = block.data.as_ref().map_or(&[][..], |data| &data.data[..]);
    if header.data_hash == data_hash(data) {
        Ok(())
    } else {
        Err(VerifyError::DataHash { number: header.number })
    }
}

/// Checks the block's signatures against the block validation policy of `bundle`, the configuration in force before
/// this block. The data is not looked at: see [`check_data_hash`].
pub fn verify(block: &Block, bundle: &Bundle) -> Result<(), VerifyError> {
    let number = block.header.as_ref().ok_or(VerifyError::NoHeader)?.number;
    let policy = bundle
        .policies
        .get("/Channel/Orderer/BlockValidation")
        .ok_or(VerifyError::NoPolicy)?;
    // Only a channel that may run BFT knows signers by number.
    let consenters = match &bundle.orderer {
        Some(orderer) if bundle.has_capability("V3_0") => &orderer.consenters[..],
        _ => &[],
    };
    let signatures = signatures(block, consenters)?;
    policy
        .evaluate_signed(&signatures)
        .map_err(|source| VerifyError::Policy { number, source })
}

/// What each orderer signed: the value of the signature slot, its own header, and the DER of the block header.
///
/// A signature with an identifier header names its signer by number among `consenters` (BFT); one that nobody there
/// has is left out.
pub fn signatures(block: &Block, consenters: &[Consenter]) -> Result<Vec<SignedData>, VerifyError> {
    let header = block.header.as_ref().ok_or(VerifyError::NoHeader)?;
    let number = header.number;
    let malformed = |what| {
        move |error| VerifyError::Malformed {
            number,
            source: DecodeError::new(what, error),
        }
    };
    if block
        .metadata
        .as_ref()
        .is_none_or(|metadata| metadata.metadata.is_empty())
    {
        return Err(VerifyError::NoSignatures { number });
    }
    let slot =
        Metadata::decode(metadata(block, BlockMetadataIndex::Signatures)).map_err(malformed("block signatures"))?;
    let header_bytes = header_bytes(header);
    let mut signed = Vec::with_capacity(slot.signatures.len());
    for one in &slot.signatures {
        let by_number =
            !consenters.is_empty() && one.signature_header.is_empty() && !one.identifier_header.is_empty();
        let (identity, own_header) = if by_number {
            let identifier =
                IdentifierHeader::decode(&one.identifier_header[..]).map_err(malformed("identifier header"))?;
            let Some(consenter) = consenters
                .iter()
                .find(|consenter| consenter.id == identifier.identifier)
            else {
                continue;
            };
            (serialized(consenter), &one.identifier_header)
        } else {
            let header = SignatureHeader::decode(&one.signature_header[..]).map_err(malformed("signature header"))?;
            (header.creator, &one.signature_header)
        };
        let data = [&slot.value[..], own_header, &header_bytes].concat();
        signed.push(SignedData {
            data,
            identity,
            signature: one.signature.clone(),
        });
    }
    Ok(signed)
}

fn serialized(consenter: &Consenter) -> Vec<u8> {
    SerializedIdentity {
        mspid: consenter.msp_id.clone(),
        id_bytes: consenter.identity.clone(),
    }
    .encode_to_vec()
}
