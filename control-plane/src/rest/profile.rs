//! `/v1/chains/{chain}/connection-profile`: what an application of one organization needs to know to reach its chain.

use axum::extract::State;
use entente_api::member::NodeStatus;
use entente_api::{Chain, Organization};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
use super::nodes::find_chain;
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller};

/// For which organization.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ProfileQuery {
    /// The organization whose application connects; the first member when absent.
    pub organization: Option<String>,
}

/// A connection profile in the common form that Fabric's tools read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionProfile {
    /// Chain and organization.
    pub name: String,
    /// Version of the format.
    pub version: String,
    /// Whose applications use it.
    pub client: Client,
    /// By name.
    #[schema(value_type = Object)]
    pub organizations: IndexMap<String, ProfileOrganization>,
    /// By name.
    #[schema(value_type = Object)]
    pub peers: IndexMap<String, ProfileNode>,
    /// By name.
    #[schema(value_type = Object)]
    pub orderers: IndexMap<String, ProfileNode>,
    /// By name.
    #[schema(value_type = Object)]
    pub channels: IndexMap<String, ProfileChannel>,
}

/// Who connects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Name of the organization.
    pub organization: String,
}

/// One organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileOrganization {
    pub mspid: String,
    pub peers: Vec<String>,
}

/// One peer or orderer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileNode {
    /// `grpcs://host:port`.
    pub url: String,
    /// Whom to trust for its TLS certificate.
    #[serde(rename = "tlsCACerts")]
    pub tls_ca_certs: Pem,
}

/// Certificates in PEM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pem {
    pub pem: String,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileChannel {
    pub orderers: Vec<String>,
    /// By name; what each peer is for.
    #[schema(value_type = Object)]
    pub peers: IndexMap<String, serde_json::Value>,
}

/// Read the connection profile of an organization.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/connection-profile", tag = "chains",
    params(("chain" = String, Path, description = "Name of the chain"), ProfileQuery),
    responses((status = OK, body = ConnectionProfile), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn connection_profile_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<ProfileQuery>,
) -> Result<axum::Json<ConnectionProfile>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let chain = find_chain(&app, &scope, &name).await?.chain;
    let mut organizations = IndexMap::new();
    for member in &chain.spec.members {
        if let Some(known) = app.resources.get::<Organization>(&scope, &member.organization).await? {
            organizations.insert(member.organization.clone(), known);
        }
    }
    // On a chain of others, the first of the tenant's own.
    let first = organizations.first().map(|(name, _)| name.clone());
    let organization = query.organization.or(first).unwrap_or_default();
    if !chain
        .spec
        .members
        .iter()
        .any(|member| member.organization == organization)
    {
        return Err(Problem::parameter(
            "organization",
            format!("\"{organization}\" is not a member of the chain \"{name}\""),
        ));
    }
    let ordering = entente_api::names::ordering_organization(&name);
    if let Some(known) = app.resources.get::<Organization>(&scope, &ordering).await? {
        organizations.insert(ordering, known);
    }
    profile(&chain, &organization, &organizations).map(axum::Json)
}

/// The profile, from what the operator has reported.
fn profile(
    chain: &Chain,
    client: &str,
    organizations: &IndexMap<String, Organization>,
) -> Result<ConnectionProfile, Problem> {
    let name = chain.metadata.name.clone().unwrap_or_default();
    let status = chain.status.clone().unwrap_or_default();
    if status.nodes.is_empty() || status.channels.is_empty() {
        return Err(Problem::new(
            Code::NotReady,
            format!("The chain \"{name}\" has no nodes yet."),
        ));
    }
    let tls_root = |organization: &str| {
        let known = organizations.get(organization).and_then(|o| o.status.as_ref());
        known
            .and_then(|status| status.tls_ca_certificate.clone())
            .unwrap_or_default()
    };
    let nodes = |role: &str| -> Vec<&NodeStatus> { status.nodes.iter().filter(|node| node.role == role).collect() };
    let entries = |nodes: &[&NodeStatus]| {
        nodes
            .iter()
            .map(|node| {
                let pem = Pem {
                    pem: tls_root(&node.organization),
                };
                (
                    node.name.clone(),
                    ProfileNode {
                        // Whoever reads this is more often elsewhere than beside the nodes.
                        url: format!("grpcs://{}", node.outside_endpoint.as_ref().unwrap_or(&node.endpoint)),
                        tls_ca_certs: pem,
                    },
                )
            })
            .collect::<IndexMap<_, _>>()
    };
    let (peers, orderers) = (nodes("peer"), nodes("orderer"));
    let peers_of = |organization: &str| -> Vec<String> {
        peers
            .iter()
            .filter(|node| node.organization == organization)
            .map(|node| node.name.clone())
            .collect()
    };
    let of_organizations = chain.spec.members.iter().map(|member| {
        let known = organizations.get(&member.organization).and_then(|o| o.status.as_ref());
        let mspid = known.and_then(|status| status.msp_id.clone());
        let mspid = mspid.unwrap_or_else(|| entente_api::names::msp_id(&member.organization));
        (
            member.organization.clone(),
            ProfileOrganization {
                mspid,
                peers: peers_of(&member.organization),
            },
        )
    });
    let channels = status.channels.iter().map(|channel| {
        let on_channel = peers.iter().filter(|node| channel.members.contains(&node.organization));
        let roles = serde_json::json!({"endorsingPeer": true, "chaincodeQuery": true, "ledgerQuery": true, "eventSource": true});
        let peers = on_channel.map(|node| (node.name.clone(), roles.clone())).collect();
        // Those of a chain of others are not told.
        let told = |name: &&String| orderers.iter().any(|node| node.name == **name);
        let orderers = channel.orderers.iter().filter(told).cloned().collect();
        (channel.name.clone(), ProfileChannel { orderers, peers })
    });
    Ok(ConnectionProfile {
        name,
        version: "1.0.0".to_owned(),
        client: Client {
            organization: client.to_owned(),
        },
        organizations: of_organizations.collect(),
        peers: entries(&peers),
        orderers: entries(&orderers),
        channels: channels.collect(),
    })
}
