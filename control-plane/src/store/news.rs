//! News for every replica: what one has written, the others hear of at once (PostgreSQL's LISTEN and NOTIFY). On SQLite there
//! is one replica, which knows by itself.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{Db, DbError};

/// The one channel.
const CHANNEL: &str = "entente_operations";
/// Pause before a connection that was lost is made again.
const PAUSE: Duration = Duration::from_secs(1);
/// News that nobody has taken yet. What comes on top of it is lost: whoever waits looks again by itself.
const BACKLOG: usize = 1024;

/// Ids of operations that some replica has written.
#[derive(Debug)]
pub struct News {
    ids: mpsc::Receiver<String>,
    _listening: Option<AbortOnDropHandle<()>>,
}

impl News {
    /// The next id; on SQLite, and when there will be no more, it never comes.
    pub async fn next(&mut self) -> String {
        match self.ids.recv().await {
            Some(id) => id,
            None => std::future::pending().await,
        }
    }
}

impl Db {
    /// Tells every replica, this one included, that an operation was written.
    pub(super) async fn tell(&self, id: &str) -> Result<(), DbError> {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.postgres.is_none() || !is_plain {
            return Ok(());
        }
        // NOTIFY takes no parameters. The id is ours, and has nothing in it that would end the text.
        let statement = sqlx::AssertSqlSafe(format!("NOTIFY {CHANNEL}, '{id}'"));
        sqlx::query(statement).execute(&self.pool).await?;
        Ok(())
    }

    /// What is told from now on.
    pub fn news(&self) -> News {
        let (sender, ids) = mpsc::channel(BACKLOG);
        let listening = self
            .postgres
            .clone()
            .map(|url| tokio::spawn(listen(url.to_string(), sender)));
        News {
            ids,
            _listening: listening.map(AbortOnDropHandle::new),
        }
    }
}

/// Listens, and goes on when the connection was lost.
async fn listen(url: String, sender: mpsc::Sender<String>) {
    loop {
        if let Err(error) = hear(&url, &sender).await {
            tracing::warn!(%error, "news of other replicas cannot be heard; trying again");
        }
        if sender.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(url: &str, sender: &mpsc::Sender<String>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let told = listener.recv().await?;
        match sender.try_send(told.payload().to_owned()) {
            Err(mpsc::error::TrySendError::Closed(_)) => return Ok(()),
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => {}
        }
    }
}
