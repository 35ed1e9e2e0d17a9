//! One operator of several acts at a time: who leads is written into a Lease.
//!
//! [`decide`] says when to take, renew and give up; [`lease`] reads and writes; [`Election`] runs the terms. Whoever waits
//! watches the lease and asks for nothing; whoever stops cleanly releases it, and the next one leads at once.

mod decide;
mod lease;

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use decide::Times;
use decide::{Candidacy, Leadership, Seen};
use lease::Leases;
pub use lease::{Lead, LeaseError};

use crate::metrics::Metrics;
use crate::trouble::in_words;

/// Longest wait for one answer of the API server.
const ANSWER: Duration = Duration::from_secs(3);

/// Who leads, for whoever wants to know. `None`: nobody does.
pub async fn look(client: Client, namespace: &str, name: &str) -> Result<Option<Lead>, LeaseError> {
    let leases = Leases::new(client, namespace, name, Metrics::default());
    let lease = leases.read(ANSWER).await?;
    Ok(lease.as_ref().and_then(Lead::of))
}

/// A candidate for the lead.
pub struct Election {
    leases: Leases,
    me: String,
    times: Times,
    metrics: Metrics,
}

impl Election {
    /// `me` names this process among all that may ever be candidates; `name` is the Lease's.
    pub fn new(client: Client, namespace: &str, name: &str, me: &str, metrics: Metrics) -> Election {
        Election {
            leases: Leases::new(client, namespace, name, metrics.clone()),
            me: me.to_owned(),
            times: Times::default(),
            metrics,
        }
    }

    /// With other times than the usual ones.
    pub fn with_times(mut self, times: Times) -> Election {
        self.times = times;
        self
    }

    /// Acts whenever it leads, until `stop` is cancelled. `act` is given a token that is cancelled at the end of the term,
    /// and must have ended soon after; only then does somebody else lead.
    pub async fn run<F: Future<Output = ()>>(
        &self,
        stop: CancellationToken,
        mut act: impl FnMut(CancellationToken) -> F,
    ) {
        while let Some(lease) = stop.run_until_cancelled(self.win()).await {
            info!(me = self.me, "this operator leads");
            self.metrics.leads(true);
            let last = self.term(lease, &stop, &mut act).await;
            self.metrics.leads(false);
            match last {
                Some(lease) => {
                    if let Err(error) = self.leases.release(&lease, ANSWER).await {
                        warn!(error = in_words(&error), "the lead could not be released; it lapses");
                    }
                    info!("this operator has handed over the lead");
                }
                None => warn!("this operator has lost the lead"),
            }
        }
    }

    /// One term: acts and renews side by side. Gives the lease when it is still held.
    async fn term<F: Future<Output = ()>>(
        &self,
        lease: Won,
        stop: &CancellationToken,
        act: &mut impl FnMut(CancellationToken) -> F,
    ) -> Option<Lease> {
        let term = stop.child_token();
        let mut acting = pin!(act(term.clone()));
        let mut held = lease;
        tokio::select! {
            // It has ended: by itself, or because it was told to stop, during which the lease was renewed.
            () = &mut acting => Some(held.lease),
            () = self.keep(&mut held) => {
                term.cancel();
                acting.await;
                None
            }
        }
    }

    /// Waits until the lease can be taken, and takes it.
    async fn win(&self) -> Won {
        let mut watch = pin!(watch_object(self.leases.api.clone(), &self.leases.name).default_backoff());
        let mut known: Option<(Lease, Seen)> = None;
        // Before the first look nothing is known, not even that there is no lease.
        let mut looked = false;
        loop {
            let decision = match looked {
                true => decide::candidacy(known.as_ref().map(|(_, seen)| seen), &self.me, Instant::now()),
                false => Candidacy::Wait(Instant::now() + self.times.lease),
            };
            match decision {
                Candidacy::Take => {
                    let began = Instant::now();
                    let read = known.as_ref().map(|(lease, _)| lease);
                    match self.leases.hold(read, &self.me, self.times.lease, ANSWER).await {
                        Ok(lease) => return Won { lease, renewed: began },
                        Err(error) => {
                            tracing::debug!(error = in_words(&error), "the lead could not be taken");
                            sleep(self.times.retry).await;
                        }
                    }
                    if let Ok(read) = self.leases.read(ANSWER).await {
                        known = noted(known, read);
                    }
                }
                Candidacy::Wait(until) => {
                    let told = tokio::select! {
                        told = watch.next() => told.and_then(Result::ok),
                        () = sleep_until(until.into()) => None,
                    };
                    // A watch that is interrupted tells nothing, and neither does time: look.
                    let read = match told {
                        Some(read) => Ok(read),
                        None => self.leases.read(ANSWER).await,
                    };
                    match read {
                        Ok(read) => {
                            known = noted(known, read);
                            looked = true;
                        }
                        Err(error) => {
                            warn!(error = in_words(&error), "the lease cannot be read; trying again");
                            sleep(self.times.retry).await;
                        }
                    }
                }
            }
        }
    }

    /// Renews until that is no longer possible.
    async fn keep(&self, held: &mut Won) {
        let mut failed = false;
        loop {
            match decide::leadership(held.renewed, failed, Instant::now(), &self.times) {
                Leadership::GiveUp => return,
                Leadership::Rest(until) => sleep_until(until.into()).await,
                Leadership::Renew => {
                    let end = held.renewed + self.times.patience;
                    if failed {
                        sleep_until((Instant::now() + self.times.retry).min(end).into()).await;
                    }
                    let began = Instant::now();
                    let within = ANSWER.min(end.saturating_duration_since(began));
                    match self.renew(&held.lease, within).await {
                        Ok(lease) => {
                            (held.lease, held.renewed, failed) = (lease, began, false);
                        }
                        Err(LeaseError::Conflict) => return,
                        Err(error) => {
                            warn!(error = in_words(&error), "the lead could not be renewed; trying again");
                            failed = true;
                        }
                    }
                }
            }
        }
    }

    /// [`LeaseError::Conflict`] means that somebody else holds the lease.
    async fn renew(&self, lease: &Lease, within: Duration) -> Result<Lease, LeaseError> {
        let hold = self.leases.hold(Some(lease), &self.me, self.times.lease, within);
        match hold.await {
            Err(LeaseError::Conflict) => {}
            renewed => return renewed,
        }
        // An attempt of ours may have arrived although its answer did not.
        let read = timeout(within, self.leases.read(within)).await;
        match read.map_err(|_| LeaseError::Silent)?? {
            Some(read) if lease::holder(&read).as_ref() == Some(&self.me) => {
                let hold = self.leases.hold(Some(&read), &self.me, self.times.lease, within);
                hold.await
            }
            _ => Err(LeaseError::Conflict),
        }
    }
}

/// A lease that is held.
struct Won {
    lease: Lease,
    /// When the last renewal that succeeded was begun.
    renewed: Instant,
}

/// What is known of a lease after it was read: it counts from now only when it has changed.
fn noted(known: Option<(Lease, Seen)>, read: Option<Lease>) -> Option<(Lease, Seen)> {
    let read = read?;
    let version = |lease: &Lease| lease.metadata.resource_version.clone();
    if let Some((lease, seen)) = known
        && version(&lease) == version(&read)
    {
        return Some((lease, seen));
    }
    let seen = Seen {
        holder: lease::holder(&read),
        length: lease::length(&read).unwrap_or(Times::default().lease),
        since: Instant::now(),
    };
    Some((read, seen))
}
