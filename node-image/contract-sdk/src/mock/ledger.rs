//! State, history and private data in maps, and the answers to a contract's requests.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use entente_fabric::crypto::sha256;
use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{
    ChaincodeMessage, ChaincodeSpec, DelState, GetHistoryForKey, GetState, GetStateByRange, GetStateMetadata,
    GetStateMultiple, GetStateMultipleResult, PurgePrivateState, PutState, PutStateMetadata, QueryMetadata,
    QueryResponse, QueryResponseMetadata, QueryResultBytes, QueryStateClose, QueryStateNext, Response, StateMetadata,
    StateMetadataResult, WriteBatchState, WriteRecord, write_record,
};
use entente_fabric::proto::queryresult::{KeyModification, Kv};
use prost::Message as _;

/// Rows in one answer, as peers send them.
const ROWS: usize = 100;

/// Collection and key; the collection is empty for public state.
type Place = (String, String);

#[derive(Default)]
pub struct Ledger {
    state: BTreeMap<Place, Vec<u8>>,
    metadata: BTreeMap<Place, Vec<StateMetadata>>,
    history: HashMap<String, Vec<KeyModification>>,
}

/// A transaction that runs: reads see the ledger as it was at the start.
pub struct Simulation {
    state: BTreeMap<Place, Vec<u8>>,
    metadata: BTreeMap<Place, Vec<StateMetadata>>,
    history: HashMap<String, Vec<KeyModification>>,
    writes: BTreeMap<Place, Option<Vec<u8>>>,
    metadata_writes: BTreeMap<Place, StateMetadata>,
    open: HashMap<String, Vec<QueryResultBytes>>,
    paged: bool,
}

impl Ledger {
    pub fn simulate(&self) -> Simulation {
        Simulation {
            state: self.state.clone(),
            metadata: self.metadata.clone(),
            history: self.history.clone(),
            writes: BTreeMap::new(),
            metadata_writes: BTreeMap::new(),
            open: HashMap::new(),
            paged: false,
        }
    }

    pub fn get(&self, collection: &str, key: &str) -> Option<Vec<u8>> {
        self.state.get(&(collection.to_owned(), key.to_owned())).cloned()
    }

    pub fn apply(&mut self, simulation: Simulation, transaction: &str, time: DateTime<Utc>) {
        for (place, value) in simulation.writes {
            if place.0.is_empty() {
                let change = KeyModification {
                    tx_id: transaction.to_owned(),
                    value: value.clone().unwrap_or_default(),
                    timestamp: Some(prost_types::Timestamp {
                        seconds: time.timestamp(),
                        nanos: 0,
                    }),
                    is_delete: value.is_none(),
                };
                self.history.entry(place.1.clone()).or_default().insert(0, change);
            }
            match value {
                Some(value) => self.state.insert(place, value),
                None => self.state.remove(&place),
            };
        }
        for (place, metadata) in simulation.metadata_writes {
            self.metadata.insert(place, vec![metadata]);
        }
    }
}

impl Simulation {
    /// Keys in order.
    pub fn written(&self) -> Vec<String> {
        self.writes.keys().map(|(_, key)| key.clone()).collect()
    }

    pub fn answer(&mut self, kind: Type, payload: &[u8]) -> Result<Vec<u8>, String> {
        match kind {
            Type::GetState => decode(payload).map(|GetState { key, collection }| self.value(collection, key)),
            Type::GetPrivateDataHash => decode(payload).map(|GetState { key, collection }| {
                let value = self.value(collection, key);
                if value.is_empty() {
                    value
                } else {
                    sha256(&value).to_vec()
                }
            }),
            Type::GetStateMultiple => decode(payload).map(|GetStateMultiple { keys, collection }| {
                let values = keys
                    .into_iter()
                    .map(|key| self.value(collection.clone(), key))
                    .collect();
                GetStateMultipleResult { values }.encode_to_vec()
            }),
            Type::GetStateMetadata => decode(payload).map(|GetStateMetadata { key, collection }| {
                let entries = self.metadata.get(&(collection, key)).cloned().unwrap_or_default();
                StateMetadataResult { entries }.encode_to_vec()
            }),
            Type::PutState => {
                let PutState { key, value, collection } = decode(payload)?;
                self.write(write_record::Type::PutState, key, value, collection, None)
            }
            Type::DelState => {
                let DelState { key, collection } = decode(payload)?;
                self.write(write_record::Type::DelState, key, Vec::new(), collection, None)
            }
            Type::PurgePrivateData => {
                let PurgePrivateState { key, collection } = decode(payload)?;
                self.write(write_record::Type::PurgePrivateData, key, Vec::new(), collection, None)
            }
            Type::PutStateMetadata => {
                let PutStateMetadata {
                    key,
                    collection,
                    metadata,
                } = decode(payload)?;
                self.write(
                    write_record::Type::PutStateMetadata,
                    key,
                    Vec::new(),
                    collection,
                    metadata,
                )
            }
            Type::WriteBatchState => {
                for record in decode::<WriteBatchState>(payload)?.rec {
                    let kind = record.r#type();
                    let WriteRecord {
                        key,
                        value,
                        collection,
                        metadata,
                        ..
                    } = record;
                    self.write(kind, key, value, collection, metadata)?;
                }
                Ok(Vec::new())
            }
            Type::GetStateByRange => self.range(&decode(payload)?),
            Type::GetHistoryForKey => {
                let GetHistoryForKey { key } = decode(payload)?;
                let rows = self.history.get(&key).into_iter().flatten().map(bytes_of);
                let rows = rows.collect();
                Ok(self.rows(rows))
            }
            Type::QueryStateNext => {
                let QueryStateNext { id } = decode(payload)?;
                let rows = self.open.remove(&id).ok_or("query iterator not found")?;
                Ok(self.rows(rows))
            }
            Type::QueryStateClose => {
                let QueryStateClose { id } = decode(payload)?;
                self.open.remove(&id);
                Ok(QueryResponse {
                    id,
                    ..Default::default()
                }
                .encode_to_vec())
            }
            Type::GetQueryResult => Err("ExecuteQuery not supported for leveldb".into()),
            other => Err(format!("{} is nothing that a contract sends", other.as_str_name())),
        }
    }

    fn value(&self, collection: String, key: String) -> Vec<u8> {
        self.state.get(&(collection, key)).cloned().unwrap_or_default()
    }

    fn write(
        &mut self,
        kind: write_record::Type,
        key: String,
        value: Vec<u8>,
        collection: String,
        metadata: Option<StateMetadata>,
    ) -> Result<Vec<u8>, String> {
        if self.paged {
            return Err("a transaction that read pages cannot write".into());
        }
        let place = (collection, key);
        match kind {
            write_record::Type::PutState => {
                self.writes.insert(place, Some(value));
            }
            write_record::Type::DelState | write_record::Type::PurgePrivateData => {
                self.writes.insert(place, None);
            }
            write_record::Type::PutStateMetadata => {
                self.metadata_writes.insert(place, metadata.unwrap_or_default());
            }
            write_record::Type::Undefined => return Err("unknown operation type".into()),
        }
        Ok(Vec::new())
    }

    fn range(&mut self, request: &GetStateByRange) -> Result<Vec<u8>, String> {
        let QueryMetadata { page_size, bookmark } = decode(&request.metadata)?;
        let start = if bookmark.is_empty() {
            &request.start_key
        } else {
            &bookmark
        };
        let end = &request.end_key;
        let inside = |(collection, key): &&Place| {
            *collection == request.collection && key >= start && (end.is_empty() || key < end)
        };
        let keys: Vec<&Place> = self.state.keys().filter(inside).collect();
        let row = |place: &&Place| {
            let (key, value) = (place.1.clone(), self.state[*place].clone());
            bytes_of(&Kv {
                namespace: "mock".into(),
                key,
                value,
            })
        };
        let Some(size) = usize::try_from(page_size).ok().filter(|size| *size > 0) else {
            let rows = keys.iter().map(row).collect();
            return Ok(self.rows(rows));
        };
        if !self.writes.is_empty() {
            return Err("pages cannot be read in a transaction that writes".into());
        }
        let results: Vec<_> = keys.iter().take(size).map(row).collect();
        let metadata = QueryResponseMetadata {
            fetched_records_count: i32::try_from(results.len()).unwrap_or(i32::MAX),
            bookmark: keys.get(size).map(|next| next.1.clone()).unwrap_or_default(),
        };
        self.paged = true;
        Ok(QueryResponse {
            results,
            metadata: metadata.encode_to_vec(),
            ..Default::default()
        }
        .encode_to_vec())
    }

    /// As many rows as one message takes; the rest stays open.
    fn rows(&mut self, mut rows: Vec<QueryResultBytes>) -> Vec<u8> {
        let rest = rows.split_off(rows.len().min(ROWS));
        let (has_more, id) = (!rest.is_empty(), format!("query{}", self.open.len()));
        if has_more {
            self.open.insert(id.clone(), rest);
        }
        QueryResponse {
            results: rows,
            has_more,
            id,
            ..Default::default()
        }
        .encode_to_vec()
    }
}

/// What calling another contract answers: a message inside the answer.
pub fn invoke(others: &BTreeMap<String, Vec<u8>>, payload: &[u8]) -> Result<Vec<u8>, String> {
    let name = decode::<ChaincodeSpec>(payload)?.chaincode_id.unwrap_or_default().name;
    let response = match others.get(&name) {
        Some(answer) => Response {
            status: 200,
            payload: answer.clone(),
            ..Default::default()
        },
        None => Response {
            status: 500,
            message: format!("chaincode {name} not found"),
            ..Default::default()
        },
    };
    let message = ChaincodeMessage {
        r#type: Type::Completed as i32,
        payload: response.encode_to_vec(),
        ..Default::default()
    };
    Ok(message.encode_to_vec())
}

fn bytes_of(message: &impl prost::Message) -> QueryResultBytes {
    QueryResultBytes {
        result_bytes: message.encode_to_vec(),
    }
}

fn decode<M: prost::Message + Default>(payload: &[u8]) -> Result<M, String> {
    M::decode(payload).map_err(|why| format!("unmarshal failed: {why}"))
}
