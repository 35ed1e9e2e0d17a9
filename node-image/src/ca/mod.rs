//! `entente-node ca`.

mod certificate;
mod secrets;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use entente_api::ca_config::{CaConfig, IssuerFiles};
use entente_ca::folder::{self, Origin};
use entente_ca::keys::SoftwareKeys;
use entente_ca::metrics::Metrics;
use entente_ca::rest::{self, Directory};
use entente_ca::{CertificateAuthority, Settings};
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::cli::{self, CaAct};
use crate::operations::{FailedCheck, Operations};
use crate::process::ProcessMetrics;
use crate::serving::Listeners;
use crate::{config, logging, operations, process, serving, version};

/// How often the database is asked whether it can be read.
const LOOK: Duration = Duration::from_secs(5);
const HOUR: i64 = 3600;

/// Runs an authority until it is told to stop, or rotates its master key.
pub fn run(asked: cli::Ca) -> anyhow::Result<()> {
    match (asked.act, asked.config) {
        (Some(CaAct::RotateMasterKey(rotate)), _) => {
            secrets::rotate(&config::load_ca(&rotate.config.config)?, &rotate)
        }
        (None, Some(node)) => process::runtime()?.block_on(serve_ca(config::load_ca(&node.config)?)),
        (None, None) => bail!("give --config"),
    }
}

async fn serve_ca(config: CaConfig) -> anyhow::Result<()> {
    let logs = logging::start(&config.log_spec)?;
    let _held = crate::folder::hold(&config.data_dir)?;
    // The database names everybody, and holds the digests of their secrets.
    std::fs::set_permissions(&config.data_dir, Permissions::from_mode(0o700)).with_context(|| {
        format!(
            "the data folder {} cannot be closed to others",
            config.data_dir.display()
        )
    })?;
    let stop = process::stop_on_signals()?;
    let listener = serving::bind("listen", config.listen).await?;
    let operations_listener = serving::bind("operations.listen", config.operations.listen).await?;

    let mut metrics = Registry::default();
    metrics.register_collector(Box::new(ProcessMetrics::now()));
    let counters = Arc::new(Metrics::default());
    counters.register(&mut metrics);
    let authority = Arc::new(open(&config, counters).await?);
    let identity = certificate::own(&config, &authority).context("the certificate of the API")?;
    let tls = ServerTls::new(&identity, &ClientAuth::None, Alpn::H2AndHttp1).context("the certificate of the API")?;

    let health = Health::watch(authority.clone(), stop.clone());
    let unready = health.clone();
    let operations = operations::router(Operations {
        metrics,
        logs,
        checks: Box::new(move || health.failed()),
        unready: Box::new(move || unready.failed()),
    });
    let directory: Arc<dyn Directory> = Arc::new(authority.clone());
    let mut listeners = Listeners::new(ServeOptions {
        drain: Duration::from_secs(5),
        ..ServeOptions::default()
    });
    listeners.serve(listener, Some(tls), rest::router(directory));
    listeners.serve(operations_listener, None, operations);
    info!(
        name = config.name,
        version = version::VERSION,
        listen = %config.listen,
        operations = %config.operations.listen,
        "the certificate authority is up"
    );
    stop.cancelled().await;
    listeners.end().await?;
    authority.store().close().await;
    info!("the certificate authority has stopped");
    Ok(())
}

async fn open(config: &CaConfig, counters: Arc<Metrics>) -> anyhow::Result<CertificateAuthority> {
    let master = secrets::master_key(config)?;
    if master.is_none() && (config.identity_ca.is_none() || config.tls_ca.is_none()) {
        warn!("private keys rest unsealed: no masterKey is configured");
    }
    let keys = SoftwareKeys::open(&config.data_dir.join("keys"), master.as_ref())?;
    let origin = |files: &Option<IssuerFiles>, prefix: &str| match files {
        Some(files) => Origin::Brought {
            chain: files.certificate_chain.clone(),
            key: files.key.clone(),
        },
        None => Origin::Own {
            common_name: format!("{prefix}.{}", config.name),
            organization: config.name.clone(),
        },
    };
    let (identity, tls) = (origin(&config.identity_ca, "ca"), origin(&config.tls_ca, "tlsca"));
    let authority = folder::open(&config.data_dir, settings(config), (&identity, &tls), &keys, counters)
        .await
        .context("the certificate authority cannot be opened")?;
    authority.ensure_affiliations(&config.registry.affiliations).await?;
    secrets::bootstrap(config, &authority).await?;
    Ok(authority)
}

fn settings(config: &CaConfig) -> Settings {
    let registry = &config.registry;
    Settings {
        name: config.name.clone(),
        max_enrollments: registry.max_enrollments,
        allow_remove_identities: registry.allow_remove_identities,
        allow_remove_affiliations: registry.allow_remove_affiliations,
        older_tokens: registry.older_tokens,
        reenroll_expired: registry.reenroll_expired,
        default_life: i64::from(config.profiles.default_hours) * HOUR,
        tls_life: i64::from(config.profiles.tls_hours) * HOUR,
        ca_life: i64::from(config.profiles.ca_hours) * HOUR,
        crl_life: i64::from(config.profiles.crl_hours) * HOUR,
    }
}

/// What the last look at the database found.
#[derive(Clone, Default)]
struct Health(Arc<parking_lot::Mutex<Vec<FailedCheck>>>);

impl Health {
    fn watch(authority: Arc<CertificateAuthority>, stop: CancellationToken) -> Health {
        let health = Health::default();
        let found = health.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            let mut looks = tokio::time::interval(LOOK);
            loop {
                looks.tick().await;
                let wrong = authority.store().check().await.err().map(|error| FailedCheck {
                    component: "database".to_owned(),
                    reason: error.to_string(),
                });
                *found.0.lock() = wrong.into_iter().collect();
            }
        }));
        health
    }

    fn failed(&self) -> Vec<FailedCheck> {
        self.0.lock().clone()
    }
}
