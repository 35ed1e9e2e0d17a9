//! A channel's life: follower until a configuration names this node, consenter until one does so no longer, and so on.

use std::sync::Arc;
use std::time::Duration;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{Consenter, Entry, Registrar, Relation, State, number};
use crate::chain::{Chain, End, Surroundings};
use crate::channel::{Channel, orderer};
use crate::cluster::{self, Group};
use crate::follower;
use crate::raft::core::Halt;
use crate::raft::membership::{self, Membership};

/// A consenter that knows from a block that it is removed, but has not heard that Raft has agreed, asks the others after
/// this long without a leader, however much patience it has otherwise.
const EVICTION_EXPECTED: Duration = Duration::from_secs(20);
/// How often a consenter looks whether it has a leader, at most.
const LEADERLESS_CHECK: Duration = Duration::from_secs(10);

/// How long a channel that has failed is left alone, at first and at most.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(60);

enum Role {
    Consenter(Arc<Consenter>),
    Follower,
    Failed(Relation),
}

/// What comes after a role.
enum Outcome {
    /// Follow, from a configuration that says otherwise.
    Demoted,
    Follow,
    Order,
    Stopped,
    Failed(String),
}

impl Registrar {
    /// Starts ordering on a channel whose chain this node has.
    pub(super) fn start_consenter(&self, channel: &Arc<Channel>) -> Result<Arc<Consenter>, String> {
        let setup = &self.setup;
        let group = Group::new(
            channel.clone(),
            setup.connections.clone(),
            setup.own_authorities.clone(),
            setup.own_key.clone(),
            setup.metrics.clone(),
        );
        let id = self.raft_id(channel)?;
        self.paths
            .claim_raft(&channel.id, id)
            .map_err(|error| format!("the Raft folder: {error}"))?;
        let surroundings = Surroundings {
            transport: group.clone(),
            puller: Arc::new(setup.source.clone()),
            metrics: setup.metrics.of_channel(&channel.id),
        };
        let chain = Chain::start(
            channel.clone(),
            &self.paths.raft(&channel.id),
            |_| Some(id),
            surroundings,
        )?;
        let chain = Arc::new(chain);
        group.reports_to(&chain);
        Ok(Arc::new(Consenter { chain, group }))
    }

    fn raft_id(&self, channel: &Channel) -> Result<u64, String> {
        let bundle = channel.bundle();
        let raft = entente_fabric::config::consenters::raft_metadata(orderer(&bundle)?).map_err(|e| e.to_string())?;
        let last = channel
            .blocks
            .height()
            .checked_sub(1)
            .ok_or("the channel has no block")?;
        let tip = channel
            .block(last)
            .map_err(|error| error.to_string())?
            .ok_or("the last block is missing")?;
        let membership = Membership::new(membership::block_metadata(&tip), &raft);
        cluster::own_id(&membership, &self.setup.own_key)
            .ok_or_else(|| "this orderer is not a consenter of the channel".to_owned())
    }

    /// The task of one channel.
    pub(super) async fn live(self: Arc<Self>, entry: Arc<Entry>, join_block: Option<Block>) {
        let ended = entry.ended.clone().drop_guard();
        let (mut demoted, mut patience) = (false, FIRST_RETRY);
        loop {
            self.report(&entry.info());
            let role = match &*entry.state.read() {
                State::Consenter(consenter) => Role::Consenter(consenter.clone()),
                State::Follower { .. } => Role::Follower,
                State::Failed { relation, .. } => Role::Failed(*relation),
                State::Stopped { .. } => break,
            };
            let began = Instant::now();
            let (relation, outcome) = match role {
                Role::Consenter(consenter) => (Relation::Consenter, self.order(&entry, &consenter).await),
                Role::Follower => {
                    let outcome = self.follow(&entry, join_block.as_ref(), demoted).await;
                    (Relation::Follower, outcome)
                }
                Role::Failed(relation) => {
                    let outcome = self.wait_to_try_again(&entry, relation, patience).await;
                    patience = (patience * 2).min(LAST_RETRY);
                    (relation, outcome)
                }
            };
            if matches!(outcome, Outcome::Failed(_)) && began.elapsed() > LAST_RETRY {
                patience = FIRST_RETRY;
            }
            demoted |= matches!(outcome, Outcome::Demoted);
            let next = self.after(&entry.channel, relation, outcome, join_block.as_ref());
            if let State::Failed { reason, .. } = &next {
                error!(channel = entry.channel.id, reason, "the channel has failed");
            }
            *entry.state.write() = next;
        }
        self.report(&entry.info());
        drop(entry);
        drop(ended);
    }

    fn after(
        &self,
        channel: &Arc<Channel>,
        relation: Relation,
        outcome: Outcome,
        join_block: Option<&Block>,
    ) -> State {
        match outcome {
            Outcome::Demoted => {
                info!(channel = channel.id, "no longer a consenter: following the channel");
                State::Follower { join_number: None }
            }
            Outcome::Follow => State::Follower {
                join_number: join_block.map(number),
            },
            Outcome::Order => match self.promote(channel) {
                Ok(consenter) => State::Consenter(consenter),
                Err(reason) => State::Failed { relation, reason },
            },
            Outcome::Stopped => State::Stopped { relation },
            Outcome::Failed(reason) => State::Failed { relation, reason },
        }
    }

    /// What failed may work later: a full disk is emptied, a damaged message does not come again.
    async fn wait_to_try_again(&self, entry: &Entry, relation: Relation, patience: Duration) -> Outcome {
        tokio::select! {
            () = tokio::time::sleep(patience) => match relation {
                Relation::Consenter => Outcome::Order,
                Relation::Follower => Outcome::Follow,
            },
            () = entry.stop.cancelled() => Outcome::Stopped,
        }
    }

    async fn order(&self, entry: &Entry, consenter: &Consenter) -> Outcome {
        let end = tokio::select! {
            end = consenter.chain.ended() => end,
            () = self.eviction(&entry.channel, &consenter.chain) => {
                consenter.chain.stop().await;
                End::Halted(Halt::Evicted)
            }
            () = entry.stop.cancelled() => {
                consenter.chain.stop().await;
                End::Stopped
            }
        };
        match end {
            End::Stopped => Outcome::Stopped,
            End::Halted(Halt::Evicted | Halt::Misaddressed) => Outcome::Demoted,
            End::Halted(Halt::Fault(reason)) => Outcome::Failed(reason),
        }
    }

    async fn follow(&self, entry: &Entry, join_block: Option<&Block>, demoted: bool) -> Outcome {
        let join_block = join_block.filter(|block| entry.channel.blocks.height() <= number(block));
        let is_consenter = |bundle: &Bundle| self.is_consenter_of(bundle).unwrap_or(false);
        tokio::select! {
            followed = follower::follow(&entry.channel, join_block, demoted, &self.setup.source, is_consenter) => {
                match followed {
                    Ok(()) => Outcome::Order,
                    Err(reason) => Outcome::Failed(reason),
                }
            }
            () = entry.stop.cancelled() => Outcome::Stopped,
        }
    }

    fn promote(&self, channel: &Arc<Channel>) -> Result<Arc<Consenter>, String> {
        info!(channel = channel.id, "ordering as a consenter");
        let consenter = self.start_consenter(channel)?;
        self.paths
            .remove_join_block(&channel.id)
            .map_err(|error| error.to_string())?;
        Ok(consenter)
    }

    /// Done when this node has reason to believe that it was removed from the consenters while it was away
    /// (`orderer/consensus/etcdraft/eviction.go`).
    async fn eviction(&self, channel: &Channel, chain: &Chain) {
        let suspicion = self.setup.eviction_suspicion;
        let mut leaderless_since: Option<Instant> = None;
        loop {
            tokio::time::sleep(LEADERLESS_CHECK.min(suspicion / 10)).await;
            if chain.view().borrow().leader != crate::raft::core::NONE {
                leaderless_since = None;
                continue;
            }
            let since = *leaderless_since.get_or_insert_with(Instant::now);
            let expected = self.is_consenter_of(&channel.bundle()) == Ok(false);
            let patience = if expected {
                EVICTION_EXPECTED.min(suspicion)
            } else {
                suspicion
            };
            if since.elapsed() < patience {
                continue;
            }
            warn!(
                channel = channel.id,
                "no leader for long: asking other orderers whether this one was removed"
            );
            let bundle = channel.bundle();
            match self.setup.source.newest_config(&channel.id, &bundle).await {
                Ok(None) => return,
                Ok(Some(block)) => match Bundle::from_block(&block).map(|next| self.is_consenter_of(&next)) {
                    Ok(Ok(false)) if expected || number(&block) >= channel.blocks.height() => return,
                    _ => leaderless_since = None,
                },
                Err(error) => warn!(channel = channel.id, %error, "nobody could tell"),
            }
        }
    }
}
