//! Calls each resource's reconciler when something that concerns it has changed.
//!
//! One task a resource ([`actor`]), so that passes over one resource never overlap and those over different ones run
//! side by side. Which change concerns whom is told by [`concern`]; what one pass is, by [`pass`].

mod actor;
mod concern;
mod pass;

use std::collections::HashMap;
use std::time::Duration;

use entente_api::{Chain, Contract, Identity, Member, NodeRelease, Organization};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::context::Context;
use crate::registry::{Change, Event, Key, Kind, Scope};
use crate::trouble::Result;

use actor::Actor;
use concern::Concerns;

/// Every resource is looked at this often even when nothing seems to have changed: certificates age quietly.
const RESYNC: Duration = Duration::from_secs(600);
/// Actors that have nothing left to do are swept this often.
const SWEEP: Duration = Duration::from_secs(30);

/// Runs the reconcilers until `context.stop` is cancelled. Nodes go on running afterwards.
pub async fn run(context: Context) {
    let mut dispatcher = Dispatcher {
        actors: HashMap::new(),
        concerns: Concerns::default(),
        context: context.clone(),
    };
    tokio::select! {
        () = context.stop.cancelled() => {}
        () = dispatcher.run() => {}
    }
    // Every pass may be cut off at any point; the next operator starts it over.
    dispatcher.actors.clear();
    info!("the operator has stopped");
}

struct Dispatcher {
    context: Context,
    actors: HashMap<Key, Actor>,
    concerns: Concerns,
}

impl Dispatcher {
    async fn run(&mut self) {
        let mut watch = self.context.registry.watch(&Scope::All);
        let mut nodes = self.context.substrate.changes();
        let mut sweep = interval(SWEEP);
        let mut resync = interval(RESYNC);
        for timer in [&mut sweep, &mut resync] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                event = watch.next() => match event {
                    Ok(Some(event)) => self.event(&event),
                    Ok(None) => return,
                    Err(missed) => {
                        warn!(%missed, "the registry was faster than the operator; looking at everything");
                        self.everything().await;
                    }
                },
                node = nodes.recv() => match node {
                    Ok(id) => self.concerns.of_node(&id).into_iter().for_each(|key| self.wake(&key)),
                    Err(RecvError::Lagged(_)) => self.everything().await,
                    Err(RecvError::Closed) => return,
                },
                _ = resync.tick() => self.everything().await,
                _ = sweep.tick() => self.actors.retain(|_, actor| !actor.is_done()),
            }
        }
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
                self.actors
                    .insert(key.clone(), Actor::start(self.context.clone(), key.clone()));
            }
        }
    }

    /// Looks at every resource there is.
    async fn everything(&mut self) {
        match self.all().await {
            Ok(keys) => keys.iter().for_each(|key| self.wake(key)),
            Err(trouble) => warn!(cause = trouble.cause, "the registry cannot be listed"),
        }
    }

    async fn all(&mut self) -> Result<Vec<Key>> {
        let mut keys = self.each::<Organization>().await?;
        keys.extend(self.each::<Chain>().await?);
        keys.extend(self.each::<Member>().await?);
        keys.extend(self.each::<Contract>().await?);
        keys.extend(self.each::<Identity>().await?);
        keys.extend(self.each::<NodeRelease>().await?);
        Ok(keys)
    }

    async fn each<K: Kind>(&mut self) -> Result<Vec<Key>> {
        // Unread: one that cannot be read must not stand in the way of the others.
        let found = self.context.registry.objects::<K>(&Scope::All).await?;
        let keys = found.into_iter().map(|(key, object)| {
            self.concerns.know(&key, &object);
            key
        });
        Ok(keys.collect())
    }
}
