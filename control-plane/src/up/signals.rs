//! Ctrl-C: the first asks to stop, the second insists.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::CliError;

/// Listens for SIGINT and SIGTERM.
pub struct Interruptions {
    interrupt: Signal,
    terminate: Signal,
    count: u32,
    last: Option<Instant>,
}

/// Some programs that start others deliver one Ctrl-C twice; a person who insists is slower than this.
const SAME: Duration = Duration::from_millis(400);

/// Listens from now on; without this either signal would end the process.
pub fn listen() -> Result<Interruptions, CliError> {
    let open = |kind| signal(kind).map_err(|error| CliError::failed(format!("signals cannot be received: {error}")));
    Ok(Interruptions {
        interrupt: open(SignalKind::interrupt())?,
        terminate: open(SignalKind::terminate())?,
        count: 0,
        last: None,
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
        let now = Instant::now();
        let is_echo = self.last.replace(now).is_some_and(|last| now - last < SAME);
        self.count += u32::from(!is_echo);
    }
}
