//! Whether a field stands in a message at all. Stock tells an absent byte string from an empty one in places; the
//! decoded messages cannot.

use prost::bytes::Buf as _;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};

/// Whether the top level of `message` has `field` as a byte string. False for a message that cannot be decoded.
pub fn has(mut message: &[u8], field: u32) -> bool {
    while message.has_remaining() {
        let Ok((tag, wire_type)) = decode_key(&mut message) else {
            return false;
        };
        if tag == field && wire_type == WireType::LengthDelimited {
            return true;
        }
        if skip_field(wire_type, tag, &mut message, DecodeContext::default()).is_err() {
            return false;
        }
    }
    false
}
