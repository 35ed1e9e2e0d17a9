//! `entente-node orderer`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use entente_api::node_config::{NodeConfig, RoleConfig};
use entente_fabric::identity::local;
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions};
use entente_orderer::Orderer;
use prometheus_client::registry::Registry;
use tracing::info;

use crate::operations::{FailedCheck, Operations};
use crate::process::ProcessMetrics;
use crate::serving::Listeners;
use crate::{folder, logging, operations, process, serving, version};

/// Runs an orderer until it is told to stop.
pub fn run(config: NodeConfig) -> anyhow::Result<()> {
    process::runtime()?.block_on(serve_orderer(config))
}

async fn serve_orderer(config: NodeConfig) -> anyhow::Result<()> {
    let RoleConfig::Orderer(role) = &config.role else {
        bail!(
            "the configuration of {} is not that of an orderer: set \"role\": \"orderer\"",
            config.name
        );
    };
    let logs = logging::start(&config.log_spec)?;
    let _held = folder::hold(&config.data_dir)?;
    let stop = process::stop_on_signals()?;
    // Consenters are recognized by the key of their certificate, clients need none: both come through one listener.
    let tls = serving::tls(&config.tls, Alpn::H2, ClientAuth::Request)?;
    let admin_tls = serving::tls(&role.admin.tls, Alpn::H2AndHttp1, ClientAuth::None)?;
    let listener = serving::bind("listen", config.listen).await?;
    let admin_listener = serving::bind("admin.listen", role.admin.listen).await?;
    let operations_listener = serving::bind("operations.listen", config.operations.listen).await?;

    let (_, signer) = local::load(&config.msp_dir, &config.msp_id)?;
    let mut metrics = Registry::default();
    metrics.register_collector(Box::new(ProcessMetrics::now()));
    let orderer = Orderer::start(&config, Arc::new(signer), &mut metrics)
        .await
        .context("the orderer cannot start")?;
    let orderer = Arc::new(orderer);
    let shown = |found: Vec<entente_orderer::FailedCheck>| {
        let shown = |check: entente_orderer::FailedCheck| FailedCheck {
            component: check.component,
            reason: check.reason,
        };
        found.into_iter().map(shown).collect()
    };
    let (healthy, ready) = (orderer.clone(), orderer.clone());
    let operations = operations::router(Operations {
        metrics,
        logs,
        checks: Box::new(move || shown(healthy.failed_checks())),
        unready: Box::new(move || shown(ready.unready())),
    });

    // Every message is answered once the channels have stopped, and a client's stream never ends by itself.
    let mut listeners = Listeners::new(ServeOptions {
        drain: Duration::from_millis(500),
        ..ServeOptions::default()
    });
    listeners.serve(listener, Some(tls), orderer.grpc().into_axum_router());
    listeners.serve(admin_listener, Some(admin_tls), orderer.participation());
    listeners.serve(operations_listener, None, operations);
    info!(
        name = config.name,
        version = version::VERSION,
        listen = %config.listen,
        admin = %role.admin.listen,
        operations = %config.operations.listen,
        "the orderer is up"
    );
    stop.cancelled().await;
    orderer.shutdown().await;
    listeners.end().await?;
    info!("the orderer has stopped");
    Ok(())
}
