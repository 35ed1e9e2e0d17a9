//! `entente-node peer`.

use std::sync::Arc;

use anyhow::Context as _;
use entente_api::node_config::NodeConfig;
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions};
use entente_peer::peer::Peer;
use prometheus_client::registry::Registry;
use tracing::info;

use crate::operations::{FailedCheck, Operations};
use crate::process::ProcessMetrics;
use crate::serving::Listeners;
use crate::{folder, logging, operations, process, serving, version};

/// Runs a peer until it is told to stop.
pub fn run(config: NodeConfig) -> anyhow::Result<()> {
    process::runtime()?.block_on(serve_peer(config))
}

async fn serve_peer(config: NodeConfig) -> anyhow::Result<()> {
    let logs = logging::start(&config.log_spec)?;
    let _held = folder::hold(&config.data_dir)?;
    let stop = process::stop_on_signals()?;
    let tls = serving::tls(&config.tls, Alpn::H2, ClientAuth::None)?;
    let listener = serving::bind("listen", config.listen).await?;
    let operations_listener = serving::bind("operations.listen", config.operations.listen).await?;

    let mut metrics = Registry::default();
    metrics.register_collector(Box::new(ProcessMetrics::now()));
    let peer = Arc::new(
        Peer::start(&config, &mut metrics)
            .await
            .context("the peer cannot start")?,
    );
    let asked = peer.clone();
    let checks = move || -> Vec<FailedCheck> {
        let failed = asked.failed_checks().into_iter();
        let shown = failed.map(|check| FailedCheck {
            component: check.component,
            reason: check.reason,
        });
        shown.collect()
    };
    let operations = operations::router(Operations {
        metrics,
        logs,
        checks: Box::new(checks.clone()),
        // A peer serves a channel from the moment it has joined; one that is behind answers for the blocks it has.
        unready: Box::new(checks),
    });

    let mut listeners = Listeners::new(ServeOptions::default());
    listeners.serve(listener, Some(tls), peer.grpc().into_axum_router());
    listeners.serve(operations_listener, None, operations);
    info!(
        name = config.name,
        version = version::VERSION,
        listen = %config.listen,
        operations = %config.operations.listen,
        channels = peer.channels().list().len(),
        "the peer is up"
    );
    stop.cancelled().await;
    // Event streams never end by themselves: they are told to, then the listeners wait for the rest.
    peer.shutdown().await;
    listeners.end().await?;
    info!("the peer has stopped");
    Ok(())
}
