//! Options of what runs against a cluster. Each can be given by an environment variable too, for manifests.

use std::net::SocketAddr;

use clap::Args;
use entente_api::names;
use entente_operator::substrate::kubernetes::{ApiAccount, Settings};

use crate::seal::SealArgs;

/// What an installation is told about its cluster.
#[derive(Debug, Clone, Args)]
pub struct ClusterArgs {
    /// What the cluster's DNS calls itself
    #[arg(
        long,
        env = "ENTENTE_CLUSTER_DOMAIN",
        default_value = "cluster.local",
        value_name = "DOMAIN"
    )]
    pub cluster_domain: String,
}

/// Options of `entente operator`.
#[derive(Debug, Clone, Args)]
pub struct OperatorArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Follow the resources of this namespace only; of all when absent
    #[arg(long, env = "ENTENTE_NAMESPACE", value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Image of `entente-node`, by digest, for releases that name none
    #[arg(long, env = "ENTENTE_NODE_IMAGE", value_name = "IMAGE")]
    pub node_image: String,
    /// Image that serves the business templates; the node's own when absent
    #[arg(long, env = "ENTENTE_CONTRACTS_IMAGE", value_name = "IMAGE")]
    pub contracts_image: Option<String>,
    /// Class of the nodes' volumes; the cluster's default one when absent
    #[arg(long, env = "ENTENTE_STORAGE_CLASS", value_name = "CLASS")]
    pub storage_class: Option<String>,
    /// A Secret with credentials of an image registry, in the nodes' namespaces; may be given several times
    #[arg(
        long = "pull-secret",
        env = "ENTENTE_PULL_SECRETS",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub pull_secrets: Vec<String>,
    /// Namespace of the operator and the API, whose pods may reach every node
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAMESPACE")]
    pub platform_namespace: Option<String>,
    /// Namespace whose pods may read the nodes' metrics
    #[arg(long, env = "ENTENTE_MONITORING_NAMESPACE", value_name = "NAMESPACE")]
    pub monitoring_namespace: Option<String>,
    /// ServiceAccount of the API, in the platform's namespace; with --api-role, lets it into the namespaces that tenants get
    #[arg(
        long,
        env = "ENTENTE_API_SERVICE_ACCOUNT",
        requires_all = ["api_role", "platform_namespace"],
        value_name = "NAME"
    )]
    pub api_service_account: Option<String>,
    /// ClusterRole with what the API may do in a tenant's namespace
    #[arg(
        long,
        env = "ENTENTE_API_ROLE",
        requires = "api_service_account",
        value_name = "NAME"
    )]
    pub api_role: Option<String>,
    #[command(flatten)]
    pub seal: SealArgs,
    /// Let an organization take part in chains only once an operator of the platform has approved its record. The API is
    /// told the same
    #[arg(long, env = "ENTENTE_REQUIRE_REAL_NAMES", value_parser = clap::builder::BoolishValueParser::new())]
    pub require_real_names: bool,
    /// Namespace of the Lease; the operator's own when absent
    #[arg(long, env = "ENTENTE_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// Name of the Lease: operators that share it take turns
    #[arg(long, env = "ENTENTE_LEASE_NAME", default_value = names::MANAGER, value_name = "NAME")]
    pub lease_name: String,
    /// Name of this process among others of its kind; made up when absent
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub identity: Option<String>,
    /// Where to serve /healthz, /readyz and /metrics
    #[arg(
        long,
        env = "ENTENTE_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
}

/// A process's name among all of its kind that there have ever been.
pub fn unique(name: &str) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{name}_{}", &unique[..8])
}

impl OperatorArgs {
    /// Unique even when two processes are given the same name, as a pod's containers that follow each other are: who
    /// begins anew must not take the lease of the one before for its own.
    pub fn identity(&self) -> String {
        unique(self.identity.as_deref().unwrap_or(names::MANAGER))
    }

    pub fn lease_namespace(&self, client: &kube::Client) -> String {
        let chosen = self.lease_namespace.as_ref().or(self.platform_namespace.as_ref());
        chosen.cloned().unwrap_or_else(|| client.default_namespace().to_owned())
    }

    /// Where the platform keeps what is its own.
    pub fn platform_namespace(&self, client: &kube::Client) -> String {
        let chosen = self.platform_namespace.clone();
        chosen.unwrap_or_else(|| client.default_namespace().to_owned())
    }

    pub fn settings(&self) -> Settings {
        Settings {
            cluster_domain: self.cluster.cluster_domain.clone(),
            contracts_image: self.contracts_image.clone().unwrap_or_else(|| self.node_image.clone()),
            storage_class: self.storage_class.clone(),
            pull_secrets: self.pull_secrets.clone(),
            platform_namespace: self.platform_namespace.clone(),
            monitoring_namespace: self.monitoring_namespace.clone(),
            api: self.api_account(),
            ..Settings::new(&self.node_image)
        }
    }

    /// Options that come alone are refused when they are read.
    fn api_account(&self) -> Option<ApiAccount> {
        Some(ApiAccount {
            namespace: self.platform_namespace.clone()?,
            service_account: self.api_service_account.clone()?,
            role: self.api_role.clone()?,
        })
    }
}
