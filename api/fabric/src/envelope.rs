//! Making and opening envelopes: transaction ids, proposals, signed requests.

use crate::crypto::{self, CryptoError, Signer};
use crate::policy::SignedData;
use crate::proto::common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader};
use prost::Message as _;

/// hex(SHA-256(nonce | creator)) (`protoutil/proputils.go`).
pub fn transaction_id(nonce: &[u8], creator: &[u8]) -> String {
    hex::encode(crypto::sha256_parts(&[nonce, creator]))
}

/// Why an envelope's headers cannot be read, in the words of `protoutil` that orderers send back to clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("error unmarshalling Payload: proto: cannot parse invalid wire-format data")]
    Payload,
    #[error("header not set")]
    Missing,
    #[error(
        "error unmarshalling channel header: error unmarshalling ChannelHeader: proto: cannot parse invalid wire-format data"
    )]
    Channel,
    #[error("GetSignatureHeaderFromBytes failed, err proto: cannot parse invalid wire-format data")]
    Signature,
}

/// The payload of an envelope that has a header.
pub fn payload(envelope: &Envelope) -> Result<(Payload, Header), HeaderError> {
    let mut payload = Payload::decode(envelope.payload.as_slice()).map_err(|_| HeaderError::Payload)?;
    let header = payload.header.take().ok_or(HeaderError::Missing)?;
    Ok((payload, header))
}

/// The channel header of an envelope (`protoutil.ChannelHeader`).
pub fn channel_header(envelope: &Envelope) -> Result<ChannelHeader, HeaderError> {
    let (_, header) = payload(envelope)?;
    ChannelHeader::decode(header.channel_header.as_slice()).map_err(|_| HeaderError::Channel)
}

/// Who signed an envelope, and over what (`protoutil.EnvelopeAsSignedData`).
pub fn signed_data(envelope: &Envelope) -> Result<SignedData, HeaderError> {
    let (_, header) = payload(envelope)?;
    let signer =
        SignatureHeader::decode(header.signature_header.as_slice()).map_err(|_| HeaderError::Signature)?;
    Ok(SignedData {
        data: envelope.payload.clone(),
        identity: signer.creator,
        signature: envelope.signature.clone(),
    })
}

/// Wraps `data` in a signed envelope of `kind` for `channel`. `tls_cert_hash` is the SHA-256 of the client's TLS
/// certificate, for deliver requests over mutual TLS; empty otherwise.
pub fn signed(
    kind: HeaderType,
    channel: &str,
    data: Vec<u8>,
    tls_cert_hash: &[u8],
    signer: &dyn Signer,
) -> Result<Envelope, CryptoError> {
    let signature_header = SignatureHeader { creator: signer.identity().to_vec(), nonce: crypto::nonce() };
    let channel_header = ChannelHeader {
        r#type: kind as i32,
        timestamp: Some(std::time::SystemTime::now().into()),
        channel_id: channel.to_owned(),
        tls_cert_hash: tls_cert_hash.to_vec(),
        ..Default::default()
    };
    let header =
        Header { channel_header: channel_header.encode_to_vec(), signature_header: signature_header.encode_to_vec() };
    let payload = Payload { header: Some(header), data }.encode_to_vec();
    let signature = signer.sign(&payload)?;
    Ok(Envelope { payload, signature })
}
