//! The contract of the golden chain: a list of operations in JSON, run against a simulator as a stock peer runs what a
//! contract asks for, with the reads that the peer itself adds.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_fabric::proto::common::{MspPrincipal, MspRole};
use entente_fabric::proto::protos::{
    ChaincodeActionPayload, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload, Transaction,
    collection_policy_config,
};
use entente_ledger::Simulator;
use entente_ledger::lifecycle::{self, Definition};
use entente_ledger::simulate::RangeId;
use entente_ledger::transaction::Opened;
use prost::Message as _;
use serde_json::{Value, json};

const VALIDATION_PARAMETER: &str = "VALIDATION_PARAMETER";
const INITIALIZED: &str = "\u{0}\u{10FFFF}initialized";
const BATCH: usize = 100;
const TOTAL_LIMIT: usize = 100_000;

/// One invocation of a contract.
#[derive(Debug, Clone)]
pub struct Call {
    pub contract: String,
    pub args: Vec<String>,
    pub is_init: bool,
}

impl Call {
    /// `None` for a transaction whose body is damaged.
    pub fn of_proposal(opened: &Opened) -> Option<Call> {
        let actions = Transaction::decode(opened.data.as_slice()).ok()?.actions;
        let payload = ChaincodeActionPayload::decode(actions.first()?.payload.as_slice()).ok()?;
        let proposal = ChaincodeProposalPayload::decode(payload.chaincode_proposal_payload.as_slice()).ok()?;
        let spec = ChaincodeInvocationSpec::decode(proposal.input.as_slice())
            .ok()?
            .chaincode_spec?;
        Some(Call::of_input(spec.chaincode_id?.name, spec.input?))
    }

    pub fn of_input(contract: String, input: ChaincodeInput) -> Call {
        let args = input
            .args
            .into_iter()
            .map(|arg| String::from_utf8_lossy(&arg).into_owned())
            .collect();
        Call {
            contract,
            args,
            is_init: input.is_init,
        }
    }
}

/// A contract that is being called, and those that it calls.
pub struct Contract {
    simulator: Simulator,
    creator: String,
    transient: BTreeMap<String, String>,
    running: Vec<String>,
}

/// What a contract answers: a value, or a response it made itself.
type Outcome = Result<Value, String>;

impl Contract {
    pub fn new(simulator: Simulator, creator: String, transient: BTreeMap<String, String>) -> Contract {
        Contract {
            simulator,
            creator,
            transient,
            running: Vec::new(),
        }
    }

    pub fn invoke(mut self, call: Call) -> (Simulator, Outcome) {
        let outcome = self.call(&call);
        (self.simulator, outcome)
    }

    fn call(&mut self, call: &Call) -> Outcome {
        let name = call.contract.as_str();
        self.check_invocation(call)?;
        if self.running.iter().any(|running| running == name) {
            return Err("txid exists".to_owned());
        }
        self.running.push(name.to_owned());
        let outcome = self.execute(call);
        self.running.pop();
        outcome
    }

    /// `CheckInvocation` in `core/chaincode/chaincode_support.go`.
    fn check_invocation(&mut self, call: &Call) -> Result<(), String> {
        let name = call.contract.as_str();
        self.simulator
            .get_state(lifecycle::NAMESPACE, &lifecycle::sequence_key(name))
            .map_err(text)?;
        let view = self.simulator.view().clone();
        let get = |key: &str| Ok(view.get(lifecycle::NAMESPACE, key)?.map(|versioned| versioned.value));
        let Some(definition) = Definition::read(name, get).map_err(text)? else {
            // The old lifecycle is asked too, and knows nothing.
            self.simulator.get_state("lscc", name).map_err(text)?;
            return Err("not defined".to_owned());
        };
        if definition.endorsement.init_required {
            let initialized = self.simulator.get_state(name, INITIALIZED).map_err(text)?;
            let version = definition.endorsement.version.as_bytes();
            if initialized.as_deref() == Some(version) && call.is_init {
                return Err("already initialized".to_owned());
            }
            if initialized.as_deref() != Some(version) && !call.is_init {
                return Err("not initialized".to_owned());
            }
            if call.is_init {
                self.simulator.set_state(name, INITIALIZED, version).map_err(text)?;
            }
        }
        Ok(())
    }

    fn execute(&mut self, call: &Call) -> Outcome {
        let first = call.args.get(1).map(String::as_str);
        if call.is_init {
            return Ok(json!("init"));
        }
        match call.args.first().map(String::as_str) {
            Some("init") => {
                self.simulator
                    .set_state(&call.contract, "init", first.unwrap_or("1").as_bytes())
                    .map_err(text)?;
                Ok(json!("inited"))
            }
            Some("run") => {
                let operations: Vec<Value> = serde_json::from_str(first.unwrap_or("")).map_err(|e| e.to_string())?;
                self.run(&call.contract, &operations)
            }
            other => Err(format!("unknown function {other:?}")),
        }
    }

    fn run(&mut self, ns: &str, operations: &[Value]) -> Outcome {
        let mut out = Vec::new();
        let mut response = None;
        for operation in operations {
            let operation = operation.as_array().ok_or("no operation")?;
            if operation[0] == "resp" {
                response = Some(json!({"status": operation[1]}));
                continue;
            }
            let result = self.operation(ns, operation)?;
            if !result.is_null() {
                out.push(result);
            }
        }
        Ok(response.unwrap_or(Value::Array(out)))
    }

    fn operation(&mut self, ns: &str, operation: &[Value]) -> Outcome {
        let string = |at: usize| operation.get(at).and_then(Value::as_str).unwrap_or("").to_owned();
        let number = |at: usize| operation.get(at).and_then(Value::as_u64).unwrap_or(0);
        let (a, b, c) = (string(1), string(2), string(3));
        let sim = &mut self.simulator;
        match string(0).as_str() {
            "put" => sim.set_state(ns, &a, b.as_bytes()).map_err(text)?,
            "putb" => sim.set_state(ns, &a, &STANDARD.decode(b).unwrap()).map_err(text)?,
            "del" => sim.delete_state(ns, &a).map_err(text)?,
            "get" => return Ok(lossy(sim.get_state(ns, &a).map_err(text)?)),
            "inc" => {
                let found = sim.get_state(ns, &a).map_err(text)?.unwrap_or_default();
                let old: i64 = String::from_utf8_lossy(&found).parse().unwrap_or(0);
                let by = operation
                    .get(2)
                    .and_then(Value::as_i64)
                    .filter(|by| *by != 0)
                    .unwrap_or(1);
                sim.set_state(ns, &a, (old + by).to_string().as_bytes()).map_err(text)?;
                return Ok(json!(old + by));
            }
            "fill" => {
                for i in number(2)..number(3) {
                    let value = format!("{}{i}", string(4));
                    sim.set_state(ns, &format!("{a}{i:04}"), value.as_bytes())
                        .map_err(text)?;
                }
            }
            "wipe" => {
                for i in number(2)..number(3) {
                    sim.delete_state(ns, &format!("{a}{i:04}")).map_err(text)?;
                }
            }
            "range" => {
                let range = sim.range(ns, first_key(&a), &b, None).map_err(text)?;
                return self.drain(range, number(3) as usize);
            }
            "ckput" if a.is_empty() => return Err("object type or attribute not a non-zero length string".to_owned()),
            "ckput" => {
                let key = composite(&a, &operation[2]);
                sim.set_state(ns, &key, c.as_bytes()).map_err(text)?;
            }
            "ckrange" => {
                let start = composite(&a, &operation[2]);
                let range = sim
                    .range(ns, &start, &format!("{start}\u{10FFFF}"), None)
                    .map_err(text)?;
                return self.drain(range, number(3) as usize);
            }
            "page" => {
                let size = number(3) as u32;
                if size == 0 {
                    // Not a page: the shim then fails on the missing bookmark.
                    let range = sim.range(ns, first_key(&a), &b, None).map_err(text)?;
                    self.drain(range, 0)?;
                    return Err("no metadata".to_owned());
                }
                let bookmark = string(4);
                let start = if bookmark.is_empty() { first_key(&a) } else { &bookmark };
                let range = sim.range(ns, start, &b, Some(size)).map_err(text)?;
                let mut keys = Vec::new();
                while keys.len() < size as usize {
                    let Some(row) = sim.range_next(range).map_err(text)? else {
                        break;
                    };
                    keys.push(row.key);
                }
                let bookmark = sim.range_bookmark(range).map_err(text)?;
                return Ok(json!([summary(&keys), keys.len(), bookmark]));
            }
            "hist" => {
                let history = sim.history(ns, &a).map_err(text)?;
                let row = |m: entente_fabric::proto::queryresult::KeyModification| {
                    json!([&m.tx_id[..8], m.is_delete, String::from_utf8_lossy(&m.value)])
                };
                return Ok(Value::Array(history.into_iter().map(row).collect()));
            }
            "rich" => return Err("ExecuteQuery not supported for leveldb".to_owned()),
            "pput" => {
                self.check_member(ns, &a, true)?;
                self.simulator.set_private(ns, &a, &b, c.as_bytes()).map_err(text)?;
            }
            "pdel" => {
                self.check_member(ns, &a, true)?;
                self.simulator.delete_private(ns, &a, &b).map_err(text)?;
            }
            "ppurge" => {
                self.check_member(ns, &a, true)?;
                self.simulator.purge_private(ns, &a, &b).map_err(text)?;
            }
            "pget" => {
                self.check_member(ns, &a, false)?;
                return Ok(lossy(self.simulator.get_private(ns, &a, &b).map_err(text)?));
            }
            "phash" => {
                let found = sim.get_private_hash(ns, &a, &b).map_err(text)?;
                return Ok(json!(hex::encode(found.unwrap_or_default())));
            }
            "prange" => {
                self.check_member(ns, &a, false)?;
                let range = self.simulator.private_range(ns, &a, first_key(&b), &c).map_err(text)?;
                return self.drain(range, number(4) as usize);
            }
            "sbe" => {
                let policy = STANDARD.decode(b).unwrap();
                sim.set_metadata(ns, &a, vec![(VALIDATION_PARAMETER.to_owned(), policy)])
                    .map_err(text)?;
            }
            "sbeget" => return Ok(policy(sim.get_metadata(ns, &a).map_err(text)?)),
            "psbe" => {
                self.check_member(ns, &a, true)?;
                let entries = vec![(VALIDATION_PARAMETER.to_owned(), STANDARD.decode(c).unwrap())];
                self.simulator.set_private_metadata(ns, &a, &b, entries).map_err(text)?;
            }
            "psbeget" => {
                self.check_member(ns, &a, false)?;
                return Ok(policy(self.simulator.get_private_metadata(ns, &a, &b).map_err(text)?));
            }
            "cc" if !b.is_empty() && b != "golden" => return Err("no such channel".to_owned()),
            "cc" => {
                let args = vec!["run".to_owned(), operation[3].to_string()];
                let payload = self.call(&Call {
                    contract: a,
                    args,
                    is_init: false,
                })?;
                return Ok(json!([200, payload]));
            }
            "ccraw" => return self.system_call(&a, &operation[3][0]),
            "event" => {}
            "args" => return Ok(json!(2)),
            "txid" => return Ok(json!("")),
            "creator" => return Ok(json!(self.creator)),
            "tran" => return Ok(json!(self.transient)),
            "try" => {
                let inner = operation[1].as_array().unwrap().clone();
                return match self.run(ns, &[Value::Array(inner)]) {
                    Ok(value) => Ok(value),
                    Err(reason) => Ok(json!(format!("E:{reason}"))),
                };
            }
            "err" => return Err(a),
            other => return Err(format!("unknown op {other}")),
        }
        Ok(Value::Null)
    }

    /// Of the system chaincodes only `_lifecycle` may be called by a contract.
    fn system_call(&mut self, name: &str, function: &Value) -> Outcome {
        if name != lifecycle::NAMESPACE || function != "QueryChaincodeDefinitions" {
            return Err("refused".to_owned());
        }
        let start = lifecycle::metadata_key(lifecycle::DEFINITIONS, "");
        let range = self
            .simulator
            .range(name, &start, &format!("{start}\u{7f}"), None)
            .map_err(text)?;
        let mut names = Vec::new();
        while let Some(row) = self.simulator.range_next(range).map_err(text)? {
            names.extend(row.key.strip_prefix(&start).map(str::to_owned));
        }
        for defined in &names {
            Definition::read(defined, |key| self.simulator.get_state(name, key)).map_err(text)?;
        }
        Ok(json!(names))
    }

    /// Rows travel to a contract in batches of 100; to know whether there are more, the peer reads one ahead.
    fn drain(&mut self, range: RangeId, limit: usize) -> Outcome {
        let mut keys = Vec::new();
        let mut pending = Vec::new();
        let mut read = 0;
        loop {
            let mut more = false;
            while read < TOTAL_LIMIT {
                let Some(row) = self.simulator.range_next(range).map_err(text)? else {
                    break;
                };
                read += 1;
                more = pending.len() == BATCH;
                if more {
                    keys.append(&mut pending);
                }
                pending.push(row.key);
                if more {
                    break;
                }
            }
            if !more {
                keys.append(&mut pending);
            }
            if limit > 0 && keys.len() >= limit {
                keys.truncate(limit);
                break;
            }
            if !more {
                break;
            }
        }
        self.simulator.range_close(range);
        Ok(summary(&keys))
    }

    /// `getReadWritePermission` in `core/chaincode/handler.go`: reads the definition in the simulation.
    fn check_member(&mut self, ns: &str, collection: &str, write: bool) -> Result<(), String> {
        let sim = &mut self.simulator;
        let definition = Definition::read(ns, |key| sim.get_state(lifecycle::NAMESPACE, key)).map_err(text)?;
        let collection = definition
            .and_then(|d| d.collection(collection))
            .ok_or("no such collection")?;
        let Some(collection_policy_config::Payload::SignaturePolicy(policy)) =
            collection.member_orgs_policy.and_then(|policy| policy.payload)
        else {
            return Err("no policy".to_owned());
        };
        let msp = |p: &MspPrincipal| MspRole::decode(p.principal.as_slice()).unwrap().msp_identifier;
        let is_member = policy.identities.iter().any(|principal| msp(principal) == self.creator);
        let only_members = if write {
            collection.member_only_write
        } else {
            collection.member_only_read
        };
        if only_members && !is_member {
            return Err("tx creator does not have access".to_owned());
        }
        Ok(())
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn lossy(value: Option<Vec<u8>>) -> Value {
    json!(String::from_utf8_lossy(&value.unwrap_or_default()))
}

fn policy(entries: Vec<(String, Vec<u8>)>) -> Value {
    let found = entries.into_iter().find(|(name, _)| name == VALIDATION_PARAMETER);
    json!(STANDARD.encode(found.unwrap_or_default().1))
}

fn summary(keys: &[String]) -> Value {
    let key = |key: Option<&String>| key.cloned().unwrap_or_default();
    json!([keys.len(), key(keys.first()), key(keys.last())])
}

/// Composite keys are no part of simple ranges: a shim starts after them.
fn first_key(start: &str) -> &str {
    if start.is_empty() { "\u{1}" } else { start }
}

fn composite(kind: &str, attributes: &Value) -> String {
    let attributes = attributes
        .as_array()
        .into_iter()
        .flatten()
        .map(|a| a.as_str().unwrap_or(""));
    let parts: Vec<&str> = std::iter::once(kind).chain(attributes).collect();
    parts.iter().fold("\u{0}".to_owned(), |key, part| key + part + "\u{0}")
}
