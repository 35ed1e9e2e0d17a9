//! Installed on every peer, approved by whoever consents, committed once enough have: each asked first, then done where it
//! is missing. What does not depend on each other runs side by side, so that all approvals fit into one block.

use std::collections::BTreeMap;
use std::time::Duration;

use entente_api::Member;
use entente_api::approval::{ApprovalStanding, ContractApproval, ContractProposal, OrganizationApproval};
use entente_api::contract::{ContractDefinition, ContractStatus};
use entente_fabric::client::lifecycle::{self, Definition};
use entente_fabric::client::transact::{Route, TransactError};
use entente_fabric::client::{CallError, Caller, cscc};
use entente_fabric::proto::lifecycle::QueryChaincodeDefinitionResult;
use futures::future::{join_all, try_join_all};
use tonic::transport::Channel;

use super::approve::OnRecord;
use super::service::{self, Service};
use super::{definition, proposal, quorum};
use crate::chain::administer;
use crate::chain::plan::ChannelPlan;
use crate::context::Context;
use crate::dial::{only_if, patiently};
use crate::network::{Network, Node, Party};
use crate::report::Report;
use crate::trouble::{Result, Trouble};

/// How long a peer may take to come up and join before this pass gives up.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// How long one act may take, with a new leader's election in between.
const ACT_PATIENCE: Duration = Duration::from_secs(30);
pub(super) const COMMIT_TIMEOUT: Duration = Duration::from_secs(15);

/// Where a contract is administered: one channel, its members, and what they run.
pub struct Desk<'a> {
    pub context: &'a Context,
    pub network: &'a Network,
    pub channel: &'a ChannelPlan,
    pub service: &'a Service,
    pub report: &'a Report<ContractStatus>,
    /// The Members of the chain by organization: what they have decided.
    pub members: BTreeMap<&'a str, &'a Member>,
}

/// What the channel has committed in the end.
pub struct Agreed {
    pub definition: Definition,
    /// Names of the organizations whose peers run it.
    pub approvers: Vec<String>,
    /// Whether peers of somebody who has not approved this package go on with the one before.
    pub keeps_earlier: bool,
}

impl Desk<'_> {
    pub async fn converge(&self, wanted: Definition, spec: &ContractDefinition) -> Result<Agreed> {
        // A regulator can approve nothing, and a peer runs no contract that its organization has not approved: its
        // gateways have others' peers evaluate.
        let members = self.network.writers_of(self.channel);
        let installing = self.install_everywhere(&members);
        let installed = self
            .report
            .step("install", "installing the package", installing)
            .await?;
        let committed = self.committed(&members, &wanted.name).await?;
        let wanted = Definition {
            sequence: definition::sequence(committed.as_ref(), &wanted, spec.sequence)?,
            ..wanted
        };
        // Peers call the new service from the moment of the commit: until it runs, the old one goes on.
        if committed
            .as_ref()
            .is_some_and(|committed| committed.sequence < wanted.sequence)
        {
            let running = service::running(self.context, self.service);
            self.report.step("answer", "waiting for the service", running).await?;
        }
        let is_committed = committed
            .as_ref()
            .is_some_and(|committed| committed.sequence == wanted.sequence);
        let proposal = ContractProposal {
            committed: is_committed,
            ..proposal::of(&self.channel.name, &wanted, spec, self.service)?
        };
        let approving = self.approvals(&members, &installed, &wanted, proposal);
        let records = self
            .report
            .step("approve", "approving the definition", approving)
            .await?;
        let approved = members
            .iter()
            .zip(&records)
            .filter(|(_, on_record)| **on_record == OnRecord::This);
        let approvers: Vec<&Party> = approved.map(|(member, _)| *member).collect();
        let committing = self.commit(&approvers, &wanted, committed);
        self.report
            .step("commit", "committing the definition", committing)
            .await?;
        self.report.edit(|status| {
            if let Some(proposal) = &mut status.proposal {
                proposal.committed = true;
            }
        });
        let running = service::running(self.context, self.service);
        self.report.step("answer", "waiting for the service", running).await?;
        Ok(Agreed {
            definition: wanted,
            approvers: approvers.iter().map(|member| member.name.clone()).collect(),
            keeps_earlier: records.contains(&OnRecord::AnotherPackage),
        })
    }

    /// Whether the organization decides by itself. Who is slow to decide, and its peers, keep nobody else waiting.
    pub(super) fn is_manual(&self, member: &Party) -> bool {
        let found = self.members.get(member.name.as_str());
        found.is_some_and(|found| found.spec.contract_approval == ContractApproval::Manual)
    }

    /// Gives how many peers of each member have the package.
    async fn install_everywhere(&self, members: &[&Party]) -> Result<Vec<u32>> {
        let installed = members.iter().map(|member| async move {
            let peers = member.nodes.iter().map(|node| self.install(member, node));
            let outcomes = join_all(peers).await;
            let installed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            match outcomes.into_iter().find_map(Result::err) {
                Some(trouble) if !self.is_manual(member) => Err(trouble),
                _ => Ok(installed.try_into().unwrap_or(u32::MAX)),
            }
        });
        try_join_all(installed).await
    }

    /// A peer needs neither the channel nor the service for this, only to run.
    async fn install(&self, member: &Party, node: &Node) -> Result<()> {
        let installed = patiently(JOIN_PATIENCE, || async {
            let peer = member.connect(self.context, node).await?;
            self.install_on(&peer, member).await
        });
        installed
            .await
            .map_err(|trouble| trouble.while_doing(format_args!("installing on {}", node.id.name)))
    }

    pub(super) async fn install_on(&self, peer: &Channel, member: &Party) -> Result<()> {
        let known = lifecycle::installed(peer, member.signer()).await?;
        if known.iter().all(|known| known.package_id != self.service.package_id) {
            lifecycle::install(peer, &self.service.package, member.signer()).await?;
        }
        Ok(())
    }

    /// What the channel has committed, asked of one peer of each member once it has joined.
    async fn committed(&self, members: &[&Party], name: &str) -> Result<Option<QueryChaincodeDefinitionResult>> {
        let asked = members
            .iter()
            .filter_map(|member| Some((*member, member.nodes.first()?)));
        let answers = try_join_all(asked.map(|(member, node)| async move {
            match self.committed_on(member, node, name).await {
                Err(trouble) if self.is_manual(member) => Ok(Err(trouble)),
                answer => answer.map(Ok),
            }
        }))
        .await?;
        let silent = answers.iter().find_map(|answer| answer.as_ref().err()).cloned();
        let answers: Vec<_> = answers.into_iter().flatten().collect();
        match silent {
            Some(trouble) if answers.is_empty() => Err(trouble),
            // A peer that has just joined is behind the others.
            _ => Ok(answers.into_iter().flatten().max_by_key(|found| found.sequence)),
        }
    }

    async fn committed_on(
        &self,
        member: &Party,
        node: &Node,
        name: &str,
    ) -> Result<Option<QueryChaincodeDefinitionResult>> {
        let peer = self.joined(member, node).await?;
        match lifecycle::committed(&peer, &self.channel.name, name, member.signer()).await {
            Ok(found) => Ok(Some(found)),
            Err(CallError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A connection to a peer once it has joined the channel.
    pub(super) async fn joined(&self, member: &Party, node: &Node) -> Result<Channel> {
        patiently(JOIN_PATIENCE, || async {
            let peer = member.connect(self.context, node).await?;
            let channels = cscc::channels(&peer, member.signer()).await?;
            only_if(channels.contains(&self.channel.name), || {
                format!("{} has not joined {} yet", node.id.name, self.channel.name)
            })?;
            Ok(peer)
        })
        .await
    }

    /// Approves for whoever consents, tells where everybody stands, and gives what is on record for each.
    async fn approvals(
        &self,
        members: &[&Party],
        installed: &[u32],
        wanted: &Definition,
        mut proposal: ContractProposal,
    ) -> Result<Vec<OnRecord>> {
        let asked = members.iter().map(|member| async {
            let found = self.members.get(member.name.as_str()).copied();
            let consent = proposal::consent(found, &self.channel.name, &wanted.name, &proposal.digest);
            let on_record = self.on_record(member, wanted, &consent, &proposal).await?;
            Ok::<_, Trouble>((consent, on_record))
        });
        let records = try_join_all(asked).await?;
        let rows = members.iter().zip(installed).zip(&records);
        let organizations = rows.map(|((member, installed), (consent, on_record))| {
            let (standing, reason) = match on_record {
                OnRecord::This => (ApprovalStanding::Approved, None),
                OnRecord::Nothing | OnRecord::AnotherPackage => proposal::standing(consent),
            };
            OrganizationApproval {
                organization: member.name.clone(),
                msp_id: member.msp_id().to_owned(),
                standing,
                reason,
                installed: *installed,
                peers: member.nodes.len().try_into().unwrap_or(u32::MAX),
            }
        });
        proposal.organizations = organizations.collect();
        proposal.needed = self.needed(&proposal).await?;
        let outcome = proposal::check(&proposal);
        self.report.edit(|status| {
            status.approvals = proposal::approved_by(&proposal.organizations);
            status.proposal = Some(proposal);
        });
        outcome.map(|()| records.into_iter().map(|(_, on_record)| on_record).collect())
    }

    /// How many approvals it takes. The channel is asked only while somebody's is missing: everybody's are enough.
    async fn needed(&self, proposal: &ContractProposal) -> Result<u32> {
        let writers = proposal.organizations.len();
        if proposal.committed || proposal.approved() == writers {
            let before = self.report.snapshot().proposal;
            let same = before.filter(|before| before.digest == proposal.digest);
            return Ok(same.map_or_else(|| quorum::majority(writers), |before| before.needed));
        }
        let (_, bundle) = administer::current(self.context, self.network, &self.channel.name).await?;
        Ok(quorum::of(&bundle, writers))
    }

    /// Has those who have approved endorse the commit: a peer agrees to none that its organization has not approved.
    async fn commit(
        &self,
        members: &[&Party],
        wanted: &Definition,
        committed: Option<QueryChaincodeDefinitionResult>,
    ) -> Result<()> {
        if committed.is_some_and(|committed| committed.sequence == wanted.sequence) {
            return Ok(());
        }
        let Some(first) = members.first() else { return Ok(()) };
        let connected = members
            .iter()
            .filter_map(|member| Some((*member, member.nodes.first()?)));
        let peers = connected.map(|(member, node)| member.connect(self.context, node));
        let peers = try_join_all(peers).await?;
        let name = &wanted.name;
        self.transact(|| async {
            let found = self.committed(members, name).await?;
            if found.is_some_and(|found| found.sequence >= wanted.sequence && definition::says(&found, wanted)) {
                return Ok(Ok(()));
            }
            let orderers = self.network.orderers(self.context).await?;
            let route = Route {
                endorsers: &peers,
                orderers: &orderers,
                commit_timeout: COMMIT_TIMEOUT,
            };
            let caller = Caller::new(first.signer());
            Ok(lifecycle::commit(&self.channel.name, wanted, route, caller)
                .await
                .map(drop))
        })
        .await
    }

    /// Tries a transaction until it is committed. Every peer must have seen the blocks before it, which takes those that
    /// are behind a moment: so a refusal by a peer counts as "not yet" for as long as there is patience.
    pub(super) async fn transact<F, W>(&self, mut work: W) -> Result<()>
    where
        F: Future<Output = Result<Result<(), TransactError>>>,
        W: FnMut() -> F,
    {
        patiently(ACT_PATIENCE, move || {
            let attempt = work();
            async move { Ok(attempt.await??) }
        })
        .await
    }
}
