//! Whether a block's envelopes are what every peer must be able to keep byte for byte.

use entente_fabric::block;
use entente_fabric::proto::common::{Block, Envelope};
use prost::Message as _;

/// `VerifyTransactionsAreWellFormed` in `protoutil/blockutils.go`: nothing unsigned, nothing that would read
/// differently once it is written again. A configuration block is exempt.
pub(super) fn check(candidate: &Block) -> Result<(), String> {
    let data = candidate.data.as_ref().map_or(&[][..], |data| &data.data);
    if data.is_empty() {
        return Err("empty block".to_owned());
    }
    if block::is_config(candidate) {
        return Ok(());
    }
    for (index, raw) in data.iter().enumerate() {
        let envelope =
            Envelope::decode(raw.as_ref()).map_err(|error| format!("transaction {index} is invalid: {error}"))?;
        if envelope.payload.is_empty() {
            return Err(format!("transaction {index} has no payload"));
        }
        if envelope.signature.is_empty() {
            return Err(format!("transaction {index} has no signature"));
        }
        // Go keeps fields that it does not know and writes them last.
        let rest = raw.strip_prefix(envelope.encode_to_vec().as_slice());
        if !rest.is_some_and(|unknown| Envelope::decode(unknown).is_ok_and(|empty| empty == Envelope::default())) {
            return Err(format!("transaction {index} does not match its raw form"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::common::BlockData;

    fn of(envelopes: &[&[u8]]) -> Result<(), String> {
        let data = envelopes.iter().map(|bytes| bytes.to_vec().into()).collect();
        check(&Block {
            data: Some(BlockData { data }),
            ..Block::default()
        })
    }

    #[test]
    fn only_what_can_be_written_again_as_it_was_is_well_formed() {
        assert_eq!(of(&[b"\x0a\x01p\x12\x01s"]), Ok(()));
        assert_eq!(of(&[b"\x0a\x01p\x12\x01s\x1a\x01u"]), Ok(()));
        assert_eq!(of(&[]), Err("empty block".to_owned()));
        assert_eq!(of(&[b"\x0a\x01p"]), Err("transaction 0 has no signature".to_owned()));
        assert_eq!(of(&[b"\x12\x01s"]), Err("transaction 0 has no payload".to_owned()));
        let reordered = Err("transaction 0 does not match its raw form".to_owned());
        assert_eq!(of(&[b"\x12\x01s\x0a\x01p"]), reordered);
        assert_eq!(of(&[b"\x0a\x01q\x0a\x01p\x12\x01s"]), reordered);
        assert_eq!(of(&[b"\x0a\x81\x00p\x12\x01s"]), reordered);
        assert!(of(&[b"\xff"]).is_err());
    }
}
