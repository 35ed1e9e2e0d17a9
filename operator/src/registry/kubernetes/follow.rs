//! Follows one kind in the cluster: listed once, then watched; listed again when the watch has fallen too far behind.

use std::pin::pin;

use futures::{Stream, StreamExt as _};
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};
use tracing::{debug, warn};

use super::held::Held;
use super::{Shared, answer};
use crate::registry::{Key, Scope};
use crate::trouble::in_words;

/// Runs until it is dropped.
pub async fn kind(held: Held, scope: Scope, shared: std::sync::Arc<Shared>) {
    let api = held.within(&shared.client, &scope);
    // Pauses after errors grow to half a minute; a connection that breaks is taken up where it was.
    let stream = watch(api, watcher::Config::default()).default_backoff();
    listen(&held, stream, &shared).await;
}

async fn listen(held: &Held, stream: impl Stream<Item = watcher::Result<Event<DynamicObject>>>, shared: &Shared) {
    let mut stream = pin!(stream);
    let mut failing = false;
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                take(held, event, shared);
                failing = false;
            }
            Err(error) => {
                let reason = reason(held, error);
                // A watch ends now and then; one that cannot be taken up again is news once.
                match std::mem::replace(&mut failing, true) {
                    true => warn!(kind = held.kind(), reason, "resources cannot be watched; trying again"),
                    false => debug!(kind = held.kind(), reason, "a watch has ended; taking it up again"),
                }
                shared.trouble(reason);
            }
        }
    }
}

fn take(held: &Held, event: Event<DynamicObject>, shared: &Shared) {
    let kept = |object: DynamicObject| match held.kept(object.clone()) {
        Ok(kept) => Some((held.key(&object), kept)),
        Err(error) => {
            warn!(key = %held.key(&object), %error, "a resource cannot be read and is passed over");
            None
        }
    };
    match event {
        Event::Init => shared.note(|cache| {
            cache.begin_relist(held.kind());
            None
        }),
        Event::InitApply(object) => {
            if let Some((key, object)) = kept(object) {
                shared.note(|cache| cache.listed(key, object));
            }
        }
        Event::InitDone => {
            shared.note(|cache| cache.end_relist(held.kind()));
            shared.listed(held.kind());
        }
        Event::Apply(object) => {
            if let Some((key, object)) = kept(object) {
                shared.note(|cache| cache.heard(key, object));
            }
        }
        Event::Delete(object) => {
            if let Some((key, object)) = kept(object) {
                shared.note(|cache| cache.heard_gone(key, object));
            }
        }
    }
}

/// Why a watch failed, in words.
fn reason(held: &Held, error: watcher::Error) -> String {
    let source = match error {
        watcher::Error::InitialListFailed(source)
        | watcher::Error::WatchStartFailed(source)
        | watcher::Error::WatchFailed(source) => source,
        watcher::Error::WatchError(status) => kube::Error::Api(status),
        other @ watcher::Error::NoResourceVersion => return in_words(&other),
    };
    let key = Key {
        kind: held.kind().to_owned(),
        namespace: String::new(),
        name: "*".to_owned(),
    };
    in_words(&answer::error(&key, source))
}
