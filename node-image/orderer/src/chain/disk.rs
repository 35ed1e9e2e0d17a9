//! Writes the Raft log off the driver's task. What comes in while a write is under way is written together next, with one
//! fsync.

use std::io;
use std::time::Instant;

use ::raft::eraftpb::{Entry, HardState};
use entente_ledger::BlockStore;
use prometheus_client::metrics::histogram::Histogram;
use tokio::task::JoinHandle;

use crate::raft::log::Checkpoint;
use crate::raft::wal::{Batch, Wal};

enum Job {
    Persist {
        number: u64,
        batch: Batch,
    },
    Fold {
        checkpoint: Checkpoint,
        entries: Vec<Entry>,
        hard_state: HardState,
    },
}

/// The log file and the queue in front of it.
pub struct Disk {
    blocks: BlockStore,
    duration: Histogram,
    queue: Vec<Job>,
    /// At rest here, or at work in `running`.
    wal: Option<Wal>,
    running: Option<JoinHandle<(Wal, io::Result<Option<u64>>)>>,
}

impl Disk {
    pub fn new(wal: Wal, blocks: BlockStore, duration: Histogram) -> Disk {
        Disk {
            blocks,
            duration,
            queue: Vec::new(),
            wal: Some(wal),
            running: None,
        }
    }

    pub fn persist(&mut self, number: u64, batch: Batch) {
        self.queue.push(Job::Persist { number, batch });
        self.start();
    }

    pub fn fold(&mut self, checkpoint: Checkpoint, entries: Vec<Entry>, hard_state: HardState) {
        self.queue.push(Job::Fold {
            checkpoint,
            entries,
            hard_state,
        });
        self.start();
    }

    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Waits for the write under way; the number of the last persisted batch in it. Pending while nothing is written.
    pub async fn written(&mut self) -> io::Result<Option<u64>> {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let joined = running.await;
        self.running = None;
        let (wal, result) = joined.map_err(|error| io::Error::other(format!("writing the Raft log: {error}")))?;
        self.wal = Some(wal);
        let last = result?;
        self.start();
        Ok(last)
    }

    fn start(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let Some(mut wal) = self.wal.take() else { return };
        let (jobs, blocks, duration) = (
            std::mem::take(&mut self.queue),
            self.blocks.clone(),
            self.duration.clone(),
        );
        self.running = Some(tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let result = write(&mut wal, &jobs, &blocks);
            duration.observe(began.elapsed().as_secs_f64());
            (wal, result)
        }));
    }
}

fn write(wal: &mut Wal, jobs: &[Job], blocks: &BlockStore) -> io::Result<Option<u64>> {
    let (mut together, mut last) = (Vec::new(), None);
    for job in jobs {
        match job {
            Job::Persist { number, batch } => {
                together.push(batch);
                last = Some(*number);
            }
            Job::Fold {
                checkpoint,
                entries,
                hard_state,
            } => {
                wal.append(std::mem::take(&mut together))?;
                // What leaves the log must be in the chain for good.
                blocks.sync().map_err(|error| io::Error::other(error.to_string()))?;
                wal.rewrite(checkpoint, entries, hard_state)?;
            }
        }
    }
    if !together.is_empty() {
        wal.append(together)?;
    }
    Ok(last)
}
