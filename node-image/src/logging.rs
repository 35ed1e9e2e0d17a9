//! Log lines on standard error, and the means to change what is logged while the node runs.

use std::sync::Arc;

use anyhow::Context as _;
use parking_lot::Mutex;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::log_spec::{InvalidSpec, LogSpec};

/// Changes the log filter. Cheap to clone.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    spec: Arc<Mutex<LogSpec>>,
}

/// Why the filter was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetSpecError {
    #[error(transparent)]
    Invalid(#[from] InvalidSpec),
    #[error("the log filter cannot be changed: {0}")]
    Filter(String),
}

impl LogControl {
    /// The specification in force.
    pub fn spec(&self) -> String {
        self.spec.lock().to_string()
    }

    pub fn set(&self, text: &str) -> Result<(), SetSpecError> {
        let spec = LogSpec::parse(text)?;
        let mut current = self.spec.lock();
        self.filter
            .reload(filter(&spec))
            .map_err(|error| SetSpecError::Filter(error.to_string()))?;
        *current = spec;
        Ok(())
    }
}

/// Starts logging. `ENTENTE_LOG_FORMAT=json` writes one JSON object a line.
pub fn start(spec: &str) -> anyhow::Result<LogControl> {
    let (control, layer) = prepare(LogSpec::parse(spec).context("logSpec")?);
    let registry = tracing_subscriber::registry().with(layer);
    let json = std::env::var("ENTENTE_LOG_FORMAT").is_ok_and(|format| format == "json");
    let started = match json {
        true => registry
            .with(fmt::layer().json().with_writer(std::io::stderr))
            .try_init(),
        false => registry
            .with(fmt::layer().with_ansi(false).with_writer(std::io::stderr))
            .try_init(),
    };
    started.context("logging cannot be started")?;
    Ok(control)
}

fn prepare(spec: LogSpec) -> (LogControl, reload::Layer<EnvFilter, Registry>) {
    let (layer, filter) = reload::Layer::new(filter(&spec));
    (
        LogControl {
            filter,
            spec: Arc::new(Mutex::new(spec)),
        },
        layer,
    )
}

fn filter(spec: &LogSpec) -> EnvFilter {
    // The storage engine reports every compaction as news; rustls warns of each client that names a host by its IP address.
    let directives = format!("fjall=warn,lsm_tree=warn,rustls=error,{}", spec.directives());
    // Directives of a parsed specification are always valid.
    EnvFilter::builder().parse_lossy(directives)
}

/// A control that nothing listens to.
#[cfg(test)]
pub fn unattached(spec: &str) -> (LogControl, impl Sized) {
    prepare(LogSpec::parse(spec).unwrap())
}
