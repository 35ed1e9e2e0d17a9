//! Making and opening envelopes: transaction ids, proposals, signed requests.

use crate::crypto::{self, CryptoError, Signer};
use crate::proto::common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader};
use prost::Message as _;

/// hex(SHA-256(nonce | creator)) (`protoutil/proputils.go`).
pub fn transaction_id(nonce: &[u8], creator: &[u8]) -> String {
    hex::encode(crypto::sha256_parts(&[nonce, creator]))
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
