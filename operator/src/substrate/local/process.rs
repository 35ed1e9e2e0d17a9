//! Processes as the kernel shows them: finding a node's, ending it, its memory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

/// Environment variables that tell whose process it is. Children of a node inherit neither by accident: nodes start none.
pub const FOLDER: &str = "ENTENTE_NODE_FOLDER";
pub const FINGERPRINT: &str = "ENTENTE_NODE_FINGERPRINT";

/// How long a node may take to end before it is killed. A leading orderer hands over first.
pub const GRACE: Duration = Duration::from_secs(15);
/// For a node whose data goes with it: there is nothing to put in order.
pub const NO_GRACE: Duration = Duration::ZERO;

/// A running node's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub pid: u32,
    pub folder: PathBuf,
    pub fingerprint: String,
}

/// The process that runs the node in `folder`.
pub fn find(folder: &Path) -> Option<Found> {
    all().find(|found| found.folder == folder)
}

/// Processes of nodes in folders below `root`.
pub fn below(root: &Path) -> Vec<Found> {
    all().filter(|found| found.folder.starts_with(root)).collect()
}

fn all() -> impl Iterator<Item = Found> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| one(entry.file_name().to_str()?.parse().ok()?))
}

fn one(pid: u32) -> Option<Found> {
    // Other users' processes cannot be read, and are not ours.
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = |name: &str| {
        let prefix = format!("{name}=");
        environment
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(prefix.as_bytes()))
    };
    let folder = PathBuf::from(OsStr::from_bytes(value(FOLDER)?));
    let fingerprint = String::from_utf8(value(FINGERPRINT)?.to_vec()).ok()?;
    runs(pid).then_some(Found {
        pid,
        folder,
        fingerprint,
    })
}

/// Whether the process exists and is more than a zombie.
pub fn runs(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The name stands in parentheses and may hold anything; the state follows the last one.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Asks the process to end, and kills it when it has not within `grace`. Returns when it is gone.
pub async fn end(pid: Option<u32>, grace: Duration) {
    let Some(pid) = pid else { return };
    let deadline = Instant::now() + grace;
    if !grace.is_zero() {
        signal(pid, Signal::SIGTERM);
    }
    while runs(pid) {
        if Instant::now() >= deadline {
            if !grace.is_zero() {
                tracing::warn!(pid, "a node did not end in time and is killed");
            }
            signal(pid, Signal::SIGKILL);
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn signal(pid: u32, signal: Signal) {
    let Ok(raw) = i32::try_from(pid) else { return };
    match kill(Pid::from_raw(raw), signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => tracing::warn!(pid, %signal, %error, "a node's process could not be signalled"),
    }
}

/// Proportional set size in bytes.
pub fn memory(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
