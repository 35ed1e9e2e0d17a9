//! Changes of resources as they happen.

use serde_json::Value;
use tokio::sync::broadcast;

use super::{Key, Scope};

/// What happened to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new, or its spec, metadata or status changed.
    Applied,
    /// It is gone.
    Deleted,
}

/// One change, with the resource as it is now, or as it last was.
#[derive(Debug, Clone)]
pub struct Event {
    pub key: Key,
    pub change: Change,
    pub object: std::sync::Arc<Value>,
}

/// A stream of changes from the moment it was made.
pub struct Watch {
    receiver: broadcast::Receiver<Event>,
    scope: Scope,
}

impl Watch {
    pub(super) fn new(receiver: broadcast::Receiver<Event>) -> Watch {
        Watch {
            receiver,
            scope: Scope::All,
        }
    }

    pub(super) fn within(mut self, scope: Scope) -> Watch {
        self.scope = scope;
        self
    }

    /// The next change. `Err(Missed)`: the reader was too slow; list again, then go on. `Ok(None)`: the registry is
    /// closed.
    pub async fn next(&mut self) -> Result<Option<Event>, Missed> {
        loop {
            match self.receiver.recv().await {
                Ok(event) if self.scope.covers(&event.key.namespace) => return Ok(Some(event)),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Closed) => return Ok(None),
                Err(broadcast::error::RecvError::Lagged(count)) => return Err(Missed(count)),
            }
        }
    }
}

/// Changes that were dropped because the reader was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} changes were missed")]
pub struct Missed(pub u64);
