//! How clients outside of a cluster reach a chain's nodes.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How clients outside of the cluster reach a chain's nodes.
///
/// Whatever is chosen, the nodes' certificates name the addresses that clients use, and the connection profiles of
/// members tell them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.gateway) == (self.type == 'Gateway')").message("give gateway with type Gateway, and only then").field_path(".gateway"),
    validation = Rule::new("has(self.host) == (self.type == 'NodePort')").message("give host with type NodePort, and only then").field_path(".host"),
    validation = Rule::new("self.type == 'Gateway' ? has(self.domain) : (!has(self.domain) || self.type == 'LoadBalancer')").message("type Gateway needs a domain, LoadBalancer may have one, the others have none").field_path(".domain"),
    validation = Rule::new("!has(self.annotations) || self.type != 'None'").message("type None makes nothing that could be annotated").field_path(".annotations")
)]
pub struct Access {
    /// The way in: `None`, `LoadBalancer`, `NodePort` or `Gateway`.
    #[serde(default, rename = "type")]
    pub kind: AccessType,
    /// Domain below which every node has a name, `<node>.<chain>.<domain>`, which DNS must resolve: to the Gateway, or
    /// to the node's own load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 190))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message("use a DNS name in lower case, such as chains.example.com"))]
    pub domain: Option<String>,
    /// Name or address under which clients reach the machines of the cluster; with `NodePort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host: Option<String>,
    /// The Gateway that passes TLS through; with `Gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayReference>,
    /// Annotations of the Services or routes that are made for this, such as those that a cloud's load balancers are
    /// configured with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A way into the cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
pub enum AccessType {
    /// Nodes are reached from inside of the cluster only.
    #[default]
    None,
    /// A load balancer of the cloud for each node.
    LoadBalancer,
    /// A port of every machine of the cluster for each node.
    NodePort,
    /// One address for all nodes, told apart by the server name in TLS (SNI): a TLSRoute of the Gateway API for each.
    Gateway,
}

/// Names a Gateway of the Gateway API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayReference {
    /// Name of the Gateway.
    pub name: String,
    /// Its namespace; the chain's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of its listener with `tls.mode: Passthrough`; any that fits when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// Port that clients dial.
    #[serde(default = "https")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
}

fn https() -> u16 {
    443
}
