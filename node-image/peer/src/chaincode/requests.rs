//! What a contract asks for while it runs, except for calls of other contracts (`core/chaincode/handler.go`).

use std::collections::VecDeque;

use entente_fabric::proto::protos::{
    ChaincodeMessage, DelState, GetHistoryForKey, GetState, GetStateByRange, GetStateMetadata, GetStateMultiple,
    GetStateMultipleResult, PutState, PutStateMetadata, QueryMetadata, QueryStateClose, QueryStateNext,
    StateMetadata, StateMetadataResult, WriteBatchState, chaincode_message::Type, write_record,
};
use prost::Message;

use super::context::Context;
use super::queries::Rows;
use crate::failure::{Failure, decode};

/// Answers one request; the payload of the RESPONSE.
pub fn answer(context: &Context, message: &ChaincodeMessage, row_limit: usize) -> Result<Vec<u8>, Failure> {
    match message.r#type() {
        Type::GetState => get(context, &open(message)?),
        Type::GetStateMultiple => get_multiple(context, &open(message)?),
        Type::GetPrivateDataHash => get_hash(context, &open(message)?),
        Type::GetStateMetadata => get_metadata(context, &open(message)?),
        Type::PutState => put(context, &open(message)?).map(done),
        Type::DelState => delete(context, &open(message)?).map(done),
        Type::PurgePrivateData => purge(context, &open(message)?).map(done),
        Type::PutStateMetadata => put_metadata(context, &open(message)?).map(done),
        Type::WriteBatchState => write_batch(context, open(message)?).map(done),
        Type::GetStateByRange => range(context, &open(message)?, row_limit),
        Type::GetHistoryForKey => history(context, &open(message)?, row_limit),
        Type::GetQueryResult => Err(Failure::new("ExecuteQuery not supported for leveldb")),
        Type::QueryStateNext => {
            let next: QueryStateNext = open(message)?;
            Ok(context
                .queries
                .lock()
                .next(&context.transaction, &next.id, row_limit)?
                .encode_to_vec())
        }
        Type::QueryStateClose => {
            let close: QueryStateClose = open(message)?;
            Ok(context
                .queries
                .lock()
                .close(&context.transaction, &close.id)
                .encode_to_vec())
        }
        other => Err(Failure(format!("unexpected request {}", other.as_str_name()))),
    }
}

fn done(_: ()) -> Vec<u8> {
    Vec::new()
}

fn open<M: Message + Default>(message: &ChaincodeMessage) -> Result<M, Failure> {
    unmarshal(&message.payload)
}

fn unmarshal<M: Message + Default>(bytes: &[u8]) -> Result<M, Failure> {
    decode(bytes).map_err(|failure| failure.within("unmarshal failed"))
}

fn refuse_private_in_init(context: &Context) -> Result<(), Failure> {
    match context.is_init {
        true => Err(Failure::new("private data APIs are not allowed in chaincode Init()")),
        false => Ok(()),
    }
}

fn readable(context: &Context, collection: &str) -> Result<(), Failure> {
    refuse_private_in_init(context)?;
    match context.access(collection)?.read {
        true => Ok(()),
        false => Err(no_access(context, collection, "read")),
    }
}

fn writable(context: &Context, collection: &str) -> Result<(), Failure> {
    refuse_private_in_init(context)?;
    match context.access(collection)?.write {
        true => Ok(()),
        false => Err(no_access(context, collection, "write")),
    }
}

fn no_access(context: &Context, collection: &str, act: &str) -> Failure {
    let namespace = &context.namespace;
    Failure(format!(
        "tx creator does not have {act} access permission on privatedata in chaincodeName:{namespace} collectionName: {collection}"
    ))
}

fn get(context: &Context, request: &GetState) -> Result<Vec<u8>, Failure> {
    Ok(value(context, &request.collection, &request.key)?.unwrap_or_default())
}

fn value(context: &Context, collection: &str, key: &str) -> Result<Option<Vec<u8>>, Failure> {
    let namespace = &context.namespace;
    if collection.is_empty() {
        return context
            .transaction
            .simulate(|simulator| simulator.get_state(namespace, key));
    }
    readable(context, collection)?;
    context
        .transaction
        .simulate(|simulator| simulator.get_private(namespace, collection, key))
}

fn get_multiple(context: &Context, request: &GetStateMultiple) -> Result<Vec<u8>, Failure> {
    if !request.collection.is_empty() {
        // Also without keys: a stock peer checks before it looks at them.
        readable(context, &request.collection)?;
    }
    let read = |key: &String| Ok(value(context, &request.collection, key)?.unwrap_or_default());
    let values = request.keys.iter().map(read).collect::<Result<_, Failure>>()?;
    Ok(GetStateMultipleResult { values }.encode_to_vec())
}

fn get_hash(context: &Context, request: &GetState) -> Result<Vec<u8>, Failure> {
    refuse_private_in_init(context)?;
    let (namespace, collection) = (&context.namespace, &request.collection);
    let hash = context
        .transaction
        .simulate(|simulator| simulator.get_private_hash(namespace, collection, &request.key))?;
    Ok(hash.unwrap_or_default())
}

fn get_metadata(context: &Context, request: &GetStateMetadata) -> Result<Vec<u8>, Failure> {
    let (namespace, collection, key) = (&context.namespace, &request.collection, &request.key);
    let entries = if collection.is_empty() {
        context
            .transaction
            .simulate(|simulator| simulator.get_metadata(namespace, key))?
    } else {
        readable(context, collection)?;
        context
            .transaction
            .simulate(|simulator| simulator.get_private_metadata(namespace, collection, key))?
    };
    let entries = entries
        .into_iter()
        .map(|(metakey, value)| StateMetadata { metakey, value })
        .collect();
    Ok(StateMetadataResult { entries }.encode_to_vec())
}

fn put(context: &Context, request: &PutState) -> Result<(), Failure> {
    let (namespace, collection) = (&context.namespace, &request.collection);
    if collection.is_empty() {
        return context
            .transaction
            .simulate(|simulator| simulator.set_state(namespace, &request.key, &request.value));
    }
    writable(context, collection)?;
    context
        .transaction
        .simulate(|simulator| simulator.set_private(namespace, collection, &request.key, &request.value))
}

fn delete(context: &Context, request: &DelState) -> Result<(), Failure> {
    let (namespace, collection) = (&context.namespace, &request.collection);
    if collection.is_empty() {
        return context
            .transaction
            .simulate(|simulator| simulator.delete_state(namespace, &request.key));
    }
    writable(context, collection)?;
    context
        .transaction
        .simulate(|simulator| simulator.delete_private(namespace, collection, &request.key))
}

fn purge(context: &Context, request: &DelState) -> Result<(), Failure> {
    let application = context.transaction.place()?.bundle.application.as_ref();
    let Some(application) = application else {
        let channel = &context.transaction.channel_id;
        return Err(Failure(format!("application config does not exist for {channel}")));
    };
    if !application.capabilities.iter().any(|capability| capability == "V2_5") {
        return Err(Failure::new(
            "purge private data is not enabled, channel application capability of V2_5 or later is required",
        ));
    }
    if request.collection.is_empty() {
        return Err(Failure::new("only applicable for private data"));
    }
    writable(context, &request.collection)?;
    let (namespace, collection) = (&context.namespace, &request.collection);
    context
        .transaction
        .simulate(|simulator| simulator.purge_private(namespace, collection, &request.key))
}

fn put_metadata(context: &Context, request: &PutStateMetadata) -> Result<(), Failure> {
    let metadata = request.metadata.clone().unwrap_or_default();
    let entries = vec![(metadata.metakey, metadata.value)];
    let (namespace, collection) = (&context.namespace, &request.collection);
    if collection.is_empty() {
        return context
            .transaction
            .simulate(|simulator| simulator.set_metadata(namespace, &request.key, entries));
    }
    writable(context, collection)?;
    context
        .transaction
        .simulate(|simulator| simulator.set_private_metadata(namespace, collection, &request.key, entries))
}

fn write_batch(context: &Context, batch: WriteBatchState) -> Result<(), Failure> {
    for record in batch.rec {
        let kind = record.r#type();
        let (key, value, collection, metadata) = (record.key, record.value, record.collection, record.metadata);
        match kind {
            write_record::Type::PutState => put(context, &PutState { key, value, collection })?,
            write_record::Type::DelState => delete(context, &DelState { key, collection })?,
            write_record::Type::PurgePrivateData => purge(context, &DelState { key, collection })?,
            write_record::Type::PutStateMetadata => {
                put_metadata(
                    context,
                    &PutStateMetadata {
                        key,
                        collection,
                        metadata,
                    },
                )?;
            }
            write_record::Type::Undefined => return Err(Failure::new("unknown operation type")),
        }
    }
    Ok(())
}

fn range(context: &Context, request: &GetStateByRange, row_limit: usize) -> Result<Vec<u8>, Failure> {
    let metadata = match request.metadata.as_slice() {
        [] => QueryMetadata::default(),
        bytes => unmarshal(bytes)?,
    };
    let page_size = u32::try_from(metadata.page_size).unwrap_or_default();
    let limit = match page_size as usize {
        size if size > 0 && size < row_limit => size,
        _ => row_limit,
    };
    let namespace = &context.namespace;
    let (start, end) = (request.start_key.as_str(), request.end_key.as_str());
    let transaction = &context.transaction;
    let (range, paginated) = if !request.collection.is_empty() {
        readable(context, &request.collection)?;
        let collection = &request.collection;
        (
            transaction.simulate(|simulator| simulator.private_range(namespace, collection, start, end))?,
            false,
        )
    } else if metadata.page_size != 0 || !metadata.bookmark.is_empty() {
        let start = if metadata.bookmark.is_empty() {
            start
        } else {
            metadata.bookmark.as_str()
        };
        (
            transaction.simulate(|simulator| simulator.range(namespace, start, end, Some(page_size)))?,
            true,
        )
    } else {
        (
            transaction.simulate(|simulator| simulator.range(namespace, start, end, None))?,
            false,
        )
    };
    let response = context
        .queries
        .lock()
        .open(transaction, Rows::Range(range), limit, paginated)?;
    Ok(response.encode_to_vec())
}

fn history(context: &Context, request: &GetHistoryForKey, row_limit: usize) -> Result<Vec<u8>, Failure> {
    let transaction = &context.transaction;
    let changes = transaction.simulate(|simulator| simulator.history(&context.namespace, &request.key))?;
    let rows: VecDeque<_> = changes.iter().map(Message::encode_to_vec).collect();
    let response = context
        .queries
        .lock()
        .open(transaction, Rows::Listed(rows), row_limit, false)?;
    Ok(response.encode_to_vec())
}
