//! Nodes as supervised child processes on loopback.
//!
//! A node is a folder (`<root>/<namespace>/<chain>/<name>`) and at most one process. The process survives the platform:
//! it carries its folder and the fingerprint of its plan in its environment, by which the next platform adopts it.
//! A supervisor task per node starts it, watches it, and starts it again with growing pauses.

mod folder;
mod launch;
mod log;
mod ports;
mod process;
mod supervisor;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use entente_api::access::{Access, AccessType};
use futures::future::join_all;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::{Addresses, Ledger, NodeId, NodePlan, NodeState, Outside, Role, Substrate, SubstrateError};
use folder::Folder;
pub use launch::Executables;
use ports::Ports;
pub use process::memory;
use supervisor::Supervisor;

/// Runs nodes as processes of this machine.
pub struct Local {
    root: PathBuf,
    executables: Executables,
    ports: Ports,
    nodes: Mutex<HashMap<NodeId, Supervisor>>,
    changes: broadcast::Sender<NodeId>,
}

impl Local {
    /// Takes `root` for the nodes' folders. One platform at a time may own it; the caller holds the lock.
    pub fn open(root: &Path, executables: Executables) -> Result<Local, SubstrateError> {
        folder::create_private(root)?;
        let ports = Ports::open(&root.join("ports.json"))?;
        let (changes, _) = broadcast::channel(1024);
        Ok(Local {
            root: root.to_owned(),
            executables,
            ports,
            nodes: Mutex::default(),
            changes,
        })
    }

    fn folder(&self, id: &NodeId) -> Folder {
        Folder::new(&self.root, id)
    }

    fn supervisor(&self, id: &NodeId) -> Option<Supervisor> {
        self.nodes.lock().get(id).cloned()
    }

    async fn end(&self, id: &NodeId, grace: Duration) {
        let supervisor = self.nodes.lock().remove(id);
        match supervisor {
            Some(supervisor) => supervisor.end(grace).await,
            // Nobody has applied it since the platform started, but its process may still run.
            None => {
                let found = process::find(self.folder(id).path());
                process::end(found.map(|found| found.pid), grace).await;
            }
        }
    }
}

#[async_trait]
impl Substrate for Local {
    fn check_access(&self, access: &Access) -> Result<(), String> {
        match access.kind {
            AccessType::None => Ok(()),
            _ => Err(
                "the nodes are processes of this machine, reached by programs of this machine only; \
                      leave the field out"
                    .to_owned(),
            ),
        }
    }

    async fn addresses(&self, id: &NodeId, role: Role) -> Result<Addresses, SubstrateError> {
        self.ports.addresses(id, role)
    }

    async fn outside(&self, _: &NodeId, _: Role, _: &Access) -> Result<Outside, SubstrateError> {
        Ok(Outside::default())
    }

    fn data_dir(&self) -> PathBuf {
        "data".into()
    }

    fn runs_images(&self) -> bool {
        false
    }

    async fn apply(&self, plan: &NodePlan) -> Result<(), SubstrateError> {
        let supervisor = {
            let mut nodes = self.nodes.lock();
            let start = || Supervisor::start(plan.id.clone(), self.folder(&plan.id), self.changes.clone());
            nodes.entry(plan.id.clone()).or_insert_with(start).clone()
        };
        supervisor.apply(plan, &self.executables).await
    }

    async fn state(&self, id: &NodeId) -> NodeState {
        self.supervisor(id)
            .map_or(NodeState::Absent, |supervisor| supervisor.state())
    }

    async fn list(&self, namespace: &str, chain: &str) -> Result<Vec<NodeId>, SubstrateError> {
        folder::names(&self.root.join(namespace).join(chain)).map(|names| {
            let id = |name| NodeId {
                namespace: namespace.to_owned(),
                chain: chain.to_owned(),
                name,
            };
            names.into_iter().map(id).collect()
        })
    }

    async fn delete(&self, id: &NodeId, ledger: Ledger) -> Result<(), SubstrateError> {
        if ledger == Ledger::Keep {
            return self.stop(id).await;
        }
        self.end(id, process::NO_GRACE).await;
        self.folder(id).remove()?;
        self.ports.release(id)?;
        // Nobody listens when no reconciler has started yet.
        let _ = self.changes.send(id.clone());
        Ok(())
    }

    async fn stop(&self, id: &NodeId) -> Result<(), SubstrateError> {
        self.end(id, process::GRACE).await;
        Ok(())
    }

    async fn restart(&self, id: &NodeId) -> Result<(), SubstrateError> {
        let refused = || SubstrateError::Refused(format!("node {id} does not run here"));
        self.supervisor(id).ok_or_else(refused)?.restart().await;
        Ok(())
    }

    async fn logs(
        &self,
        id: &NodeId,
        lines: usize,
        follow: bool,
    ) -> Result<BoxStream<'static, std::io::Result<String>>, SubstrateError> {
        log::read(self.folder(id).log(), lines, follow).await
    }

    async fn memory(&self, id: &NodeId) -> Option<u64> {
        process::memory(self.supervisor(id)?.pid()?)
    }

    async fn disk(&self, id: &NodeId) -> Option<u64> {
        let folder = self.folder(id);
        // Many small files: not on a thread that others wait for.
        tokio::task::spawn_blocking(move || folder.size()).await.ok()?
    }

    fn changes(&self) -> broadcast::Receiver<NodeId> {
        self.changes.subscribe()
    }

    async fn stop_all(&self) {
        let nodes: Vec<Supervisor> = self.nodes.lock().drain().map(|(_, supervisor)| supervisor).collect();
        join_all(nodes.iter().map(|node| node.end(process::GRACE))).await;
        // What a platform before this one started and this one never applied.
        let strays = process::below(&self.root)
            .into_iter()
            .map(|found| process::end(Some(found.pid), process::GRACE));
        join_all(strays).await;
    }
}

#[cfg(test)]
mod tests;
