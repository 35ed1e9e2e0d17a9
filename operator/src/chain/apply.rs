//! Makes the orderers run, and ends those that are no longer wanted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use entente_api::chain::ChainStatus;
use entente_api::condition::State;
use entente_api::member::NodeStatus;
use entente_api::node_config::{
    AdminEndpoint, NodeConfig, OperationsConfig, OrdererConfig, PeerConfig, PeerLimits, RoleConfig, TlsFiles,
};
use entente_api::time::Time;
use futures::future::{join_all, try_join_all};

use super::plan::Plan;
use crate::context::Context;
use crate::network::{Network, Node, Party};
use crate::pki::msp;
use crate::report::{Report, Status};
use crate::substrate::{Ledger, NodeId, NodePlan, NodeRole, NodeState, Role, Workload};
use crate::trouble::{Result, Trouble};
use crate::vault::Bundle;

/// How long a pass waits for nodes to come up; after that it says what is missing and is called again when it comes.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn orderers(context: &Context, plan: &Plan, network: &Network, report: &Report<ChainStatus>) -> Result<()> {
    let count = network.ordering.nodes.len();
    let message = if count == 1 {
        "starting 1 orderer".to_owned()
    } else {
        format!("starting {count} orderers")
    };
    let tell = |nodes| report.edit(|status| put_nodes(&mut status.nodes, nodes, |node| node.role == "orderer"));
    if let Some(nodes) = in_trouble(context, &network.ordering, "orderer", report).await {
        tell(nodes);
    }
    let outcome = report
        .step("orderers", &message, async {
            nodes(context, plan, &network.ordering, NodeRole::Orderer).await?;
            running(context, &network.ordering.nodes).await
        })
        .await;
    tell(describe(context, &network.ordering, "orderer").await);
    outcome
}

/// Deletes orderers that the plan does not have. Their channels have let go of them before.
pub async fn retire(context: &Context, plan: &Plan, network: &Network) -> Result<()> {
    let existing = context.substrate.list(&plan.namespace, &plan.chain).await?;
    let is_orderer = |id: &&NodeId| {
        id.name
            .strip_prefix("orderer")
            .is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let surplus = existing
        .iter()
        .filter(is_orderer)
        .filter(|id| !plan.ordering.orderers.contains(id));
    try_join_all(surplus.map(|id| delete(context, &network.ordering, id, Role::Orderer))).await?;
    Ok(())
}

/// Ends a node and forgets its keys and connections.
pub async fn delete(context: &Context, party: &Party, id: &NodeId, role: Role) -> Result<()> {
    let addresses = context.substrate.addresses(id, role).await?;
    context.connections.forget(&addresses.external);
    context.substrate.delete(id, Ledger::Destroy).await?;
    party.pki.forget_node(&id.chain, &id.name).await?;
    Ok(())
}

/// Applies the nodes of one organization: those that do not run side by side, those that do one after the other, so
/// that a change that restarts them all, such as renewed certificates, never takes away more than one at a time.
pub async fn nodes(context: &Context, plan: &Plan, party: &Party, role: NodeRole) -> Result<()> {
    let states = join_all(party.nodes.iter().map(|node| context.substrate.state(&node.id))).await;
    let (up, down): (Vec<_>, Vec<_>) = party
        .nodes
        .iter()
        .zip(states)
        .partition(|(_, state)| state.is_running());
    let apply = async |node: &Node| -> Result<()> {
        let plan = node_plan(context, plan, party, node, role).await?;
        Ok(context.substrate.apply(&plan).await?)
    };
    try_join_all(down.into_iter().map(|(node, _)| apply(node))).await?;
    for (node, _) in up {
        apply(node).await?;
        running(context, std::slice::from_ref(node)).await?;
    }
    Ok(())
}

async fn node_plan(context: &Context, plan: &Plan, party: &Party, node: &Node, role: NodeRole) -> Result<NodePlan> {
    let (id, addresses) = (&node.id, &node.addresses);
    let word = match role {
        NodeRole::Orderer => "orderer",
        NodeRole::Peer => "peer",
    };
    let credentials = party
        .pki
        .node(&id.chain, &id.name, word, &addresses.hosts, context.now())
        .await?;
    let mut content = msp::folder(
        "msp/",
        party.pki.ca_certificate(),
        party.pki.tls_ca_certificate(),
        &credentials.signing,
    );
    content.extend(tls_files(&credentials.tls, party.pki.tls_ca_certificate()));
    let config = node_config(party, node, role, context.substrate.data_dir());
    let config = serde_json::to_vec_pretty(&config)
        .map_err(|error| Trouble::failed(format!("the configuration of {id} cannot be written: {error}")))?;
    content.insert("node.json".to_owned(), config);
    let (keys, files) = keys_apart(content);
    let workload = Workload::Node {
        engine: plan.software.engine,
        role,
        listen: addresses.listen,
        images: plan.software.images.clone(),
    };
    Ok(NodePlan {
        id: id.clone(),
        organization: party.name.clone(),
        workload,
        files,
        keys,
        storage: plan.storage,
        siblings: party.nodes.len().try_into().unwrap_or(u32::MAX),
        access: plan.access.clone(),
        neighbours: plan.places(),
    })
}

/// `tls/cert.pem`, `tls/key.pem` and `tls/ca.pem`.
pub fn tls_files(tls: &crate::pki::Issued, root: &str) -> BTreeMap<String, Vec<u8>> {
    let file = |name: &str, content: &str| (format!("tls/{name}.pem"), content.as_bytes().to_vec());
    BTreeMap::from([
        file("cert", &tls.certificate_pem),
        file("key", &tls.key_pem),
        file("ca", root),
    ])
}

/// Private keys, and the rest. Every key of ours lies in a file of this name.
pub fn keys_apart(content: Bundle) -> (Bundle, Bundle) {
    content
        .into_iter()
        .partition(|(path, _)| path.rsplit('/').next() == Some("key.pem"))
}

fn node_config(party: &Party, node: &Node, role: NodeRole, data_dir: PathBuf) -> NodeConfig {
    let addresses = &node.addresses;
    let tls = TlsFiles {
        certificate: "tls/cert.pem".into(),
        key: "tls/key.pem".into(),
        root_certificates: vec!["tls/ca.pem".into()],
        client_root_certificates: Vec::new(),
    };
    let role = match role {
        NodeRole::Orderer => {
            // Only the organization's own administrators and nodes hold certificates of its TLS CA.
            let admin_tls = TlsFiles {
                client_root_certificates: vec!["tls/ca.pem".into()],
                ..tls.clone()
            };
            RoleConfig::Orderer(OrdererConfig::new(AdminEndpoint {
                listen: addresses.listen.admin,
                tls: admin_tls,
            }))
        }
        NodeRole::Peer => RoleConfig::Peer(PeerConfig {
            chaincode_listen: addresses.listen.chaincode,
            chaincode_builder_config: "{}".to_owned(),
            limits: PeerLimits::default(),
        }),
    };
    NodeConfig {
        name: node.id.name.clone(),
        msp_id: party.msp_id().to_owned(),
        msp_dir: "msp".into(),
        data_dir,
        listen: addresses.listen.services,
        external_endpoint: addresses.external.clone(),
        tls,
        operations: OperationsConfig {
            listen: addresses.listen.operations,
        },
        log_spec: "info".to_owned(),
        role,
    }
}

/// Waits until all nodes run.
pub async fn running(context: &Context, nodes: &[Node]) -> Result<()> {
    let mut changes = context.substrate.changes();
    let all = async {
        loop {
            let Some(missing) = missing(context, nodes).await else {
                return;
            };
            tracing::debug!(?missing, "waiting for nodes");
            // A receiver that lags has missed changes, not states: looking again is right in every case.
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = changes.recv().await {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.ok();
    match missing(context, nodes).await {
        None => Ok(()),
        Some((id, NodeState::Failing { reason, .. })) => {
            Err(Trouble::failed(format!("{} does not run: {reason}", id.name))
                .with_hint(format!("Read its log: entente logs {} {}", id.chain, id.name)))
        }
        Some((id, _)) => Err(Trouble::waiting(format!("{} is still starting", id.name))),
    }
}

/// The first node that does not run, those that fail before those that start.
async fn missing(context: &Context, nodes: &[Node]) -> Option<(NodeId, NodeState)> {
    let states = nodes
        .iter()
        .map(|node| async { (node.id.clone(), context.substrate.state(&node.id).await) });
    let mut missing: Vec<_> = join_all(states).await;
    missing.retain(|(_, state)| !state.is_running());
    missing.sort_by_key(|(_, state)| !matches!(state, NodeState::Failing { .. }));
    missing.into_iter().next()
}

/// What is said of an organization's nodes before they are waited for, when one of those that were there does not run.
pub async fn in_trouble<S: Status>(
    context: &Context,
    party: &Party,
    role: &str,
    report: &Report<S>,
) -> Option<Vec<NodeStatus>> {
    if report.snapshot().own_nodes().is_empty() {
        return None;
    }
    missing(context, &party.nodes).await?;
    Some(describe(context, party, role).await)
}

/// What is said of an organization's nodes.
pub async fn describe(context: &Context, party: &Party, role: &str) -> Vec<NodeStatus> {
    let described = party.nodes.iter().map(|node| async move {
        let state = context.substrate.state(&node.id).await;
        let (phase, reason, start_time, restarts) = match state {
            NodeState::Absent => (State::Pending, None, None, 0),
            NodeState::Starting => (State::Provisioning, None, None, 0),
            NodeState::Running { since, restarts } => (State::Ready, None, Some(time(since)), restarts),
            NodeState::Failing { reason, restarts } => (State::Failed, Some(reason), None, restarts),
        };
        let hosts = &node.addresses.hosts;
        let credentials = party
            .pki
            .node(&node.id.chain, &node.id.name, role, hosts, context.now())
            .await;
        NodeStatus {
            name: node.id.name.clone(),
            role: role.to_owned(),
            organization: party.name.clone(),
            endpoint: node.addresses.external.clone(),
            outside_endpoint: node.outside.clone(),
            operations_endpoint: Some(node.addresses.operations.clone()),
            state: phase,
            reason,
            start_time,
            restarts,
            certificate_expire_time: credentials.ok().map(|found| time(found.signing_facts.not_after)),
        }
    });
    join_all(described).await
}

fn time(moment: SystemTime) -> Time {
    Time::from(chrono::DateTime::<chrono::Utc>::from(moment))
}

/// Replaces those of `all` that `belongs` holds for, and keeps the order by role and name.
pub fn put_nodes(all: &mut Vec<NodeStatus>, new: Vec<NodeStatus>, belongs: impl Fn(&NodeStatus) -> bool) {
    all.retain(|node| !belongs(node));
    all.extend(new);
    all.sort_by(|a, b| (&a.role, &a.organization, &a.name).cmp(&(&b.role, &b.organization, &b.name)));
}
