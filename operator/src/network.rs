//! A chain's plan with what only the world knows: addresses, authorities, administrators. What reconcilers act with.

use std::sync::Arc;

use entente_api::access::Access;
use entente_fabric::crypto::Signer;
use entente_fabric::identity::SigningIdentity;
use entente_fabric::tls::{TlsClient, TlsIdentity};
use futures::future::try_join_all;
use tonic::transport::Channel;

use crate::chain::plan::{ChannelPlan, Plan};
use crate::context::Context;
use crate::pki::{Credentials, OrganizationPki};
use crate::substrate::{Addresses, NodeId, Role};
use crate::trouble::{Result, Trouble};

/// A chain's organizations and nodes.
#[derive(Clone)]
pub struct Network {
    pub ordering: Party,
    /// In the order of the plan.
    pub members: Vec<Party>,
    /// Those on their way out, without nodes: their consent may be needed until they are gone.
    pub leaving: Vec<Party>,
}

/// An organization with its nodes, and who acts for it.
#[derive(Clone)]
pub struct Party {
    /// Name of the organization.
    pub name: String,
    pub pki: OrganizationPki,
    /// The administrator's certificates and keys.
    pub credentials: Credentials,
    /// Signs as the administrator.
    pub admin: Arc<SigningIdentity>,
    pub nodes: Vec<Node>,
    /// Whether it supervises: it reads its channels, and nothing of theirs needs or takes its endorsement.
    pub regulator: bool,
}

/// A node and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: NodeId,
    pub addresses: Addresses,
    /// `host:port` for clients elsewhere, once there is a way in.
    pub outside: Option<String>,
}

impl Network {
    pub async fn of(context: &Context, plan: &Plan) -> Result<Network> {
        let ordering = &plan.ordering;
        let members = plan.members.iter().map(async |member| {
            let party = Party::of(
                context,
                &member.namespace,
                &member.organization,
                &member.msp_id,
                &member.peers,
                Role::Peer,
                &plan.access,
            );
            Ok(Party {
                regulator: member.regulator,
                ..party.await?
            })
        });
        let ordering = Party::of(
            context,
            &plan.namespace,
            &ordering.organization,
            &ordering.msp_id,
            &ordering.orderers,
            Role::Orderer,
            &plan.access,
        );
        let leaving = plan.leaving.iter().map(|member| {
            Party::of(
                context,
                &member.namespace,
                &member.organization,
                &member.msp_id,
                &[],
                Role::Peer,
                &plan.access,
            )
        });
        let (ordering, members, leaving) = tokio::try_join!(ordering, try_join_all(members), try_join_all(leaving))?;
        Ok(Network {
            ordering,
            members,
            leaving,
        })
    }

    pub fn member(&self, organization: &str) -> Option<&Party> {
        self.members.iter().find(|party| party.name == organization)
    }

    /// The members of a channel.
    pub fn members_of(&self, channel: &ChannelPlan) -> Vec<&Party> {
        channel.members.iter().filter_map(|name| self.member(name)).collect()
    }

    /// The members of a channel that write to it, and so approve and endorse.
    pub fn writers_of(&self, channel: &ChannelPlan) -> Vec<&Party> {
        let members = self.members_of(channel).into_iter();
        members.filter(|member| !member.regulator).collect()
    }

    /// Connections to every orderer that answers.
    pub async fn orderers(&self, context: &Context) -> Result<Vec<Channel>> {
        let asked = self
            .ordering
            .nodes
            .iter()
            .map(|node| self.ordering.connect(context, node));
        let (mut channels, mut last) = (Vec::new(), None);
        for outcome in futures::future::join_all(asked).await {
            match outcome {
                Ok(channel) => channels.push(channel),
                Err(trouble) => last = Some(trouble),
            }
        }
        match last {
            Some(trouble) if channels.is_empty() => Err(trouble),
            _ => Ok(channels),
        }
    }
}

impl Party {
    pub async fn of(
        context: &Context,
        namespace: &str,
        name: &str,
        msp_id: &str,
        nodes: &[NodeId],
        role: Role,
        access: &Access,
    ) -> Result<Party> {
        let pki = OrganizationPki::ensure(context.vault.clone(), namespace, name, msp_id, context.now()).await?;
        let credentials = pki.admin(context.now()).await?;
        let signing = &credentials.signing;
        let admin = SigningIdentity::new(msp_id, signing.certificate_pem.as_bytes(), signing.key_pem.as_bytes())?;
        let nodes = nodes.iter().map(|id| async move {
            let mut addresses = context.substrate.addresses(id, role).await?;
            let outside = context.substrate.outside(id, role, access).await?;
            addresses.hosts.extend(outside.hosts);
            Ok::<_, Trouble>(Node {
                id: id.clone(),
                addresses,
                outside: outside.endpoint,
            })
        });
        let nodes = try_join_all(nodes).await?;
        Ok(Party {
            name: name.to_owned(),
            pki,
            credentials,
            admin: Arc::new(admin),
            nodes,
            regulator: false,
        })
    }

    pub fn msp_id(&self) -> &str {
        self.pki.msp_id()
    }

    pub fn signer(&self) -> &dyn Signer {
        &*self.admin
    }

    /// A connection to one of its nodes.
    pub async fn connect(&self, context: &Context, node: &Node) -> Result<Channel> {
        context
            .connections
            .to(&node.addresses.external, self.pki.tls_ca_certificate())
            .await
    }

    /// TLS as the administrator, for endpoints that ask for a client certificate.
    pub fn admin_tls(&self) -> Result<TlsClient> {
        let tls = &self.credentials.tls;
        let identity = TlsIdentity::from_pem(tls.certificate_pem.as_bytes(), tls.key_pem.as_bytes())?;
        Ok(TlsClient::trusting_pem(self.pki.tls_ca_certificate().as_bytes())?.with_identity(identity))
    }

    /// Where its orderers or anchor peers are reached, as host and port.
    pub fn host_and_port(node: &Node) -> Result<(String, u16)> {
        let endpoint = &node.addresses.external;
        let parsed = endpoint
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        parsed.ok_or_else(|| Trouble::failed(format!("{endpoint} is not an endpoint of the form host:port")))
    }
}
