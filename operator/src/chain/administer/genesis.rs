//! A channel's first block: made once, kept with the ordering organization, and the same for every node that joins.

use std::time::Duration;

use entente_fabric::config::genesis::{self, Organization, Profile};
use entente_fabric::proto::common::Block;
use entente_fabric::proto::etcdraft::{ConfigMetadata, Consenter, Options};
use prost::Message as _;

use crate::chain::plan::{ChannelPlan, Plan};
use crate::context::Context;
use crate::network::{Network, Node, Party};
use crate::trouble::{Result, Trouble};
use crate::vault::{Bundle, BundleId};

const FILE: &str = "genesis.pb";

/// The first block, or `None` when it has not been made.
pub async fn find(context: &Context, plan: &Plan, channel: &str) -> Result<Option<Block>> {
    let Some(bundle) = context.vault.read(&id(plan, channel)).await? else {
        return Ok(None);
    };
    let bytes = bundle.get(FILE).map(Vec::as_slice).unwrap_or_default();
    let block = Block::decode(bytes)
        .map_err(|error| Trouble::failed(format!("the first block of channel {channel} cannot be read: {error}")))?;
    Ok(Some(block))
}

/// The first block; made from the plan when there is none.
pub async fn ensure(context: &Context, plan: &Plan, network: &Network, channel: &ChannelPlan) -> Result<Block> {
    if let Some(block) = find(context, plan, &channel.name).await? {
        return Ok(block);
    }
    let profile = profile(context, network, channel).await?;
    let block = genesis::block(&channel.name, genesis::channel_group(&profile));
    let bundle = Bundle::from([(FILE.to_owned(), block.encode_to_vec())]);
    if context.vault.create(&id(plan, &channel.name), bundle).await? {
        return Ok(block);
    }
    let other = find(context, plan, &channel.name).await?;
    other.ok_or_else(|| Trouble::failed(format!("the first block of channel {} cannot be kept", channel.name)))
}

fn id(plan: &Plan, channel: &str) -> BundleId {
    BundleId::new(
        &plan.namespace,
        &plan.ordering.organization,
        &format!("channels/{channel}"),
    )
}

async fn profile(context: &Context, network: &Network, channel: &ChannelPlan) -> Result<Profile> {
    let members = network.members_of(channel).into_iter().map(application_organization);
    Ok(Profile {
        channel_capability: "V3_0".to_owned(),
        orderer_capability: "V2_0".to_owned(),
        application_capability: "V2_5".to_owned(),
        orderer_organizations: vec![Organization {
            name: network.ordering.msp_id().to_owned(),
            msp: network.ordering.pki.msp(),
            orderer_endpoints: endpoints(&network.ordering),
            anchor_peers: Vec::new(),
            reads_only: false,
        }],
        application_organizations: members.collect::<Result<_>>()?,
        raft: ConfigMetadata {
            consenters: consenters(context, &network.ordering).await?,
            options: Some(options()),
        },
        batch_timeout: channel.batch.timeout,
        max_message_count: channel.batch.max_message_count,
        absolute_max_bytes: channel.batch.absolute_max_bytes,
        preferred_max_bytes: channel.batch.preferred_max_bytes,
    })
}

/// A member as a channel's configuration has it, all its peers as anchors.
pub fn application_organization(member: &Party) -> Result<Organization> {
    Ok(Organization {
        name: member.msp_id().to_owned(),
        msp: member.pki.msp(),
        orderer_endpoints: Vec::new(),
        anchor_peers: anchor_peers(member)?,
        reads_only: member.regulator,
    })
}

/// All peers: gateways of other members, and of this one, go on to the next peer when one is away. Native gateways know no
/// others, and stock ones find the others through any of them.
pub fn anchor_peers(member: &Party) -> Result<Vec<(String, u16)>> {
    member.nodes.iter().map(Party::host_and_port).collect()
}

pub fn endpoints(ordering: &Party) -> Vec<String> {
    ordering
        .nodes
        .iter()
        .map(|node| node.addresses.external.clone())
        .collect()
}

async fn consenters(context: &Context, ordering: &Party) -> Result<Vec<Consenter>> {
    futures::future::try_join_all(ordering.nodes.iter().map(|node| consenter(context, ordering, node))).await
}

pub async fn consenter(context: &Context, ordering: &Party, node: &Node) -> Result<Consenter> {
    let (host, port) = Party::host_and_port(node)?;
    let hosts = &node.addresses.hosts;
    let credentials = ordering
        .pki
        .node(&node.id.chain, &node.id.name, "orderer", hosts, context.now())
        .await?;
    let certificate = credentials.tls.certificate_pem.into_bytes();
    Ok(Consenter {
        host,
        port: port.into(),
        client_tls_cert: certificate.clone(),
        server_tls_cert: certificate,
    })
}

/// Fabric's defaults with a faster clock: a new leader after 2 to 4 seconds instead of 5 to 10.
fn options() -> Options {
    let tick = Duration::from_millis(200);
    Options {
        tick_interval: format!("{}ms", tick.as_millis()),
        ..genesis::default_raft_options()
    }
}
