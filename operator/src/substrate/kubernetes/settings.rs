//! What an installation decides about nodes on its cluster.

use entente_api::node_release::{Engine, Images};

use crate::substrate::{NodeRole, SubstrateError};

/// What an installation decides about nodes on its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the cluster's DNS calls itself.
    pub cluster_domain: String,
    /// Image of `entente-node`: the native engine, and what prepares stock nodes. For releases that name none.
    pub node_image: String,
    /// Image that serves the business templates with `entente-node contract`. For releases that name none.
    pub contracts_image: String,
    /// Class of the nodes' volumes; the cluster's default one when absent.
    pub storage_class: Option<String>,
    /// Secrets with the credentials of image registries, by name in the nodes' namespaces.
    pub pull_secrets: Vec<String>,
    /// Namespace of the operator and the API, whose pods may reach every node. `None` when they run outside.
    pub platform_namespace: Option<String>,
    /// Namespace whose pods may read the nodes' metrics.
    pub monitoring_namespace: Option<String>,
    /// The API, when it is another account than the operator's and has to be let into the tenants' namespaces.
    pub api: Option<ApiAccount>,
}

/// Who the API is on the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAccount {
    pub namespace: String,
    pub service_account: String,
    /// The ClusterRole with what it may do in a tenant's namespace.
    pub role: String,
}

impl Settings {
    /// With an image that holds both of our programs, on a cluster that is set up as most are.
    pub fn new(image: &str) -> Settings {
        Settings {
            cluster_domain: "cluster.local".to_owned(),
            node_image: image.to_owned(),
            contracts_image: image.to_owned(),
            storage_class: None,
            pull_secrets: Vec::new(),
            platform_namespace: None,
            monitoring_namespace: None,
            api: None,
        }
    }

    /// The image of a node, as its release has it.
    pub fn image(&self, engine: Engine, role: NodeRole, images: Option<&Images>) -> Result<String, SubstrateError> {
        let named = images.map(|images| match role {
            NodeRole::Orderer => &images.orderer,
            NodeRole::Peer => &images.peer,
        });
        match (named.filter(|named| !named.is_empty()), engine) {
            (Some(named), _) => Ok(named.clone()),
            (None, Engine::Native) => Ok(self.node_image.clone()),
            (None, Engine::Fabric) => Err(SubstrateError::Refused(
                "the chain's release is of stock Fabric and names no images: publish a NodeRelease with spec.images"
                    .to_owned(),
            )),
        }
    }

    /// The image that prepares a stock node.
    pub fn tools<'a>(&'a self, images: Option<&'a Images>) -> &'a str {
        let named = images.and_then(|images| images.node_tools.as_deref());
        named.unwrap_or(&self.node_image)
    }
}
