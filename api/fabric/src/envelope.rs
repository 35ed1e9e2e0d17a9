//! Making and opening envelopes.

use crate::crypto::{self, CryptoError, Signer};
use crate::policy::SignedData;
use crate::proto::common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader};
use prost::Message as _;

/// Bytes that are not the message they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", reason.as_ref().map_or_else(|| " is missing".to_owned(), |reason| format!(" cannot be decoded: {reason}")))]
pub struct DecodeError {
    pub what: &'static str,
    reason: Option<String>,
}

impl DecodeError {
    pub(crate) fn new(what: &'static str, error: prost::DecodeError) -> DecodeError {
        DecodeError {
            what,
            reason: Some(error.to_string()),
        }
    }

    pub(crate) fn missing(what: &'static str) -> DecodeError {
        DecodeError { what, reason: None }
    }
}

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
    let signer = SignatureHeader::decode(header.signature_header.as_slice()).map_err(|_| HeaderError::Signature)?;
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
    let channel_header = ChannelHeader {
        r#type: kind as i32,
        timestamp: Some(std::time::SystemTime::now().into()),
        channel_id: channel.to_owned(),
        tls_cert_hash: tls_cert_hash.to_vec(),
        ..Default::default()
    };
    let header = Header {
        channel_header: channel_header.encode_to_vec(),
        signature_header: signature_header(signer).encode_to_vec(),
    };
    let payload = Payload {
        header: Some(header),
        data,
    }
    .encode_to_vec();
    let signature = signer.sign(&payload)?;
    Ok(Envelope { payload, signature })
}

/// A signature header of `signer` with a new nonce.
pub fn signature_header(signer: &dyn Signer) -> SignatureHeader {
    SignatureHeader {
        creator: signer.identity().to_vec(),
        nonce: crypto::nonce(),
    }
}

/// An envelope's payload with its headers decoded. What was signed are the payload's bytes, not this view.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub channel_header: ChannelHeader,
    pub signature_header: SignatureHeader,
    pub data: Vec<u8>,
}

/// Decodes an envelope's payload and headers. Checks no signature.
pub fn open(envelope: &Envelope) -> Result<Opened, DecodeError> {
    let payload =
        Payload::decode(&envelope.payload[..]).map_err(|error| DecodeError::new("envelope payload", error))?;
    let header = payload.header.ok_or(DecodeError::missing("payload header"))?;
    let channel_header = ChannelHeader::decode(&header.channel_header[..])
        .map_err(|error| DecodeError::new("channel header", error))?;
    let signature_header = SignatureHeader::decode(&header.signature_header[..])
        .map_err(|error| DecodeError::new("signature header", error))?;
    Ok(Opened {
        channel_header,
        signature_header,
        data: payload.data,
    })
}
