//! Runs a [`Core`]: feeds it what happens, in one task, and carries out what it asks for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tracing::{error, info, trace, warn};

use super::disk::Disk;
use super::{End, Input, Puller, Submit, Transport, View};
use crate::channel::{Channel, limits, orderer};
use crate::filters::{self, Consenters};
use crate::metrics::ChannelMetrics;
use crate::raft::core::{Core, Effect, Halt, NONE, Request, Submission};
use crate::raft::wire;
use crate::writer::Writer;
use entente_fabric::proto::orderer::{ConsensusRequest, SubmitRequest};

/// The node that stands first in a new channel asks for votes this often for a while: the others may join it at any
/// moment, and everybody waits for a leader. A request that finds nobody costs next to nothing and disturbs nobody
/// (pre-vote).
const EAGER_CAMPAIGN: Duration = Duration::from_millis(100);
const EAGER_FOR: Duration = Duration::from_secs(10);

/// Longest wait for a successor when stopping.
const HAND_OVER: Duration = Duration::from_secs(2);

/// Events taken at a time before effects that only concern others (the view) are looked at.
const BURST: usize = 64;

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
    /// Messages of our own to submit again.
    again: VecDeque<Request>,
    batch_deadline: Option<Instant>,
    batch_began: Option<Instant>,
    pulling: Option<JoinHandle<()>>,
    stopping: Option<Stopping>,
    end: Option<End>,
}

struct Stopping {
    deadline: Instant,
    handed_over: bool,
}

impl Driver {
    #[expect(clippy::too_many_arguments, reason = "called once, from where all of it is made")]
    pub fn new(
        core: Core,
        channel: Arc<Channel>,
        writer: Writer,
        disk: Disk,
        transport: Arc<dyn Transport>,
        puller: Arc<dyn Puller>,
        metrics: ChannelMetrics,
        clock: Clock,
    ) -> Driver {
        Driver {
            core,
            channel,
            writer,
            disk,
            transport,
            puller,
            metrics,
            clock,
            again: VecDeque::new(),
            batch_deadline: None,
            batch_began: None,
            pulling: None,
            stopping: None,
            end: None,
        }
    }

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
                _ = ticks.tick() => self.core.tick(),
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
            Input::Stop => {
                let wait = (self.clock.tick * self.clock.election_ticks).min(HAND_OVER);
                self.stopping.get_or_insert(Stopping {
                    deadline: Instant::now() + wait,
                    handed_over: false,
                });
                self.core.batch_timeout();
            }
        }
    }

    fn submit(&mut self, submit: Submit) {
        let Submit { request, answer } = submit;
        let outcome = self.order(request);
        // Whoever asked may have gone.
        answer.send(outcome).ok();
    }

    /// Orders a message, checking it again if the configuration has moved on since it was checked. As in stock, the
    /// client is not told when that second check fails: it has its answer from another orderer, perhaps.
    fn order(&mut self, request: Request) -> Submission {
        if !self.core.leads() {
            return self.core.submit(request);
        }
        if !self.core.accepts() {
            self.again.push_back(request);
            return Submission::Taken;
        }
        if request.message.checked_at >= self.channel.bundle().sequence {
            return self.core.submit(request);
        }
        match filters::again(&self.channel, &request, &self.group()) {
            Ok(request) => self.core.submit(request),
            Err(rejection) => {
                warn!(
                    channel = self.channel.id,
                    reason = rejection.info,
                    "a message is no longer valid"
                );
                self.metrics.proposal_failures.inc();
                Submission::Taken
            }
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

    fn carry_out(&mut self, effect: Effect, inputs: &mpsc::WeakSender<Input>) {
        match effect {
            Effect::Send { message, metadata } => {
                trace!(channel = self.channel.id, kind = ?message.msg_type, to = message.to, term = message.term, "send");
                let payload = wire::encode(&message);
                let request = ConsensusRequest {
                    channel: self.channel.id.clone(),
                    payload,
                    metadata,
                };
                self.transport.send(message.to, request);
                if message.msg_type == ::raft::eraftpb::MessageType::MsgSnapshot {
                    self.core.snapshot_sent(message.to, true);
                }
            }
            Effect::Persist { number, batch } => self.disk.persist(number, batch),
            Effect::Fold {
                checkpoint,
                entries,
                hard_state,
            } => {
                info!(
                    channel = self.channel.id,
                    index = checkpoint.index,
                    "folding the Raft log into the chain"
                );
                self.metrics
                    .snapshot_block_number
                    .set((self.channel.blocks.height().saturating_sub(1)) as i64);
                self.disk.fold(checkpoint, entries, hard_state);
            }
            Effect::Write { block, metadata } => {
                let written = self.writer.write(block, &metadata);
                self.wrote(written);
            }
            Effect::WritePulled { block } => {
                let written = self.writer.write_signed(block);
                self.wrote(written);
            }
            Effect::CatchUp { to } => self.catch_up(to, inputs),
            Effect::Connect(consenters) => self.transport.connect(consenters),
            Effect::Resubmit(requests) => self.again.extend(requests),
            Effect::Halt(halt) => {
                if let Halt::Fault(reason) = &halt {
                    error!(
                        channel = self.channel.id,
                        reason, "ordering on this channel has stopped"
                    );
                }
                self.end.get_or_insert(End::Halted(halt));
            }
        }
    }

    fn wrote(&mut self, written: Result<(), String>) {
        if let Err(reason) = written {
            return self.fault(reason);
        }
        self.metrics
            .committed_block_number
            .set((self.channel.blocks.height() - 1) as i64);
        if let Ok(orderer) = orderer(&self.channel.bundle()) {
            self.core.set_limits(limits(orderer));
        }
    }

    fn fault(&mut self, reason: String) {
        if self.end.is_none() {
            error!(
                channel = self.channel.id,
                reason, "ordering on this channel has stopped"
            );
            self.end = Some(End::Halted(Halt::Fault(reason)));
        }
    }

    fn catch_up(&mut self, to: u64, inputs: &mpsc::WeakSender<Input>) {
        info!(
            channel = self.channel.id,
            from = self.channel.blocks.height(),
            to,
            "catching up with other orderers"
        );
        let (sender, mut blocks) = mpsc::channel(16);
        let pull = self.puller.pull(self.channel.clone(), to, sender);
        let inputs = inputs.clone();
        let hand_in = async move {
            while let Some(block) = blocks.recv().await {
                let Some(inputs) = inputs.upgrade() else { return };
                if inputs.send(Input::Pulled(block)).await.is_err() {
                    return;
                }
            }
        };
        if let Some(before) = self.pulling.replace(tokio::spawn(async move {
            tokio::join!(pull, hand_in);
        })) {
            before.abort();
        }
    }

    /// Submits what lost its leader before it got into a block. Returns whether anything was done.
    fn submit_again(&mut self) -> bool {
        if self.stopping.is_some() && self.core.leads() {
            return false;
        }
        let mut done = false;
        while self.core.accepts() {
            let Some(request) = self.again.pop_front() else { break };
            done = true;
            let (bytes, sequence) = (request.message.bytes.clone(), request.message.checked_at);
            match self.order(request) {
                Submission::Taken => {}
                Submission::Forward(leader) => self.forward_in_background(leader, bytes, sequence),
                Submission::NoLeader => {
                    warn!(
                        channel = self.channel.id,
                        "a message is dropped: the leader was lost before it was ordered"
                    );
                    self.metrics.proposal_failures.inc();
                }
            }
        }
        done
    }

    fn forward_in_background(&self, leader: u64, bytes: bytes::Bytes, sequence: u64) {
        let Ok(payload) = prost::Message::decode(bytes) else {
            return;
        };
        let request = SubmitRequest {
            channel: self.channel.id.clone(),
            last_validation_seq: sequence,
            payload: Some(payload),
        };
        let (sent, channel) = (self.transport.submit(leader, request), self.channel.id.clone());
        tokio::spawn(async move {
            if let Err(reason) = sent.await {
                warn!(
                    channel,
                    leader, reason, "a message is dropped: it could not be sent to the new leader"
                );
            }
        });
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

    /// Stopping: what was taken first gets into a block, then another consenter takes the lead.
    fn proceed_stopping(&mut self) {
        let Some(stopping) = &mut self.stopping else { return };
        let out_of_time = Instant::now() >= stopping.deadline;
        if out_of_time || (!self.core.leads() && !self.disk.is_busy()) {
            self.end.get_or_insert(End::Stopped);
        } else if self.core.leads() && self.core.idle() && !stopping.handed_over {
            stopping.handed_over = true;
            if !self.core.give_lead_away() {
                // Nobody to hand over to.
                self.end.get_or_insert(End::Stopped);
            }
        }
    }

    async fn close(mut self, end: &watch::Sender<Option<End>>) {
        if let Some(pulling) = self.pulling.take() {
            pulling.abort();
        }
        while self.disk.is_busy() {
            if let Err(error) = self.disk.written().await {
                error!(channel = self.channel.id, %error, "the Raft log cannot be written");
                break;
            }
        }
        self.channel.set_leaderless(true);
        self.metrics.is_leader.set(0);
        self.metrics.active_nodes.set(0);
        let blocks = self.channel.blocks.clone();
        match tokio::task::spawn_blocking(move || blocks.sync()).await {
            Ok(Err(error)) => error!(channel = self.channel.id, %error, "the chain could not be synced"),
            Ok(Ok(())) | Err(_) => {}
        }
        let reason = self.end.take().unwrap_or(End::Stopped);
        drop(self);
        end.send_replace(Some(reason));
    }
}

/// Waits until `deadline`; for ever without one.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
