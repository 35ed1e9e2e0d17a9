//! What a handler says about its change, on the way to the row that tells of it.

use std::sync::Arc;

use entente_fabric::crypto::sha256;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};

/// What is larger stands in a row by its hash: a contract's package, for one.
const LARGEST: usize = 16 * 1024;

/// Filled in by the handler of a request, read when it has been answered.
#[derive(Debug, Clone, Default)]
pub struct Note(Arc<Mutex<Said>>);

#[derive(Debug, Clone, Default)]
pub struct Said {
    /// What was changed, where the path alone does not tell.
    pub object: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Note {
    /// Names the object.
    pub fn object(&self, object: String) {
        self.0.lock().object = Some(object);
    }

    /// The object before. It must hold no secret.
    pub fn before(&self, value: &impl Serialize) {
        self.0.lock().before = bounded(value);
    }

    /// The object afterwards. It must hold no secret.
    pub fn after(&self, value: &impl Serialize) {
        self.0.lock().after = bounded(value);
    }

    pub fn said(&self) -> Said {
        self.0.lock().clone()
    }
}

fn bounded(value: &impl Serialize) -> Option<Value> {
    let value = serde_json::to_value(value).ok()?;
    let text = value.to_string();
    if text.len() <= LARGEST {
        return Some(value);
    }
    Some(json!({"sha256": hex::encode(sha256(text.as_bytes())), "bytes": text.len()}))
}
