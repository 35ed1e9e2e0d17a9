//! Leaving channels, and stopping.

use std::io;
use std::sync::Arc;

use tracing::{error, info};

use super::{Absence, Absent, Entry, Registrar, Relation, Unavailable};

impl Registrar {
    /// Leaves a channel and deletes its files, the Raft log included: joined again, it must not remember an old term.
    /// When this returns, the channel will not come back after a restart; the bulk of the files goes later.
    pub async fn remove(self: &Arc<Self>, channel: &str) -> Result<(), Unavailable> {
        let _alone = self.changing.lock().await;
        let known = self.absent.read().get(channel).cloned();
        if known.as_ref().is_some_and(|absent| absent.why == Absence::Removal) {
            return Err(Unavailable::PendingRemoval);
        }
        let entry = self.channels.read().get(channel).cloned();
        let relation = match (&entry, known) {
            (Some(entry), _) => entry.info().relation,
            (None, Some(absent)) => absent.relation,
            (None, None) => return Err(Unavailable::Unknown),
        };
        self.mark(channel, relation, Absence::Removal);
        if let Some(entry) = entry {
            entry.stop.cancel();
            entry.ended.cancelled().await;
            self.channels.write().remove(channel);
        }
        let (paths, name) = (self.paths.clone(), channel.to_owned());
        let aside = tokio::task::spawn_blocking(move || paths.set_aside(&name)).await;
        if let Err(error) = aside.map_err(io::Error::other).and_then(|aside| aside) {
            self.failed(channel, relation, &error);
            return Err(Unavailable::RemovalFailed);
        }
        let (registrar, channel) = (self.clone(), channel.to_owned());
        tokio::task::spawn_blocking(move || match registrar.paths.delete(&channel) {
            Ok(()) => {
                registrar.absent.write().remove(&channel);
                info!(channel, "removed");
            }
            Err(error) => registrar.failed(&channel, relation, &error),
        });
        Ok(())
    }

    fn failed(&self, channel: &str, relation: Relation, error: &io::Error) {
        error!(channel, %error, "the files of a removed channel cannot be deleted");
        let why = Absence::RemovalFailed(format!("its files cannot be deleted: {error}"));
        self.mark(channel, relation, why);
    }

    fn mark(&self, channel: &str, relation: Relation, why: Absence) {
        let absent = Absent { relation, why };
        self.report(&absent.info(channel));
        self.absent.write().insert(channel.to_owned(), absent);
    }

    /// Stops every channel, handing over leadership. The files stay.
    pub async fn stop(&self) {
        let entries: Vec<Arc<Entry>> = self.channels.read().values().cloned().collect();
        entries.iter().for_each(|entry| entry.stop.cancel());
        for entry in entries {
            entry.ended.cancelled().await;
        }
    }
}
