//! Chaincode definitions as last read. Blocks that write to `_lifecycle` are rare, and empty it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::lifecycle::{Definition, DefinitionError, NAMESPACE};
use crate::state::View;

/// More names than this are asked for by hostile transactions only.
const CAPACITY: usize = 1024;

#[derive(Default)]
pub(super) struct Cache {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Counts how often it was emptied: what was read before must not be put in afterwards.
    generation: u64,
    by_name: HashMap<String, Option<Arc<Definition>>>,
}

impl Cache {
    pub fn get(&self, name: &str, view: impl Fn() -> View) -> Result<Option<Arc<Definition>>, DefinitionError> {
        let generation = {
            let state = self.state.read();
            if let Some(definition) = state.by_name.get(name) {
                return Ok(definition.clone());
            }
            state.generation
        };
        let view = view();
        let read = Definition::read(name, |key| {
            Ok(view.get(NAMESPACE, key)?.map(|versioned| versioned.value))
        })?;
        let definition = read.map(Arc::new);
        let mut state = self.state.write();
        if state.generation == generation {
            if state.by_name.len() >= CAPACITY {
                state.by_name.clear();
            }
            state.by_name.insert(name.to_owned(), definition.clone());
        }
        Ok(definition)
    }

    /// To be called after a block that changed a definition has become visible.
    pub fn clear(&self) {
        let mut state = self.state.write();
        state.generation += 1;
        state.by_name.clear();
    }
}
