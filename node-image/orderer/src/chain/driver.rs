//! Runs a [`Core`]: feeds it what happens, in one task, and carries out what it asks for.

mod effects;
mod stopping;
mod submitting;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tracing::{info, trace};

use super::disk::Disk;
use super::receipts::{Doubts, Receipts};
use super::{End, Input, Puller, Submit, Transport, View};
use crate::channel::Channel;
use crate::filters::Consenters;
use crate::metrics::ChannelMetrics;
use crate::raft::core::{Core, NONE, Request};
use crate::stamp::Seen;
use crate::writer::Writer;
use stopping::Stopping;

/// The node that stands first in a new channel asks for votes this often for a while: the others may join it at any
/// moment, and everybody waits for a leader. A request that finds nobody costs next to nothing and disturbs nobody
/// (pre-vote).
const EAGER_CAMPAIGN: Duration = Duration::from_millis(100);
const EAGER_FOR: Duration = Duration::from_secs(10);

/// Events taken at a time before effects that only concern others (the view) are looked at.
const BURST: usize = 64;

/// After so many election timeouts without a leader there is no quorum, rather than an election that is on.
const ELECTION_TIMEOUTS: u32 = 2;

/// Raft's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub tick: Duration,
    pub heartbeat_ticks: u32,
    pub election_ticks: u32,
}

pub struct Driver {
    core: Core,
    channel: Arc<Channel>,
    writer: Writer,
    disk: Disk,
    transport: Arc<dyn Transport>,
    puller: Arc<dyn Puller>,
    metrics: ChannelMetrics,
    clock: Clock,
    /// Messages to submit again.
    again: VecDeque<Request>,
    receipts: Receipts,
    seen: Seen,
    doubts: Doubts,
    /// Raft's term when it was last looked at.
    term: u64,
    /// It has changed since, and what somebody waits for may be lost.
    unsettled: bool,
    /// Ticks without a leader.
    leaderless: u32,
    batch_deadline: Option<Instant>,
    batch_began: Option<Instant>,
    pulling: Option<JoinHandle<()>>,
    stopping: Option<Stopping>,
    end: Option<End>,
}

/// What a driver is made of.
pub struct Parts {
    pub core: Core,
    pub channel: Arc<Channel>,
    pub writer: Writer,
    pub disk: Disk,
    pub transport: Arc<dyn Transport>,
    pub puller: Arc<dyn Puller>,
    pub metrics: ChannelMetrics,
    pub clock: Clock,
    pub doubts: Doubts,
}

impl From<Parts> for Driver {
    fn from(parts: Parts) -> Driver {
        Driver {
            core: parts.core,
            channel: parts.channel,
            writer: parts.writer,
            disk: parts.disk,
            transport: parts.transport,
            puller: parts.puller,
            metrics: parts.metrics,
            clock: parts.clock,
            again: VecDeque::new(),
            receipts: Receipts::new(rand::random()),
            seen: Seen::default(),
            doubts: parts.doubts,
            term: 0,
            unsettled: false,
            leaderless: 0,
            batch_deadline: None,
            batch_began: None,
            pulling: None,
            stopping: None,
            end: None,
        }
    }
}

impl Driver {
    pub async fn run(
        mut self,
        mut submitted: mpsc::Receiver<Submit>,
        mut received: mpsc::Receiver<Input>,
        inputs: mpsc::WeakSender<Input>,
        view: watch::Sender<View>,
        end: watch::Sender<Option<End>>,
    ) {
        let began = Instant::now();
        let mut ticks = interval_at(began + self.clock.tick, self.clock.tick);
        // After a pause (a busy machine, a stopped process) a burst of ticks would look like a dead leader.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut campaign = self.core.stands_first().then_some(began);
        self.transport.connect(self.core.membership().consenters.clone());
        self.metrics.is_leader.set(0);

        let (mut submits, mut events) = (Vec::new(), Vec::new());
        loop {
            self.settle(&inputs);
            self.publish(&view);
            if self.end.is_some() {
                break;
            }
            let accepts = self.core.accepts() && self.again.is_empty() && self.stopping.is_none();
            let batch_deadline = self.batch_deadline;
            let stop_check = self.stopping.as_ref().map(|stopping| stopping.deadline);
            tokio::select! {
                biased;
                persisted = self.disk.written() => match persisted {
                    Ok(Some(number)) => self.core.persisted(number),
                    Ok(None) => {}
                    Err(error) => self.fault(format!("the Raft log cannot be written: {error}")),
                },
                _ = ticks.tick() => {
                    self.core.tick();
                    self.look_after_receipts();
                }
                count = received.recv_many(&mut events, BURST) => {
                    if count == 0 {
                        self.end = Some(End::Stopped);
                    }
                    events.drain(..).for_each(|event| self.take(event));
                }
                () = at(campaign) => {
                    self.core.campaign();
                    campaign = self.next_campaign(began);
                }
                () = at(batch_deadline) => self.batch_timeout(),
                () = at(stop_check) => {}
                count = submitted.recv_many(&mut submits, BURST), if accepts => {
                    if count == 0 {
                        self.end = Some(End::Stopped);
                    }
                    submits.drain(..).for_each(|submit| self.submit(submit));
                }
            }
            if self.core.leader() != NONE {
                campaign = None;
            }
        }
        self.close(&end).await;
    }

    fn next_campaign(&self, began: Instant) -> Option<Instant> {
        let now = Instant::now();
        let patient = self.clock.tick * self.clock.heartbeat_ticks * 2;
        Some(
            now + if now - began < EAGER_FOR {
                EAGER_CAMPAIGN.min(patient)
            } else {
                patient
            },
        )
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Received {
                message,
                metadata,
                sender,
            } => {
                trace!(channel = self.channel.id, kind = ?message.msg_type, sender, term = message.term, "received");
                self.core.receive(message, &metadata, sender);
            }
            Input::Unreachable(id) => self.core.unreachable(id),
            Input::Pulled(block) => self.core.pulled(block),
            Input::Stop => self.begin_stopping(),
        }
    }

    fn group(&self) -> Consenters {
        Consenters {
            metadata: self.core.membership().metadata.clone(),
            active: self.core.active().to_vec(),
        }
    }

    fn batch_timeout(&mut self) {
        if self.core.batch_timeout() {
            self.batch_deadline = None;
        } else {
            // Enough is under way: the next block that is written makes room.
            self.batch_deadline = Some(Instant::now() + Duration::from_millis(2));
        }
    }

    /// Carries out effects until there are none, then sets timers by the state that was reached.
    fn settle(&mut self, inputs: &mpsc::WeakSender<Input>) {
        loop {
            let effects = self.core.effects();
            let idle = effects.is_empty();
            for effect in effects {
                self.carry_out(effect, inputs);
            }
            self.note_term();
            if idle && !self.submit_again() {
                break;
            }
        }
        match (self.core.pending(), self.batch_deadline) {
            (true, None) => {
                let bundle = self.channel.bundle();
                let timeout = bundle
                    .orderer
                    .as_ref()
                    .map_or(Duration::from_secs(2), |orderer| orderer.batch_timeout);
                self.batch_deadline = Some(Instant::now() + timeout);
                self.batch_began = Some(Instant::now());
            }
            (false, Some(_)) => {
                self.batch_deadline = None;
                if let Some(began) = self.batch_began.take() {
                    self.metrics.block_fill_duration.observe(began.elapsed().as_secs_f64());
                }
            }
            _ => {}
        }
        self.proceed_stopping();
    }

    fn publish(&self, view: &watch::Sender<View>) {
        self.channel.set_leaderless(self.turns_readers_away());
        view.send_if_modified(|view| {
            let (leader, membership) = (self.core.leader(), self.core.membership());
            let same = view.leader == leader
                && view.leads == self.core.leads()
                && view.group.active == self.core.active()
                && view.group.metadata == membership.metadata;
            if same {
                return false;
            }
            if view.leader != leader {
                info!(channel = self.channel.id, leader, "Raft leader changed");
                self.metrics.leader_changes.inc();
            }
            self.metrics.is_leader.set(i64::from(self.core.leads()));
            self.metrics.cluster_size.set(membership.consenters.len() as i64);
            self.metrics.active_nodes.set(self.core.active().len() as i64);
            view.leader = leader;
            view.leads = self.core.leads();
            view.group = self.group();
            true
        });
    }

    /// While there is no leader. Two nodes are let off once they had one, or a channel of one could not grow.
    fn turns_readers_away(&self) -> bool {
        self.core.leaderless() && (self.core.membership().consenters.len() > 2 || !self.core.had_leader())
    }
}

/// Waits until `deadline`; for ever without one.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
