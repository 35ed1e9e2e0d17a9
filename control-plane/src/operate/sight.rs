//! What the API knows of the operator: itself where both are one process, from the Lease where it is another one.

use entente_api::time::Time;
use entente_operator::leader::{self, Lead};
use entente_operator::metrics::Metrics;
use kube::Client;

/// Where to look for the operator.
#[derive(Clone)]
pub enum Sight {
    /// In this process, since then.
    Here { metrics: Metrics, since: Time },
    /// Wherever the Lease of this name says.
    Lease {
        client: Client,
        namespace: String,
        name: String,
    },
}

impl Sight {
    /// Who leads, and when it was last heard of. `None`: nobody leads.
    pub async fn look(&self, now: Time) -> Result<Option<Lead>, leader::LeaseError> {
        match self {
            Sight::Here { metrics, since } => Ok(Some(Lead {
                holder: "entente".to_owned(),
                since: Some(*since),
                renew_time: Some(now),
                last_pass_time: metrics.last_pass(),
            })),
            Sight::Lease {
                client,
                namespace,
                name,
            } => leader::look(client.clone(), namespace, name).await,
        }
    }
}
