//! Launching a contract: dialling it once, however many transactions wait for it
//! (`core/chaincode/runtime_launcher.go`).

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;

use super::packages::Packages;
use super::stream::Stream;
use super::{Contracts, Metrics};
use crate::failure::Failure;

type Launch = Shared<BoxFuture<'static, Result<Arc<Stream>, Failure>>>;

enum Slot {
    Starting(Launch),
    Running(Arc<Stream>),
}

/// Running contracts by package id.
#[derive(Default)]
pub struct Launches {
    slots: Mutex<HashMap<String, Slot>>,
}

impl Launches {
    /// The stream to a contract, dialled if there is none.
    pub async fn stream(
        &self,
        package_id: &str,
        contracts: &Arc<Contracts>,
        startup: Duration,
    ) -> Result<Arc<Stream>, Failure> {
        let (launch, first) = {
            let mut slots = self.slots.lock();
            match slots.get(package_id) {
                Some(Slot::Running(stream)) if !stream.is_closed() => return Ok(stream.clone()),
                Some(Slot::Starting(launch)) => (launch.clone(), false),
                _ => {
                    let launch = start(package_id, contracts, startup);
                    slots.insert(package_id.to_owned(), Slot::Starting(launch.clone()));
                    (launch, true)
                }
            }
        };
        let outcome = launch.await;
        outcome.map_err(|failure| {
            let failure = if first {
                failure
            } else {
                failure.within("chaincode registration failed")
            };
            failure.within(format_args!("could not launch chaincode {package_id}"))
        })
    }

    /// Drops a stream that ended, unless another one has taken its place.
    pub fn forget(&self, package_id: &str, ended: &Arc<Stream>) {
        let mut slots = self.slots.lock();
        if matches!(slots.get(package_id), Some(Slot::Running(stream)) if Arc::ptr_eq(stream, ended)) {
            slots.remove(package_id);
        }
    }

    fn settle(&self, package_id: &str, outcome: &Result<Arc<Stream>, Failure>) {
        let mut slots = self.slots.lock();
        match outcome {
            Ok(stream) => slots.insert(package_id.to_owned(), Slot::Running(stream.clone())),
            // Gone, so that the next call tries again.
            Err(_) => slots.remove(package_id),
        };
    }
}

/// In a task of its own: the transaction that began it may give up while others still wait.
fn start(package_id: &str, contracts: &Arc<Contracts>, startup: Duration) -> Launch {
    let (package_id, packages) = (package_id.to_owned(), contracts.packages.clone());
    let (metrics, contracts) = (contracts.metrics.clone(), Arc::downgrade(contracts));
    let task = tokio::spawn(async move {
        let started = Instant::now();
        let opening = open(&package_id, &packages, contracts.clone(), metrics.clone());
        let outcome = tokio::time::timeout(startup, opening).await.unwrap_or_else(|_| {
            metrics.launch_timed_out(&package_id);
            Err(Failure(format!(
                "timeout expired while starting chaincode {package_id} for transaction"
            )))
        });
        metrics.launched(&package_id, outcome.is_ok(), started.elapsed());
        if let Err(reason) = &outcome {
            tracing::warn!(package = package_id, %reason, "a contract cannot be reached");
        }
        if let Some(contracts) = contracts.upgrade() {
            contracts.launches.settle(&package_id, &outcome);
        }
        outcome
    });
    let launch = async move { task.await.unwrap_or_else(|_| Err(Failure::new("the peer is stopping"))) };
    launch.boxed().shared()
}

async fn open(
    package_id: &str,
    packages: &Packages,
    contracts: Weak<Contracts>,
    metrics: Metrics,
) -> Result<Arc<Stream>, Failure> {
    let target = packages
        .target(package_id)
        .map_err(|failure| failure.within("error building chaincode"))?;
    Stream::open(package_id, &target, contracts, metrics)
        .await
        .map_err(|failure| failure.within(format_args!("connection to {package_id} failed")))
}
