//! Connections to nodes, kept between passes, and patience with nodes that are still coming up.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::tls::TlsClient;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use crate::trouble::{Kind, Result, Trouble};

/// How often something that is about to happen is looked at.
pub const GLANCE: Duration = Duration::from_millis(15);

/// An attempt that is on its way when patience ends may take this much longer.
const GRACE: Duration = Duration::from_secs(5);

/// Connections by endpoint and the authority that the node's certificate must come from.
#[derive(Default)]
pub struct Connections {
    open: Mutex<HashMap<(String, String), Channel>>,
}

impl Connections {
    /// A connection to `endpoint`, whose certificate `root_pem` has issued. It reconnects by itself.
    pub async fn to(&self, endpoint: &str, root_pem: &str) -> Result<Channel> {
        let key = (endpoint.to_owned(), root_pem.to_owned());
        if let Some(channel) = self.open.lock().get(&key) {
            return Ok(channel.clone());
        }
        let tls = TlsClient::trusting_pem(root_pem.as_bytes())?;
        let channel = connect(endpoint, Some(&tls), &ConnectOptions::default()).await?;
        Ok(self.open.lock().entry(key).or_insert(channel).clone())
    }

    /// Forgets the connections to an endpoint that is no more.
    pub fn forget(&self, endpoint: &str) {
        self.open.lock().retain(|(known, _), _| known != endpoint);
    }
}

/// Tries `work` until it succeeds, is rejected, or `patience` is over; then its last trouble is the answer.
pub async fn patiently<T, F, W>(patience: Duration, mut work: W) -> Result<T>
where
    F: Future<Output = Result<T>>,
    W: FnMut() -> F,
{
    let deadline = Instant::now() + patience;
    let mut pause = GLANCE;
    loop {
        // A node that took the request and says nothing is as good as one that is not there.
        let attempt = tokio::time::timeout_at(deadline + GRACE, work()).await;
        match attempt.unwrap_or_else(|_| Err(Trouble::waiting(format!("no answer within {} s", patience.as_secs()))))
        {
            Err(trouble) if trouble.kind != Kind::Rejected && Instant::now() < deadline => {
                sleep(pause).await;
                // What takes long need not be asked often: a slow machine has better things to do.
                pause = (pause * 5 / 4).min(Duration::from_millis(250));
            }
            outcome => return outcome,
        }
    }
}

/// `Ok` when `is` holds, else a wait that says for what.
pub fn only_if(is: bool, awaited: impl FnOnce() -> String) -> Result<()> {
    if is { Ok(()) } else { Err(Trouble::waiting(awaited())) }
}
