//! What every node process does: a small runtime, signals, and metrics about itself.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Many nodes share a machine: more threads than this cost memory and buy little.
const MOST_WORKERS: usize = 4;
const MOST_BLOCKING: usize = 64;

/// The runtime of a node.
pub fn runtime() -> anyhow::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.min(MOST_WORKERS))
        .max_blocking_threads(MOST_BLOCKING)
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}

/// A token that SIGTERM or SIGINT cancels. The second signal ends the process at once.
pub fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        for patience in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if !patience {
                std::process::exit(130);
            }
            info!("stopping");
            token.cancel();
        }
    });
    Ok(stop)
}

/// `process_*`, under the names that every Prometheus client library uses.
#[derive(Debug)]
pub struct ProcessMetrics {
    started: f64,
}

impl ProcessMetrics {
    pub fn now() -> ProcessMetrics {
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        ProcessMetrics { started }
    }
}

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let values = [
            (
                "process_resident_memory_bytes",
                "Resident memory size in bytes",
                resident_bytes(),
            ),
            (
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds",
                cpu_seconds(),
            ),
            ("process_open_fds", "Number of open file descriptors", open_files()),
            (
                "process_start_time_seconds",
                "Start time of the process since the Unix epoch",
                Some(self.started),
            ),
        ];
        for (name, help, value) in values {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// `None` where there is no `/proc`.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Linux counts it in hundredths of a second, whatever the kernel's own clock (`proc_pid_stat(5)`, USER_HZ).
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name stands in parentheses and may hold anything; the state follows, then ten fields that are not asked for.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100.0)
}

fn open_files() -> Option<f64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}
