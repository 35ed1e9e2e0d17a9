//! `cscc`: joining channels, and their configuration (`core/scc/cscc/configure.go`).

use std::sync::Arc;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::{
    Block, BlockMetadataIndex, ChannelHeader, ConfigEnvelope, Envelope, HeaderType, Payload,
};
use entente_fabric::proto::protos::{ChannelInfo, ChannelQueryResponse, JoinBySnapshotStatus, Response};
use entente_ledger::Ledger;
use prost::Message as _;

use super::{called_directly, error, success};
use crate::acl::Acl;
use crate::chaincode::transaction::Transaction;
use crate::channels::Channels;
use crate::failure::{Failure, decode};

/// Where the ledger keeps the configuration in force, in its envelope (`core/peer/configtx_processor.go`).
const CONFIG_KEY: &str = "CHANNEL_CONFIG_ENV_BYTES";

/// Answers a call: the function's name, and a block or a channel.
pub async fn invoke(channels: &Arc<Channels>, acl: &Acl, transaction: &Transaction, args: &[Vec<u8>]) -> Response {
    let n = args.len();
    let Some(function) = args.first().map(|name| String::from_utf8_lossy(name)) else {
        return error(format!("Incorrect number of arguments, {n}"));
    };
    if !matches!(&*function, "GetChannels" | "JoinBySnapshotStatus") && n < 2 {
        return error(format!("Incorrect number of arguments, {n}"));
    }
    if let Err(refusal) = called_directly(transaction, "cscc", "") {
        return refusal;
    }
    let argument = args.get(1).map(Vec::as_slice).unwrap_or_default();
    let caller = transaction.signed_data();
    let allowed = |channel: &str| acl.check(&format!("cscc/{function}"), channel, &caller);
    let text = String::from_utf8_lossy(argument);
    match &*function {
        "JoinChain" => match genesis(argument) {
            Ok((channel, block)) => match allowed("") {
                Ok(()) => join(channels, block).await,
                Err(failure) => error(format!("access denied for [{function}][{channel}]: [{failure}]")),
            },
            Err(failure) => error(failure.0),
        },
        "JoinChainBySnapshot" => match (argument.is_empty(), allowed("")) {
            (true, _) => error("Cannot join the channel, no snapshot directory provided"),
            (_, Err(failure)) => error(format!("access denied for [{function}]: [{failure}]")),
            (_, Ok(())) => error(format!(
                "cannot create ledger from snapshot {text}: this peer joins channels by their genesis block"
            )),
        },
        "JoinBySnapshotStatus" => match allowed("") {
            Ok(()) => success(JoinBySnapshotStatus::default().encode_to_vec()),
            Err(failure) => error(format!("access denied for [{function}]: {failure}")),
        },
        "GetChannels" => match allowed("") {
            Ok(()) => success(list(channels)),
            Err(failure) => error(format!("access denied for [{function}]: {failure}")),
        },
        "GetConfigBlock" => match allowed(&text) {
            Ok(()) => match channels.get(&text) {
                Some(channel) => answer(config_block(&channel.ledger)),
                None => error(format!("Unknown channel ID, {text}")),
            },
            Err(failure) => error(format!("access denied for [{function}][{text}]: {failure}")),
        },
        "GetChannelConfig" if argument.is_empty() => error("empty channel name provided"),
        "GetChannelConfig" => match allowed(&text) {
            Ok(()) => match channels.get(&text) {
                Some(channel) => answer(channel_config(&channel.ledger)),
                None => error(format!("unknown channel ID, {text}")),
            },
            Err(failure) => error(format!("access denied for [{function}][{text}]: {failure}")),
        },
        _ => error(format!("Requested function {function} not found.")),
    }
}

fn answer(outcome: Result<Vec<u8>, Failure>) -> Response {
    match outcome {
        Ok(payload) => success(payload),
        Err(failure) => error(failure.0),
    }
}

/// Reads and checks a genesis block, and the channel that it begins.
fn genesis(bytes: &[u8]) -> Result<(String, Block), Failure> {
    if bytes.is_empty() {
        return Err(Failure::new(
            "Cannot join the channel <nil> configuration block provided",
        ));
    }
    let mut block = decode::<Block>(bytes).map_err(|failure| {
        failure
            .within("error unmarshalling Block")
            .within("Failed to reconstruct the genesis block, error")
    })?;
    let channel = channel_of(&block).map_err(|failure| {
        Failure(format!(
            "\"JoinChain\" request failed to extract channel id from the block due to [{failure}]"
        ))
    })?;
    check_config(&block).map_err(|failure| {
        Failure(format!(
            "\"JoinChain\" for channelID = {channel} failed because of validation of configuration block, because of {failure}"
        ))
    })?;
    let slots = &mut block.metadata.get_or_insert_default().metadata;
    let filter = BlockMetadataIndex::TransactionsFilter as usize;
    if slots.len() <= filter {
        slots.resize(filter + 1, Vec::new());
    }
    if slots[filter].is_empty() {
        // A genesis block is valid by definition.
        slots[filter] = vec![0; block.data.as_ref().map_or(0, |data| data.data.len())];
    }
    Ok((channel, block))
}

fn payload_of(block: &Block) -> Result<(Payload, ChannelHeader), Failure> {
    let first = block.data.as_ref().and_then(|data| data.data.first());
    let first = first.ok_or_else(|| Failure::new("failed to retrieve channel id - block is empty"))?;
    let envelope: Envelope = decode(first).map_err(|failure| failure.within("error unmarshalling Envelope"))?;
    let payload: Payload =
        decode(&envelope.payload).map_err(|failure| failure.within("error unmarshalling Payload"))?;
    let Some(header) = &payload.header else {
        return Err(Failure::new("failed to retrieve channel id - payload header is empty"));
    };
    let header =
        decode(&header.channel_header).map_err(|failure| failure.within("error unmarshalling ChannelHeader"))?;
    Ok((payload, header))
}

fn channel_of(block: &Block) -> Result<String, Failure> {
    Ok(payload_of(block)?.1.channel_id)
}

/// Whether the block begins an application channel that this peer can be a member of.
fn check_config(block: &Block) -> Result<(), Failure> {
    let (payload, header) = payload_of(block)?;
    let bad = |failure: Failure| failure.within("Bad configuration envelope");
    if header.r#type != HeaderType::Config as i32 {
        let kind = HeaderType::try_from(header.r#type).map_or("UNKNOWN", |kind| kind.as_str_name());
        return Err(bad(Failure(format!("invalid type {kind}, expected CONFIG"))));
    }
    let envelope: ConfigEnvelope = decode(&payload.data)
        .map_err(|failure| bad(failure.within("error unmarshalling message for type CONFIG")))?;
    let config = envelope
        .config
        .ok_or_else(|| Failure::new("Nil config envelope Config"))?;
    let group = config
        .channel_group
        .as_ref()
        .ok_or_else(|| Failure::new("Nil channel group"))?;
    if group.groups.is_empty() {
        return Err(Failure::new("No channel configuration groups are available"));
    }
    if !group.groups.contains_key("Application") {
        return Err(Failure::new(
            "Invalid configuration block, missing Application configuration group",
        ));
    }
    let bundle = Bundle::new(&header.channel_id, config)
        .map_err(|reason| Failure(format!("Failed capabilities check: [{reason}]")))?;
    let application = bundle.application.as_ref();
    if !application.is_some_and(|application| application.capabilities.iter().any(|name| name.as_str() >= "V2_0")) {
        return Err(Failure::new(
            "Failed capabilities check: [this peer serves channels with Application capability V2_0 or later]",
        ));
    }
    Ok(())
}

/// In a task of its own: a client that hangs up must not leave a ledger that no channel was made of.
async fn join(channels: &Arc<Channels>, block: Block) -> Response {
    let channels = channels.clone();
    match tokio::spawn(async move { channels.join(block).await }).await {
        Ok(Ok(())) => success(Vec::new()),
        Ok(Err(reason)) => error(format!("cannot create ledger from genesis block: {reason}")),
        Err(reason) => error(format!("cannot create ledger from genesis block: {reason}")),
    }
}

fn list(channels: &Channels) -> Vec<u8> {
    let channels = channels
        .list()
        .into_iter()
        .map(|channel_id| ChannelInfo { channel_id })
        .collect();
    ChannelQueryResponse { channels }.encode_to_vec()
}

/// The block that put the configuration in force, which the last block names.
fn config_block(ledger: &Ledger) -> Result<Vec<u8>, Failure> {
    let last = ledger.height().saturating_sub(1);
    let missing = |number: u64| Failure(format!("no such block number [{number}] in index"));
    let block = ledger.blocks().block(last)?.ok_or_else(|| missing(last))?;
    let number = entente_fabric::block::last_config(&block)
        .ok_or_else(|| Failure::new("failed to retrieve metadata: the last block names no configuration block"))?;
    let block = ledger.blocks().bytes(number)?.ok_or_else(|| missing(number))?;
    Ok(block.to_vec())
}

/// A `common.ConfigEnvelope` whose configuration is left as it was written: re-encoding would change bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(bytes, tag = "1")]
    config: Vec<u8>,
}

fn channel_config(ledger: &Ledger) -> Result<Vec<u8>, Failure> {
    let stored = ledger
        .state("", CONFIG_KEY)?
        .ok_or_else(|| Failure::new("the ledger holds no channel configuration"))?;
    Ok(decode::<Stored>(&stored.value)?.config)
}
