//! Whether a node that owes an answer is there at all.
//!
//! A transaction may rightly take long to be ordered, so a late answer says nothing about the orderer. A machine that has
//! halted keeps its connections open and answers nothing, and whatever is handed to it waits in vain. What tells the two
//! apart is a second connection: a node of either engine completes a TLS handshake within milliseconds, however long its
//! calls take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::connect::{ConnectError, ConnectOptions, connect};
use crate::tls::TlsClient;

/// After so long without a word it is knocked at the node's door.
const QUIET: Duration = Duration::from_secs(2);

/// How long the door may stay shut.
const KNOCK: Duration = Duration::from_secs(2);

/// What is known of one node.
pub struct Pulse {
    address: String,
    tls: TlsClient,
    /// When it gave its latest answer of any kind.
    heard: Mutex<Instant>,
    silent: AtomicBool,
    /// Held by the one who knocks; the others wait for what that shows.
    door: tokio::sync::Mutex<()>,
}

impl Pulse {
    /// Of the node at `address` (`host:port`), which is assumed to be there.
    pub fn new(address: String, tls: TlsClient) -> Arc<Pulse> {
        Arc::new(Pulse {
            address,
            tls,
            heard: Mutex::new(Instant::now()),
            silent: AtomicBool::new(false),
            door: tokio::sync::Mutex::default(),
        })
    }

    /// Whether it did not open when it was knocked at last.
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// What `call`, a call of this node, gives; an error when the node is found to be silent before. A call that fails says
    /// nothing: the failure may be our own.
    pub async fn while_there<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<Result<T, E>, ConnectError> {
        tokio::select! {
            answer = call => {
                answer.is_ok().then(|| self.hear());
                Ok(answer)
            }
            shut = self.silence() => Err(shut),
        }
    }

    /// Done when the node has been quiet for a while from now on and then does not open, with the reason.
    pub async fn silence(&self) -> ConnectError {
        let asked = Instant::now();
        loop {
            let patience = match self.is_silent() {
                true => asked,
                false => (*self.heard.lock()).max(asked) + QUIET,
            };
            if let Err(shut) = self.knock_at(patience).await {
                return shut;
            }
        }
    }

    /// It gave an answer of any kind.
    pub fn hear(&self) {
        *self.heard.lock() = Instant::now();
        if self.silent.swap(false, Ordering::Relaxed) {
            info!(address = self.address, "a silent node answers again");
        }
    }

    /// Finds out in the background whether a silent node is back.
    pub fn knock_again(self: &Arc<Self>) {
        let node = self.clone();
        tokio::spawn(async move {
            if let Ok(_door) = node.door.try_lock() {
                node.knock().await.ok();
            }
        });
    }

    async fn knock_at(&self, time: Instant) -> Result<(), ConnectError> {
        sleep_until(time).await;
        let _door = self.door.lock().await;
        if *self.heard.lock() + QUIET > Instant::now() {
            // Somebody else has heard of it meanwhile.
            return Ok(());
        }
        self.knock().await
    }

    async fn knock(&self) -> Result<(), ConnectError> {
        let options = ConnectOptions {
            timeout: KNOCK,
            ..ConnectOptions::default()
        };
        match connect(&self.address, Some(&self.tls), &options).await {
            Ok(_) => {
                self.hear();
                Ok(())
            }
            Err(error) => {
                if !self.silent.swap(true, Ordering::Relaxed) {
                    warn!(%error, "a node is silent");
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::Authority;
    use crate::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, serve};
    use futures::FutureExt as _;
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    /// A node that listens and, unless `halted`, opens; with its pulse.
    async fn node(halted: bool) -> (Arc<Pulse>, TcpListener) {
        let authority = Authority::new();
        let halted_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut port = halted_listener.local_addr().unwrap().port();
        if !halted {
            let tls = ServerTls::new(&authority.identity("localhost"), &ClientAuth::None, Alpn::H2).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            port = listener.local_addr().unwrap().port();
            let routes = tonic::service::Routes::default().prepare();
            let (options, stop) = (ServeOptions::default(), CancellationToken::new());
            tokio::spawn(serve(listener, Some(tls), routes, options, stop));
        }
        let tls = TlsClient::trusting_der([authority.der()]);
        (Pulse::new(format!("localhost:{port}"), tls), halted_listener)
    }

    #[tokio::test]
    async fn a_slow_answer_of_a_node_that_opens_is_waited_for() {
        let (pulse, _listener) = node(false).await;
        let slow = tokio::time::sleep(QUIET * 2).map(Ok::<(), ()>);

        let answer = pulse.while_there(slow).await;

        assert!(matches!(answer, Ok(Ok(()))));
        assert!(!pulse.is_silent());
    }

    #[tokio::test]
    async fn a_node_that_does_not_open_is_not_waited_for_and_is_remembered_until_it_answers() {
        let (pulse, listener) = node(true).await;

        let answer = pulse
            .while_there(std::future::pending::<Result<(), ()>>())
            .await
            .unwrap_err();

        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        let expected = format!("{address}: no answer within 2.0 s");
        assert_eq!(answer.to_string().replace(&pulse.address, &address), expected);
        assert!(pulse.is_silent());
        assert!(pulse.while_there(async { Ok::<(), ()>(()) }).await.is_ok());
        assert!(!pulse.is_silent());
    }
}
