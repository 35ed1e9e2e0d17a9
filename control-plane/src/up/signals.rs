//! Ctrl-C: the first asks to stop, the second insists.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::CliError;

/// Listens for SIGINT and SIGTERM.
pub struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
    count: u32,
}

/// Listens from now on; without this either signal would end the process.
pub fn listen() -> Result<Interruptions, CliError> {
    let open = |kind| signal(kind).map_err(|error| CliError::failed(format!("signals cannot be received: {error}")));
    Ok(Interruptions {
        interrupt: open(SignalKind::interrupt())?,
        terminate: open(SignalKind::terminate())?,
        count: 0,
    })
}

impl Interruptions {
    /// Ends once the process has been asked to stop.
    pub async fn first(&mut self) {
        while self.count < 1 {
            self.next().await;
        }
    }

    /// Ends once it has been asked twice.
    pub async fn second(&mut self) {
        while self.count < 2 {
            self.next().await;
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.count += 1;
    }
}
