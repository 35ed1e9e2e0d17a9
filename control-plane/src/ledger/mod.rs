//! Access to ledgers: the one place of the control plane that talks to nodes of a chain.
//!
//! [`Ledger::open`] finds a peer of the caller's organization and who signs, from what the operator has reported;
//! [`peer`] speaks to it, [`view`] decodes what it says, [`explain`] puts its failures into the API's words; [`index`]
//! remembers where what stands.

pub mod call;
pub mod composite;
pub mod explain;
pub mod index;
mod peer;
mod signatory;
pub mod view;

use std::sync::Arc;

use entente_api::chain::ChannelStatus;
use entente_api::condition::State;
use entente_api::member::NodeStatus;
use entente_api::{Organization, names};
use entente_fabric::proto::common;
use entente_operator::vault::Vault;

use self::call::{Call, Done, Signatory};
use self::peer::{Blocks, Peer, Peers};
use self::view::{ConfigChange, LedgerInfo, Transaction};
use crate::access::TenantScope;
use crate::rest::codes::Code;
use crate::rest::problem::Problem;
use crate::store::resource::Resources;

/// Names a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockRef {
    Number(u64),
    Hash(Vec<u8>),
    Newest,
}

/// Access to the ledgers of all chains. Keeps connections to peers.
#[derive(Clone)]
pub struct Ledger {
    resources: Resources,
    vault: Arc<dyn Vault>,
    peers: Peers,
}

/// One channel's ledger, as one identity sees it.
pub struct OpenLedger {
    id: String,
    channel: String,
    peer: Peer,
    ledger: Ledger,
    scope: TenantScope,
}

impl Ledger {
    pub fn new(resources: Resources, vault: Arc<dyn Vault>) -> Ledger {
        Ledger {
            resources,
            vault,
            peers: Peers::default(),
        }
    }

    /// Finds a peer of the channel and an identity that it knows.
    ///
    /// # Errors
    /// When chain, channel or member do not exist, or are not ready yet.
    pub async fn open(
        &self,
        scope: &TenantScope,
        chain: &str,
        channel: &str,
        signatory: &Signatory,
    ) -> Result<OpenLedger, Problem> {
        let found = self.resources.seen(scope, chain).await?;
        let found = found.ok_or_else(|| Problem::not_found("chain", chain))?.chain;
        let uid = found.metadata.uid.unwrap_or_default();
        let status = found.status.unwrap_or_default();
        let known = status.channels.iter().find(|known| known.name == channel);
        let known = known.ok_or_else(
            || match found.spec.channels.iter().any(|wanted| wanted.name == channel) {
                true => Problem::new(Code::NotReady, format!("The channel \"{channel}\" is not ready yet.")),
                false => Problem::not_found("channel", channel),
            },
        )?;
        let organization = match &signatory.organization {
            Some(name) => name.clone(),
            None => self
                .first_member(scope, known, &status.nodes, signatory.writes)
                .await?
                .ok_or_else(|| Problem::new(Code::NotReady, format!("The channel \"{channel}\" has no peer yet.")))?,
        };
        let node = pick(&status.nodes, &organization).ok_or_else(|| {
            let detail = format!("The organization \"{organization}\" has no peer on the chain \"{chain}\".");
            Problem::new(Code::NotReady, detail)
        })?;
        let of = self.organization(scope, &organization).await?;
        if signatory.writes && of.spec.regulator {
            let detail = format!("The organization \"{organization}\" supervises the chain \"{chain}\".");
            return Err(Problem::new(Code::RegulatorOnlyReads, detail));
        }
        let tls_root = of.status.and_then(|s| s.tls_ca_certificate);
        let tls_root = tls_root.unwrap_or_default();
        let signer = signatory::signer(self, scope, &organization, signatory.identity.as_deref()).await?;
        let peer = self.peers.get(&node.endpoint, &tls_root, signer).await?;
        Ok(OpenLedger {
            id: format!("{uid}/{channel}"),
            channel: channel.to_owned(),
            peer,
            ledger: self.clone(),
            scope: scope.clone(),
        })
    }

    /// The first of the tenant's own members of the channel that has a peer; for what is written, one that may write if
    /// there is one.
    async fn first_member(
        &self,
        scope: &TenantScope,
        channel: &ChannelStatus,
        nodes: &[NodeStatus],
        writes: bool,
    ) -> Result<Option<String>, Problem> {
        let mut regulator = None;
        for member in channel.members.iter().filter(|member| pick(nodes, member).is_some()) {
            match self.resources.get::<Organization>(scope, member).await? {
                Some(found) if writes && found.spec.regulator => regulator = regulator.or(Some(member)),
                Some(_) => return Ok(Some(member.clone())),
                None => {}
            }
        }
        Ok(regulator.cloned())
    }

    async fn organization(&self, scope: &TenantScope, name: &str) -> Result<Organization, Problem> {
        let found: Option<Organization> = self.resources.get(scope, name).await?;
        found.ok_or_else(|| Problem::not_found("organization", name))
    }

    async fn msp_id(&self, scope: &TenantScope, name: &str) -> Result<String, Problem> {
        let status = self
            .organization(scope, name)
            .await?
            .status
            .and_then(|status| status.msp_id);
        Ok(status.unwrap_or_else(|| names::msp_id(name)))
    }
}

/// A peer of the organization; one that is ready if there is one.
fn pick<'a>(nodes: &'a [NodeStatus], organization: &str) -> Option<&'a NodeStatus> {
    let own = || {
        nodes
            .iter()
            .filter(|node| node.role == "peer" && node.organization == organization)
    };
    own().find(|node| node.state == State::Ready).or_else(|| own().next())
}

impl OpenLedger {
    /// The same for whoever opens this ledger, and never that of another one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Submits a transaction and waits until it has committed.
    pub async fn submit(&self, call: &Call) -> Result<Done, Problem> {
        let endorsers = self.msp_ids(&call.endorsing_organizations).await?;
        self.peer.submit(&self.channel, call, &endorsers).await
    }

    /// Evaluates a function; nothing is written.
    pub async fn evaluate(&self, call: &Call) -> Result<Vec<u8>, Problem> {
        let targets = self.msp_ids(&call.endorsing_organizations).await?;
        self.peer.evaluate(&self.channel, call, &targets).await
    }

    /// Height and hashes.
    pub async fn info(&self) -> Result<LedgerInfo, Problem> {
        self.peer.info(&self.channel).await.map(LedgerInfo::from)
    }

    /// A block as the peer keeps it.
    pub async fn block(&self, reference: &BlockRef) -> Result<common::Block, Problem> {
        self.peer.block(&self.channel, reference).await
    }

    /// Every block from `start`, waiting for those to come.
    pub fn follow(&self, start: u64) -> Result<Blocks, Problem> {
        self.peer.follow(&self.channel, start)
    }

    /// What a configuration block changed; `None` for another block.
    pub async fn config_changes(&self, block: &common::Block) -> Result<Option<Vec<ConfigChange>>, Problem> {
        if !entente_fabric::block::is_config(block) {
            return Ok(None);
        }
        let number = block.header.as_ref().map(|header| header.number).unwrap_or_default();
        let Some(before) = number.checked_sub(1) else {
            return Ok(view::config_changes(None, block));
        };
        let before = self.block(&BlockRef::Number(before)).await?;
        let before = match entente_fabric::block::last_config(&before) {
            Some(last) if !entente_fabric::block::is_config(&before) => self.block(&BlockRef::Number(last)).await?,
            _ => before,
        };
        Ok(view::config_changes(Some(&before), block))
    }

    /// A transaction and the block that it is in.
    pub async fn transaction(&self, id: &str) -> Result<Transaction, Problem> {
        let found = self.peer.transaction(&self.channel, id).await?;
        let block = self.peer.block_of(&self.channel, id).await?;
        let envelope = found.transaction_envelope.unwrap_or_default();
        // An id may be there twice, the second time as a duplicate: the peer answers with the first.
        let mut all = entente_fabric::block::transactions(&block).flatten();
        let index = all.find(|one| one.id() == id).map(|one| one.index).unwrap_or_default();
        let place = block.header.as_ref().map(|header| (header.number, index));
        Ok(view::transaction(&envelope, found.validation_code, place))
    }

    async fn msp_ids(&self, organizations: &[String]) -> Result<Vec<String>, Problem> {
        let mut ids = Vec::with_capacity(organizations.len());
        for name in organizations {
            ids.push(self.ledger.msp_id(&self.scope, name).await?);
        }
        Ok(ids)
    }
}
