//! Keeps joined channels up to date: for each, one task that pulls and checks blocks and one that commits them, so that
//! a block is checked while the one before it is written.

use std::sync::Arc;

use entente_fabric::crypto::Signer;
use entente_fabric::tls::TlsIdentity;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use super::commit::Committer;
use super::pull::{Puller, Reader, Verified};
use super::{Channel, Metrics, commit};
use crate::transient::Transient;

/// Blocks that wait to be committed, a channel. They may be large.
const AHEAD: usize = 4;

/// Follows channels until it is stopped.
pub struct Follower {
    reader: Arc<Reader>,
    metrics: Metrics,
    transient: Arc<Transient>,
    /// Called after a configuration has come into force.
    reconfigured: Arc<dyn Fn() + Send + Sync>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Follower {
    pub fn new(
        signer: Arc<dyn Signer>,
        tls: TlsIdentity,
        metrics: Metrics,
        transient: Arc<Transient>,
        reconfigured: Arc<dyn Fn() + Send + Sync>,
    ) -> Follower {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Follower {
            reader: Arc::new(Reader { signer, tls }),
            metrics,
            transient,
            reconfigured,
            tasks,
            stop,
        }
    }

    pub(super) fn follow(&self, channel: Arc<Channel>) {
        let Some(tip) = commit::tip(&channel) else {
            return warn!(channel = channel.id, "a ledger without a genesis block is not followed");
        };
        self.metrics.height(&channel.id, tip.0 + 1);
        let (blocks, verified) = mpsc::channel(AHEAD);
        let puller = Puller {
            reader: self.reader.clone(),
            channel: channel.id.clone(),
            bundle: channel.bundle(),
            tip,
            blocks,
            awaited: channel.commits().awaited(),
        };
        self.tasks.spawn(puller.run());
        let committer = Committer {
            channel,
            metrics: self.metrics.clone(),
            transient: self.transient.clone(),
        };
        self.tasks.spawn(commit_all(
            Arc::new(committer),
            verified,
            self.reconfigured.clone(),
            self.stop.clone(),
        ));
    }

    /// Ends all followers, each after the block that it is committing.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn commit_all(
    committer: Arc<Committer>,
    mut verified: mpsc::Receiver<Verified>,
    reconfigured: Arc<dyn Fn() + Send + Sync>,
    stop: CancellationToken,
) {
    loop {
        let next = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            next = verified.recv() => next,
        };
        let Some(block) = next else { return };
        let brings_configuration = block.configuration.is_some();
        let commit = {
            let committer = committer.clone();
            move || committer.commit(block)
        };
        let outcome = tokio::task::spawn_blocking(commit).await;
        if let Err(reason) = outcome.unwrap_or_else(|panic| Err(format!("committing a block failed: {panic}"))) {
            error!(channel = committer.channel.id, reason, "the channel is halted");
            return committer.channel.halt(reason);
        }
        if brings_configuration {
            reconfigured();
        }
    }
}
