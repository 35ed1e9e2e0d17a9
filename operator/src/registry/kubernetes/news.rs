//! Events of the cluster (events.k8s.io/v1): what has happened to a resource, as `kubectl describe` shows it.
//!
//! The same news about the same object is one Event that is counted, at most once a minute; an object that has much to
//! tell is cut short. Nobody waits for any of this, and a cluster that takes no Events works as well.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use crate::registry::{Key, News, Weight};

/// What waits to be told; what comes on top of it is lost.
const BACKLOG: usize = 512;
/// An Event that happens again is counted at most this often.
const COUNT: Duration = Duration::from_secs(60);
/// Events are kept by the cluster for an hour; one that has not happened for half of it begins anew.
const FORGET: Duration = Duration::from_secs(1800);
/// New Events of one object at once, and how long it takes until it may have one more.
const BURST: u32 = 30;
const REFILL: Duration = Duration::from_secs(60);
/// The API server's limits.
const MAX_NOTE: usize = 1024;

/// Tells the cluster.
pub struct Herald {
    queue: mpsc::Sender<Item>,
    _task: AbortOnDropHandle<()>,
}

enum Item {
    Told(Told),
    /// Answered when its turn comes.
    Mark(oneshot::Sender<()>),
}

struct Told {
    about: Key,
    uid: String,
    news: News,
}

impl Herald {
    /// `instance` names this process among others of its kind.
    pub fn start(client: Client, instance: &str) -> Herald {
        let (queue, inbox) = mpsc::channel(BACKLOG);
        let task = tokio::spawn(run(client, instance.to_owned(), inbox));
        Herald {
            queue,
            _task: AbortOnDropHandle::new(task),
        }
    }

    pub fn tell(&self, about: &Key, uid: &str, news: News) {
        let told = Told {
            about: about.clone(),
            uid: uid.to_owned(),
            news,
        };
        if self.queue.try_send(Item::Told(told)).is_err() {
            debug!(%about, "there is too much to tell; an Event is lost");
        }
    }

    /// Waits until everything before is written, or could not be.
    pub async fn told(&self) {
        let (mark, passed) = oneshot::channel();
        if self.queue.send(Item::Mark(mark)).await.is_ok() {
            // Without an answer nobody is left to write anything.
            passed.await.ok();
        }
    }
}

async fn run(client: Client, instance: String, mut inbox: mpsc::Receiver<Item>) {
    let mut memory = Memory::default();
    while let Some(item) = inbox.recv().await {
        let told = match item {
            Item::Told(told) => told,
            Item::Mark(mark) => {
                mark.send(()).ok();
                continue;
            }
        };
        let act = memory.act(&told, Instant::now());
        if let Err(error) = tell(&client, &instance, &told, act).await {
            debug!(about = %told.about, %error, "an Event cannot be written");
        }
    }
}

async fn tell(client: &Client, instance: &str, told: &Told, act: Act) -> kube::Result<()> {
    // Events of what has no namespace are kept in the default one.
    let namespace = Some(told.about.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let events: Api<Event> = Api::namespaced(client.clone(), namespace.unwrap_or("default"));
    match act {
        Act::Nothing => Ok(()),
        Act::Create(name) => {
            let event = event(instance, told, &name);
            events.create(&PostParams::default(), &event).await.map(drop)
        }
        Act::Count(name, count) => {
            let series = json!({"series": {"count": count, "lastObservedTime": MicroTime(Timestamp::now())}});
            let patch = Patch::Merge(series);
            events.patch(&name, &PatchParams::default(), &patch).await.map(drop)
        }
    }
}

fn event(instance: &str, told: &Told, name: &str) -> Event {
    let news = &told.news;
    let regarding = ObjectReference {
        api_version: Some(format!("{}/{}", entente_api::GROUP, entente_api::VERSION)),
        kind: Some(told.about.kind.clone()),
        name: Some(told.about.name.clone()),
        namespace: Some(told.about.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        uid: Some(told.uid.clone()),
        ..ObjectReference::default()
    };
    Event {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        action: Some(news.action.clone()),
        reason: Some(news.reason.clone()),
        note: Some(shortened(&news.message)),
        type_: Some(
            match news.weight {
                Weight::Normal => "Normal",
                Weight::Warning => "Warning",
            }
            .to_owned(),
        ),
        event_time: Some(MicroTime(Timestamp::now())),
        regarding: Some(regarding),
        reporting_controller: Some(entente_api::names::MANAGER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_NOTE);
    text[..end].to_owned()
}

/// What must be done to tell something.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    /// A new Event of this name.
    Create(String),
    /// The Event of this name has happened so often by now.
    Count(String, u32),
}

/// What was told.
#[derive(Default)]
struct Memory {
    events: HashMap<(String, News), Entry>,
    budgets: HashMap<String, Budget>,
}

struct Entry {
    name: String,
    count: u32,
    seen: Instant,
    counted: Instant,
}

struct Budget {
    left: u32,
    since: Instant,
}

impl Memory {
    fn act(&mut self, told: &Told, now: Instant) -> Act {
        self.events.retain(|_, entry| now - entry.seen < FORGET);
        self.budgets.retain(|_, budget| now - budget.since < REFILL * BURST);
        let id = (told.uid.clone(), told.news.clone());
        if let Some(entry) = self.events.get_mut(&id) {
            entry.count = entry.count.saturating_add(1);
            entry.seen = now;
            if now - entry.counted < COUNT {
                return Act::Nothing;
            }
            entry.counted = now;
            return Act::Count(entry.name.clone(), entry.count);
        }
        if !self.may_tell(&told.uid, now) {
            return Act::Nothing;
        }
        let name = format!("{}.{}", told.about.name, uuid::Uuid::now_v7().simple());
        let entry = Entry {
            name: name.clone(),
            count: 1,
            seen: now,
            counted: now,
        };
        self.events.insert(id, entry);
        Act::Create(name)
    }

    fn may_tell(&mut self, uid: &str, now: Instant) -> bool {
        let new = || Budget {
            left: BURST,
            since: now,
        };
        let budget = self.budgets.entry(uid.to_owned()).or_insert_with(new);
        let refilled = (now - budget.since).as_secs() / REFILL.as_secs();
        if refilled > 0 {
            let refilled = u32::try_from(refilled).unwrap_or(BURST);
            budget.left = budget.left.saturating_add(refilled).min(BURST);
            budget.since = now;
        }
        let may = budget.left > 0;
        budget.left = budget.left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> Told {
        Told {
            about: Key {
                kind: "Chain".to_owned(),
                namespace: "hebei".to_owned(),
                name: "ledger".to_owned(),
            },
            uid: "u1".to_owned(),
            news: News {
                weight: Weight::Warning,
                reason: "Failed".to_owned(),
                action: "orderers".to_owned(),
                message: message.to_owned(),
            },
        }
    }

    #[test]
    fn the_same_news_is_one_event_that_is_counted_now_and_then() {
        let (mut memory, start) = (Memory::default(), Instant::now());

        let first = memory.act(&told("no disk"), start);
        let again = memory.act(&told("no disk"), start + Duration::from_secs(30));
        let later = memory.act(&told("no disk"), start + Duration::from_secs(90));
        let other = memory.act(&told("no memory"), start + Duration::from_secs(91));

        let Act::Create(name) = first else {
            panic!("{first:?} is no new Event")
        };
        assert!(name.starts_with("ledger."));
        assert_eq!(again, Act::Nothing);
        assert_eq!(later, Act::Count(name, 3));
        assert!(matches!(other, Act::Create(_)));
    }

    #[test]
    fn an_object_that_never_ends_telling_is_cut_short() {
        let (mut memory, start) = (Memory::default(), Instant::now());

        let acts = (0..100).map(|number| memory.act(&told(&format!("{number}")), start));
        let told_at_once = acts.filter(|act| matches!(act, Act::Create(_))).count();
        let later = memory.act(&told("one more"), start + REFILL);

        assert_eq!(told_at_once, 30);
        assert!(matches!(later, Act::Create(_)));
    }

    #[test]
    fn a_long_message_ends_at_a_whole_letter() {
        assert_eq!(shortened(&"账".repeat(500)).chars().count(), 341);
    }
}
