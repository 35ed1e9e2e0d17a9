//! Calls each resource's reconciler when something that concerns it has changed.
//!
//! One task a resource ([`actor`]), so that passes over one resource never overlap and those over different ones run
//! side by side. Which change concerns whom is told by [`concern`]; what one pass is, by [`pass`].

mod actor;
mod concern;
mod pass;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization, Tenant};
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep, sleep_until, timeout};
use tracing::{info, warn};

use crate::context::Context;
use crate::registry::{Change, Event, Key, Kind, Scope};
use crate::trouble::in_words;

use actor::Actor;
use concern::Concerns;

/// Every resource is looked at this often even when nothing seems to have changed: certificates age quietly.
const RESYNC: Duration = Duration::from_secs(1800);
/// Pause between looks at resources that seem to be as they should: an operator that starts does not fall upon the
/// cluster.
const PACE: Duration = Duration::from_millis(50);
/// Passes that run at once. Each takes tens of kilobytes while it runs; without a bound, ten thousand resources that are woken
/// together advance together. A pass waits for nodes for some seconds at most, and those that fail pause without a turn, so
/// that it takes thousands of dead chains before a new one has to wait.
const PASSES: usize = 500;
/// Resources that are listed at once.
const PART: usize = 500;
/// Longest wait, when the operator ends, for what is being written.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Actors that have nothing left to do are swept this often.
const SWEEP: Duration = Duration::from_secs(30);
/// Pauses between attempts to list a registry that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs the reconcilers until `context.stop` is cancelled. Nodes go on running afterwards.
pub async fn run(context: Context) {
    // Also when the registry has ended, the actors end as they do when they are told to.
    let stop = context.stop.child_token();
    let mut dispatcher = Dispatcher {
        actors: HashMap::new(),
        concerns: Concerns::default(),
        round: Round::new(VecDeque::new(), PACE),
        turns: Arc::new(Semaphore::new(PASSES)),
        context: Context {
            stop: stop.clone(),
            ..context
        },
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = dispatcher.run() => {}
    }
    stop.cancel();
    if timeout(LAST_WORDS, dispatcher.end()).await.is_err() {
        warn!("the registry does not answer; what has happened last may go untold");
    }
    info!("the operator has stopped");
}

struct Dispatcher {
    context: Context,
    actors: HashMap<Key, Actor>,
    concerns: Concerns,
    round: Round,
    turns: Arc<Semaphore>,
}

/// Resources that are looked at one after the other, without haste.
struct Round {
    left: VecDeque<Key>,
    pace: Duration,
    due: Instant,
}

impl Round {
    fn new(left: VecDeque<Key>, pace: Duration) -> Round {
        Round {
            left,
            pace,
            due: Instant::now() + pace,
        }
    }

    /// Waits for the next one's turn; forever when there is none.
    async fn next(&mut self) -> Key {
        if self.left.is_empty() {
            return std::future::pending().await;
        }
        sleep_until(self.due).await;
        self.due += self.pace;
        match self.left.pop_front() {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

impl Dispatcher {
    async fn run(&mut self) {
        let mut watch = self.context.registry.watch(&Scope::All);
        let mut nodes = self.context.substrate.changes();
        self.begin().await;
        let mut sweep = interval(SWEEP);
        let mut resync = interval_at(Instant::now() + RESYNC, RESYNC);
        for timer in [&mut sweep, &mut resync] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                event = watch.next() => match event {
                    Ok(Some(event)) => self.event(&event),
                    Ok(None) => return,
                    Err(missed) => {
                        warn!(%missed, "the registry was faster than the operator; looking for what has changed");
                        self.catch_up().await;
                    }
                },
                node = nodes.recv() => match node {
                    Ok(id) => self.concerns.of_node(&id).into_iter().for_each(|key| self.wake(&key)),
                    Err(RecvError::Lagged(_)) => self.go_round(PACE),
                    Err(RecvError::Closed) => return,
                },
                key = self.round.next() => self.wake(&key),
                _ = resync.tick() => {
                    let known = u32::try_from(self.concerns.known().count()).unwrap_or(u32::MAX);
                    self.go_round(RESYNC / known.saturating_add(1));
                }
                _ = sweep.tick() => self.actors.retain(|_, actor| !actor.is_done()),
            }
        }
    }

    /// Waits until nothing is being written any more.
    async fn end(self) {
        join_all(self.actors.into_values().map(Actor::ended)).await;
        self.context.registry.told().await;
    }

    /// Takes up every resource there is: those that have work left at once, the others one by one.
    async fn begin(&mut self) {
        let (mut settled, mut unsettled) = (VecDeque::new(), Vec::new());
        self.each(|this, key, object| {
            this.concerns.know(&key, &object);
            match concern::is_settled(&object) {
                true => settled.push_back(key),
                false => unsettled.push(key),
            }
        })
        .await;
        unsettled.iter().for_each(|key| self.wake(key));
        self.round = Round::new(settled, PACE);
    }

    /// Finds out what has changed while nothing was heard.
    async fn catch_up(&mut self) {
        let mut lost: HashSet<Key> = self.concerns.known().cloned().collect();
        self.each(|this, key, object| {
            lost.remove(&key);
            this.event(&Event {
                key,
                change: Change::Applied,
                object: Arc::new(object),
            });
        })
        .await;
        for key in lost {
            self.event(&Event {
                key,
                change: Change::Deleted,
                object: Arc::default(),
            });
        }
    }

    /// Looks at every resource once.
    fn go_round(&mut self, pace: Duration) {
        self.round = Round::new(self.concerns.known().cloned().collect(), pace);
    }

    fn event(&mut self, event: &Event) {
        let woken = self.concerns.of_event(event);
        if event.change == Change::Applied {
            let generation = concern::generation(&event.object);
            if let Some(actor) = self.actors.get(&event.key) {
                actor.supersede(generation);
            }
        }
        woken.into_iter().for_each(|key| self.wake(&key));
    }

    fn wake(&mut self, key: &Key) {
        match self.actors.get(key) {
            Some(actor) if !actor.is_done() => actor.wake(),
            _ => {
                let actor = Actor::start(self.context.clone(), key.clone(), self.turns.clone());
                self.actors.insert(key.clone(), actor);
            }
        }
    }

    /// Goes through every resource there is, unread: one that cannot be read must not stand in the way of the others. Part by
    /// part, because all of them at once take many times what is kept of them.
    async fn each(&mut self, mut take: impl FnMut(&mut Dispatcher, Key, Value)) {
        self.each_of::<Tenant>(&mut take).await;
        self.each_of::<NodeRelease>(&mut take).await;
        self.each_of::<Organization>(&mut take).await;
        self.each_of::<Chain>(&mut take).await;
        self.each_of::<Member>(&mut take).await;
        self.each_of::<Contract>(&mut take).await;
        self.each_of::<Identity>(&mut take).await;
    }

    async fn each_of<K: Kind>(&mut self, take: &mut impl FnMut(&mut Dispatcher, Key, Value)) {
        let mut after = None;
        loop {
            let part = self.part::<K>(after.as_ref()).await;
            let is_last = part.len() < PART;
            after = part.last().map(|(key, _)| key.clone());
            part.into_iter().for_each(|(key, object)| take(self, key, object));
            if is_last {
                return;
            }
        }
    }

    async fn part<K: Kind>(&self, after: Option<&Key>) -> Vec<(Key, Value)> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.context.registry.objects::<K>(&Scope::All, after, PART).await {
                Ok(part) => return part,
                Err(error) => warn!(error = in_words(&error), "the registry cannot be listed; trying again"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
