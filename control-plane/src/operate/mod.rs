//! `entente operator`: converges a cluster's resources, and waits its turn when another one does.
//!
//! connection → registry, vault, substrate → health endpoint → lead while the Lease says so → SIGTERM → hand over.

mod args;
mod health;
pub mod sight;

use std::net::SocketAddr;
use std::sync::Arc;

use entente_operator::leader::Election;
use entente_operator::metrics::Metrics;
use entente_operator::registry::kubernetes::Kubernetes;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::kubernetes as pods;
use entente_operator::trouble::in_words;
use entente_operator::{Context, cluster, vault};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use args::{ClusterArgs, OperatorArgs, unique};
use health::Health;

use crate::api;
use crate::cli::{CliError, Console, Exit};
use crate::seal::vault::Sealed;
use crate::up::signals;

/// Runs the operator until it is told to stop.
pub async fn run(args: &OperatorArgs, console: &mut Console) -> Exit {
    match operate(args).await {
        Ok(()) => Exit::Success,
        Err(error) => {
            console.note(&error.to_string());
            error.exit()
        }
    }
}

async fn operate(args: &OperatorArgs) -> Result<(), CliError> {
    let mut interrupted = signals::listen()?;
    let metrics = Metrics::default();
    let client = connect(&metrics).await?;
    let address: SocketAddr = args.listen;
    let listener = api::bind(address, "Choose another address with --listen.").await?;
    let scope = match &args.namespace {
        Some(namespace) => Scope::namespace(namespace),
        None => Scope::All,
    };
    let me = args.identity();
    let store = Arc::new(Kubernetes::start(client.clone(), &scope, &me));
    let stop = CancellationToken::new();
    let health = Health::new(&metrics);
    let served = tokio::spawn(health::serve(listener, health.clone(), stop.clone()));

    let keys = vault::Kubernetes::new(client.clone());
    let seal = args.seal.for_operator(&keys, &args.platform_namespace(&client)).await?;
    let context = Context {
        metrics: metrics.clone(),
        requires_real_names: args.require_real_names,
        ..Context::new(
            Registry::new(store.clone()),
            Arc::new(pods::Kubernetes::new(client.clone(), args.settings())),
            Arc::new(Sealed::new(Arc::new(keys), seal)),
        )
    };
    let namespace = args.lease_namespace(&client);
    let election = Election::new(client, &namespace, &args.lease_name, &me, metrics);
    info!(me, namespace, lease = args.lease_name, "the operator has started");
    let work = async {
        tokio::select! {
            () = store.ready() => health.ready(),
            () = stop.cancelled() => return,
        }
        let lead = |term: CancellationToken| {
            entente_operator::run(Context {
                stop: term,
                ..context.clone()
            })
        };
        election.run(stop.clone(), lead).await;
    };
    let told = async {
        interrupted.first().await;
        stop.cancel();
    };
    tokio::join!(work, told);
    // It has told until the last moment that all is well; nothing hangs on its end.
    served.abort();
    Ok(())
}

/// A connection to the cluster that `kubectl` would use, or that this runs in.
pub async fn connect(metrics: &Metrics) -> Result<kube::Client, CliError> {
    cluster::connect(metrics).await.map_err(|error| CliError::Failed {
        message: in_words(&error),
        hint: Some("`kubectl get namespaces` shows whether the cluster can be reached from here.".to_owned()),
    })
}
