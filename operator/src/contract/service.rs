//! What peers dial: the service of a template, which the platform runs, or one that somebody else runs; and the package
//! that tells peers where it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_api::contract::{ContractDefinition, ExternalService};
use entente_api::names;
use entente_fabric::crypto::sha256;
use entente_fabric::package::{self, Connection};

use crate::chain::apply;
use crate::chain::plan::Plan;
use crate::context::Context;
use crate::network::{Network, Node};
use crate::substrate::{NodeId, NodePlan, Role, Workload};
use crate::trouble::Result;

/// A contract's package, and where its service is.
pub struct Service {
    pub package: Vec<u8>,
    pub package_id: String,
    /// `host:port`; unknown for a package that was made elsewhere.
    pub address: Option<String>,
    /// The node that the platform runs.
    pub node: Option<Node>,
}

/// The service as the spec asks for it; one of the platform's own is started, and not waited for.
pub async fn ensure(
    context: &Context,
    network: &Network,
    plan: &Plan,
    channel: &str,
    name: &str,
    spec: &ContractDefinition,
) -> Result<Service> {
    let label = format!("{name}_{}", spec.version);
    if let Some(package) = &spec.package {
        let package = BASE64_STANDARD.decode(package.trim())?;
        let label = package::open(&package)?.label;
        return Ok(Service {
            package_id: package::id(&label, &package),
            package,
            address: None,
            node: None,
        });
    }
    if let Some(external) = &spec.external {
        return packed(&label, &outside(external), Some(external.address.clone()), None);
    }
    let template = spec.template.as_deref().unwrap_or_default();
    let id = NodeId {
        namespace: plan.namespace.clone(),
        chain: plan.chain.clone(),
        name: format!("{}-{}", names::contract_service(channel, name), revision(spec)),
    };
    let addresses = context.substrate.addresses(&id, Role::Contract).await?;
    let connection = Connection {
        address: addresses.external.clone(),
        dial_timeout: "10s".to_owned(),
        tls_required: true,
        root_cert: network.ordering.pki.tls_ca_certificate().to_owned(),
        ..Connection::default()
    };
    let node = Node { id, addresses };
    let service = packed(
        &label,
        &connection,
        Some(node.addresses.external.clone()),
        Some(node.clone()),
    )?;
    context
        .substrate
        .apply(&node_plan(context, network, &node, template, &service.package_id, spec).await?)
        .await?;
    Ok(service)
}

fn outside(external: &ExternalService) -> Connection {
    Connection {
        address: external.address.clone(),
        dial_timeout: "10s".to_owned(),
        tls_required: external.root_certificate.is_some(),
        root_cert: external.root_certificate.clone().unwrap_or_default(),
        ..Connection::default()
    }
}

fn packed(label: &str, connection: &Connection, address: Option<String>, node: Option<Node>) -> Result<Service> {
    let package = package::build(label, connection)?;
    Ok(Service {
        package_id: package::id(label, &package),
        package,
        address,
        node,
    })
}

/// Tells one revision's process from the next one's: during an upgrade both run, and peers call each by its package.
fn revision(spec: &ContractDefinition) -> String {
    let text = format!("{:?}{}{:?}", spec.template, spec.version, spec.settings);
    hex::encode(&sha256(text.as_bytes())[..4])
}

async fn node_plan(
    context: &Context,
    network: &Network,
    node: &Node,
    template: &str,
    package_id: &str,
    spec: &ContractDefinition,
) -> Result<NodePlan> {
    let pki = &network.ordering.pki;
    let hosts = &node.addresses.hosts;
    let credentials = pki
        .node(&node.id.chain, &node.id.name, "client", hosts, context.now())
        .await?;
    let variables = [
        ("CHAINCODE_ID", package_id),
        ("CORE_CHAINCODE_ID_NAME", package_id),
        ("CHAINCODE_TLS_DISABLED", "false"),
        ("CHAINCODE_TLS_CERT", "tls/cert.pem"),
        ("CHAINCODE_TLS_KEY", "tls/key.pem"),
    ];
    let mut environment: BTreeMap<String, String> = spec.settings.clone();
    environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(NodePlan {
        id: node.id.clone(),
        workload: Workload::Contract {
            template: template.to_owned(),
            listen: node.addresses.listen,
            environment,
        },
        files: apply::tls_files(&credentials.tls, pki.tls_ca_certificate()),
    })
}

/// Ends the services of earlier revisions.
pub async fn retire(
    context: &Context,
    network: &Network,
    plan: &Plan,
    channel: &str,
    name: &str,
    current: &Service,
) -> Result<()> {
    let current = current.node.as_ref().map(|node| &node.id);
    for id in existing(context, &plan.namespace, &plan.chain, channel, name).await? {
        if Some(&id) != current {
            apply::delete(context, &network.ordering, &id, Role::Contract).await?;
        }
    }
    Ok(())
}

/// The processes of a contract, of whatever revision.
pub async fn existing(
    context: &Context,
    namespace: &str,
    chain: &str,
    channel: &str,
    name: &str,
) -> Result<Vec<NodeId>> {
    let prefix = format!("{}-", names::contract_service(channel, name));
    let is_revision = |id: &NodeId| {
        let rest = id.name.strip_prefix(&prefix);
        rest.is_some_and(|rest| rest.len() == 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let mut nodes = context.substrate.list(namespace, chain).await?;
    nodes.retain(is_revision);
    Ok(nodes)
}

/// Waits until a service of the platform's own answers.
pub async fn running(context: &Context, service: &Service) -> Result<()> {
    match &service.node {
        Some(node) => apply::running(context, std::slice::from_ref(node)).await,
        None => Ok(()),
    }
}
