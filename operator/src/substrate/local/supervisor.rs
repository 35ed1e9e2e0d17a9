//! One node's supervisor: a task that keeps its process running.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, interval, sleep};

use super::folder::Folder;
use super::launch::{Executables, Launch};
use super::{log, process};
use crate::substrate::{NodeId, NodePlan, NodeState, SubstrateError};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A node that ran this long has recovered: its next failure is a first one again.
const HEALTHY: Duration = Duration::from_secs(60);
/// A node that accepts no connection for this long is said to be failing, though it goes on.
const SLOW: Duration = Duration::from_secs(60);

/// A handle on the task. Clones share it.
#[derive(Clone)]
pub struct Supervisor {
    folder: Folder,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
}

struct Shared {
    id: NodeId,
    now: Mutex<Now>,
    changes: broadcast::Sender<NodeId>,
}

struct Now {
    state: NodeState,
    pid: Option<u32>,
    fingerprint: Option<String>,
}

enum Order {
    Run(Box<Launch>, PathBuf),
    Restart,
    /// Within this grace.
    End(oneshot::Sender<()>, Duration),
}

impl Supervisor {
    pub fn start(id: NodeId, folder: Folder, changes: broadcast::Sender<NodeId>) -> Supervisor {
        let now = Now {
            state: NodeState::Absent,
            pid: None,
            fingerprint: None,
        };
        let shared = Arc::new(Shared {
            id,
            now: Mutex::new(now),
            changes,
        });
        let (orders, inbox) = mpsc::channel(16);
        let task = Task {
            folder: folder.clone(),
            shared: shared.clone(),
            orders: inbox,
            restarts: 0,
        };
        tokio::spawn(task.run());
        Supervisor { folder, shared, orders }
    }

    /// Brings the node to the plan. Returns once the files are written and the supervisor knows.
    pub async fn apply(&self, plan: &NodePlan, executables: &Executables) -> Result<(), SubstrateError> {
        let launch = Launch::new(plan, executables, self.folder.path())?;
        if self.shared.now.lock().fingerprint.as_ref() == Some(&launch.fingerprint) {
            return Ok(());
        }
        self.folder.write(plan.files.iter().chain(&plan.keys))?;
        let fingerprint = Some(launch.fingerprint.clone());
        self.shared.set(NodeState::Starting, None);
        self.order(Order::Run(Box::new(launch), executables.node.clone())).await;
        // Last: a caller that is cut off before must give the order again.
        self.shared.now.lock().fingerprint = fingerprint;
        Ok(())
    }

    pub fn state(&self) -> NodeState {
        self.shared.now.lock().state.clone()
    }

    pub fn pid(&self) -> Option<u32> {
        self.shared.now.lock().pid
    }

    pub async fn restart(&self) {
        self.order(Order::Restart).await;
    }

    /// Ends the process and the supervisor; the process is killed when it has not ended within `grace`.
    pub async fn end(&self, grace: Duration) {
        let (done, ended) = oneshot::channel();
        self.order(Order::End(done, grace)).await;
        // An error means that the task has ended before: so has the process.
        let _ = ended.await;
    }

    async fn order(&self, order: Order) {
        // The task ends only by an `End`; what is ordered after that has no meaning.
        let _ = self.orders.send(order).await;
    }
}

impl Shared {
    fn set(&self, state: NodeState, pid: Option<u32>) {
        {
            let mut now = self.now.lock();
            if now.state == state && now.pid == pid {
                return;
            }
            now.state = state;
            now.pid = pid;
        }
        // Nobody listens when no reconciler has started yet.
        let _ = self.changes.send(self.id.clone());
    }
}

/// The process of the node: a child of ours, or one that a platform before us has started.
enum Running {
    Child(Child),
    Adopted(u32),
}

impl Running {
    fn pid(&self) -> Option<u32> {
        match self {
            Running::Child(child) => child.id(),
            Running::Adopted(pid) => Some(*pid),
        }
    }

    /// Waits until it has ended; says how.
    async fn ended(&mut self) -> String {
        match self {
            Running::Child(child) => match child.wait().await {
                Ok(status) => format!("it ended with {status}"),
                Err(error) => format!("it could not be waited for: {error}"),
            },
            Running::Adopted(pid) => {
                while process::runs(*pid) {
                    sleep(Duration::from_millis(100)).await;
                }
                "it ended".to_owned()
            }
        }
    }

    async fn end(&mut self, grace: Duration) {
        let ended = process::end(self.pid(), grace);
        match self {
            // Reaped while it ends: a zombie would count as running.
            Running::Child(child) => {
                let (_, _) = tokio::join!(ended, child.wait());
            }
            Running::Adopted(_) => ended.await,
        }
    }
}

struct Task {
    folder: Folder,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    restarts: u32,
}

/// Why a process is no longer watched.
enum Outcome {
    Died(String),
    Ordered(Order),
    Abandoned,
}

impl Task {
    async fn run(mut self) {
        let mut order = self.orders.recv().await;
        let mut current: Option<(Box<Launch>, PathBuf)> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            match order.take() {
                Some(Order::Run(launch, node)) => {
                    current = Some((launch, node));
                    pause = FIRST_PAUSE;
                }
                Some(Order::Restart) => pause = FIRST_PAUSE,
                Some(Order::End(done, grace)) => {
                    process::end(process::find(self.folder.path()).map(|found| found.pid), grace).await;
                    self.shared.set(NodeState::Absent, None);
                    // The caller may have given up waiting.
                    let _ = done.send(());
                    return;
                }
                None => {}
            }
            let Some((launch, node)) = &current else { return };
            let began = Instant::now();
            let outcome = match self.obtain(launch, node).await {
                Ok(mut running) => self.watch(launch, &mut running).await,
                Err(error) => Outcome::Died(describe(&error)),
            };
            match outcome {
                Outcome::Ordered(next) => order = Some(next),
                // The substrate was dropped: the node goes on without us.
                Outcome::Abandoned => return,
                Outcome::Died(reason) => {
                    if began.elapsed() > HEALTHY {
                        pause = FIRST_PAUSE;
                    }
                    self.restarts += 1;
                    tracing::warn!(node = %self.shared.id, %reason, "a node has ended and is started again");
                    self.shared.set(
                        NodeState::Failing {
                            reason,
                            restarts: self.restarts,
                        },
                        None,
                    );
                    tokio::select! {
                        () = sleep(pause) => {}
                        next = self.orders.recv() => match next {
                            Some(next) => order = Some(next),
                            None => return,
                        },
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// The node's process: the one that runs already when it is the right one, else a new one.
    async fn obtain(&self, launch: &Launch, node: &std::path::Path) -> Result<Running, SubstrateError> {
        if let Some(found) = process::find(self.folder.path()) {
            if found.fingerprint == launch.fingerprint {
                return Ok(Running::Adopted(found.pid));
            }
            process::end(Some(found.pid), process::GRACE).await;
        }
        Ok(Running::Child(launch.start(&self.folder, node).await?))
    }

    async fn watch(&mut self, launch: &Launch, running: &mut Running) -> Outcome {
        let pid = running.pid();
        self.shared.set(NodeState::Starting, pid);
        let began = Instant::now();
        let mut up = false;
        let mut rotation = interval(Duration::from_secs(10));
        loop {
            tokio::select! {
                how = running.ended() => {
                    let words = log::last_words(&self.folder.log());
                    return Outcome::Died(words.map_or(how.clone(), |words| format!("{how}: {words}")));
                }
                accepts = accepts(launch.listen), if !up => {
                    if accepts {
                        up = true;
                        let since = SystemTime::now();
                        self.shared.set(NodeState::Running { since, restarts: self.restarts }, pid);
                    } else if began.elapsed() > SLOW {
                        let reason = format!("it runs but accepts no connection at {}", launch.listen);
                        self.shared.set(NodeState::Failing { reason, restarts: self.restarts }, pid);
                    }
                }
                _ = rotation.tick() => {
                    if let Err(error) = log::rotate(&self.folder.log()) {
                        tracing::warn!(node = %self.shared.id, %error, "a node's log could not be rotated");
                    }
                }
                order = self.orders.recv() => match order {
                    Some(order) => {
                        let grace = match &order {
                            Order::End(_, grace) => *grace,
                            Order::Run(..) | Order::Restart => process::GRACE,
                        };
                        running.end(grace).await;
                        return Outcome::Ordered(order);
                    }
                    None => return Outcome::Abandoned,
                },
            }
        }
    }
}

/// Whether something accepts connections at `address`; a refusal is answered after a moment, to be asked again.
async fn accepts(address: std::net::SocketAddr) -> bool {
    match TcpStream::connect(address).await {
        Ok(_) => true,
        Err(_) => {
            sleep(Duration::from_millis(5)).await;
            false
        }
    }
}

/// An error with its causes, for people.
fn describe(error: &SubstrateError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
