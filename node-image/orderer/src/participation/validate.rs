//! What may be joined with, updated with and fetched (`orderer/common/channelparticipation/validator.go`).

use entente_fabric::block;
use entente_fabric::config::{Bundle, open_update};
use entente_fabric::envelope;
use entente_fabric::proto::common::{Block, ConfigUpdate, Envelope, HeaderType};
use prost::Message as _;

/// Checks a configuration block; the channel that it is of.
pub fn join_block(block: &Block) -> Result<String, String> {
    if block.header.is_none() || !block::is_config(block) {
        return Err("block is not a config block".to_owned());
    }
    if block
        .metadata
        .as_ref()
        .is_none_or(|metadata| metadata.metadata.is_empty())
    {
        return Err("invalid block: does not have metadata".to_owned());
    }
    if block::check_data_hash(block).is_err() {
        return Err("invalid block: Header.DataHash is different from Hash(block.Data)".to_owned());
    }
    let config = block::config_envelope(block)
        .map_err(|error| error.to_string())?
        .config
        .unwrap_or_default();
    if config
        .channel_group
        .as_ref()
        .is_some_and(|channel| channel.groups.contains_key("Consortiums"))
    {
        return Err("invalid config: contains consortiums: system channel not supported".to_owned());
    }
    let bundle = Bundle::from_block(block).map_err(|error| error.to_string())?;
    if bundle.application.is_none() {
        return Err("invalid config: must contain application config".to_owned());
    }
    Ok(bundle.channel_id)
}

/// Checks the headers of an update; the channel that it is for.
pub fn config_update(update: &Envelope) -> Result<String, String> {
    use envelope::HeaderError;
    let header = envelope::channel_header(update).map_err(|error| match error {
        HeaderError::Payload => "bad payload",
        HeaderError::Missing => "bad header",
        HeaderError::Channel | HeaderError::Signature => "could not unmarshall channel header",
    })?;
    if header.r#type != HeaderType::ConfigUpdate as i32 {
        return Err("bad type".to_owned());
    }
    if header.channel_id.is_empty() {
        return Err("empty channel id".to_owned());
    }
    let opened = open_update(update).map_err(|error| error.to_string())?;
    let update = ConfigUpdate::decode(opened.config_update.as_slice())
        .map_err(|_| "proto: cannot parse invalid wire-format data".to_owned())?;
    Ok(update.channel_id)
}

/// Which block is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockId {
    Newest,
    Oldest,
    Config,
    Number(u64),
}

pub fn block_id(id: &str) -> Result<BlockId, String> {
    match id {
        "" => Err("block ID illegal, cannot be empty".to_owned()),
        "newest" => Ok(BlockId::Newest),
        "oldest" => Ok(BlockId::Oldest),
        "config" => Ok(BlockId::Config),
        number => number
            .parse()
            .map(BlockId::Number)
            .map_err(|_| format!("'{number}' not equal <newest|oldest|config|(number)>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_asked_for_by_name_or_number() {
        assert_eq!(block_id("newest"), Ok(BlockId::Newest));
        assert_eq!(block_id("17"), Ok(BlockId::Number(17)));
        assert_eq!(
            block_id("last"),
            Err("'last' not equal <newest|oldest|config|(number)>".to_owned())
        );
    }

    #[test]
    fn what_is_no_configuration_block_cannot_be_joined_with() {
        assert_eq!(
            join_block(&Block::default()),
            Err("block is not a config block".to_owned())
        );
    }

    #[test]
    fn an_update_is_told_what_is_wrong_with_its_headers() {
        let payload = |payload: &[u8]| Envelope {
            payload: payload.to_vec(),
            signature: Vec::new(),
        };

        assert_eq!(config_update(&payload(b"\xff")), Err("bad payload".to_owned()));
        assert_eq!(config_update(&payload(b"")), Err("bad header".to_owned()));
        assert_eq!(config_update(&payload(&[0x0a, 0x00])), Err("bad type".to_owned()));
    }
}
