//! What peers dial: the service of a template, which the platform runs, or one that somebody else runs; and the package
//! that tells peers where it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_api::access::Access;
use entente_api::contract::{ContractDefinition, ExternalService};
use entente_api::names;
use entente_fabric::crypto::sha256;
use entente_fabric::package::{self, Connection};

use crate::chain::apply;
use crate::chain::plan::Plan;
use crate::context::Context;
use crate::network::{Network, Node};
use crate::substrate::{NodeId, NodePlan, Program, Role, Setting, Workload};
use crate::trouble::{Result, Trouble};

/// Where a service finds its certificate and key: under the names of Fabric's Go samples, then of the Node shim.
const TLS_VARIABLES: [(&str, &str); 4] = [
    ("CHAINCODE_TLS_CERT", "tls/cert.pem"),
    ("CHAINCODE_TLS_KEY", "tls/key.pem"),
    ("CHAINCODE_TLS_CERT_FILE", "tls/cert.pem"),
    ("CHAINCODE_TLS_KEY_FILE", "tls/key.pem"),
];

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
    let program = program(context, plan, spec)?;
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
    let node = Node {
        id,
        addresses,
        outside: None,
    };
    let service = packed(
        &label,
        &connection,
        Some(node.addresses.external.clone()),
        Some(node.clone()),
    )?;
    context
        .substrate
        .apply(&node_plan(context, network, plan, &node, program, &service.package_id, spec).await?)
        .await?;
    Ok(service)
}

/// What serves it: a template, or somebody's own image.
fn program(context: &Context, plan: &Plan, spec: &ContractDefinition) -> Result<Program> {
    match &spec.image {
        Some(_) if !context.substrate.runs_images() => {
            let reason = "images need Kubernetes; here, run the service yourself and give its address as external";
            Err(Trouble::rejected("spec.image", reason))
        }
        Some(image) => Ok(Program::Image(image.clone())),
        None => Ok(Program::Template {
            name: spec.template.clone().unwrap_or_default(),
            image: plan
                .software
                .images
                .as_ref()
                .and_then(|images| images.contracts.clone()),
        }),
    }
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
    let text = format!("{:?}{:?}{}{:?}", spec.template, spec.image, spec.version, spec.settings);
    hex::encode(&sha256(text.as_bytes())[..4])
}

async fn node_plan(
    context: &Context,
    network: &Network,
    plan: &Plan,
    node: &Node,
    program: Program,
    package_id: &str,
    spec: &ContractDefinition,
) -> Result<NodePlan> {
    let pki = &network.ordering.pki;
    let hosts = &node.addresses.hosts;
    let credentials = pki
        .node(&node.id.chain, &node.id.name, "client", hosts, context.now())
        .await?;
    let text = |(name, value): (&str, &str)| (name.to_owned(), Setting::Text(value.to_owned()));
    let file = |(name, path): (&str, &str)| (name.to_owned(), Setting::File(path.to_owned()));
    let chosen = spec.settings.iter();
    let mut environment: BTreeMap<String, Setting> = chosen.map(|(name, value)| text((name, value))).collect();
    environment.extend(
        [
            ("CHAINCODE_ID", package_id),
            ("CORE_CHAINCODE_ID_NAME", package_id),
            ("CHAINCODE_TLS_DISABLED", "false"),
        ]
        .map(text),
    );
    environment.extend(TLS_VARIABLES.map(file));
    let (keys, files) = apply::keys_apart(apply::tls_files(&credentials.tls, pki.tls_ca_certificate()));
    Ok(NodePlan {
        id: node.id.clone(),
        organization: network.ordering.name.clone(),
        workload: Workload::Contract {
            program,
            listen: node.addresses.listen.services,
            environment,
        },
        files,
        keys,
        storage: 0,
        siblings: 1,
        access: Access::default(),
        neighbours: plan.places(),
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
