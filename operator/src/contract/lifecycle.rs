//! Installed, approved by every organization, committed: each asked first, then done where it is missing. What does not
//! depend on each other runs side by side, so that all approvals fit into one block.

use std::time::Duration;

use entente_api::contract::ContractStatus;
use entente_fabric::client::lifecycle::{self, Definition};
use entente_fabric::client::transact::{Route, TransactError};
use entente_fabric::client::{CallError, Caller, cscc};
use entente_fabric::proto::lifecycle::{QueryChaincodeDefinitionResult, chaincode_source};
use futures::future::try_join_all;
use tonic::transport::Channel;

use super::definition;
use super::service::{self, Service};
use crate::chain::plan::ChannelPlan;
use crate::context::Context;
use crate::dial::{only_if, patiently};
use crate::network::{Network, Node, Party};
use crate::report::Report;
use crate::trouble::{Result, Trouble, in_words};

/// How long a peer may take to come up and join before this pass gives up.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// How long one act may take, with a new leader's election in between.
const ACT_PATIENCE: Duration = Duration::from_secs(30);
const COMMIT_TIMEOUT: Duration = Duration::from_secs(15);

/// Where a contract is administered: one channel, its members, and what they run.
pub struct Desk<'a> {
    pub context: &'a Context,
    pub network: &'a Network,
    pub channel: &'a ChannelPlan,
    pub service: &'a Service,
    pub report: &'a Report<ContractStatus>,
}

impl Desk<'_> {
    /// Gives the definition that the channel has committed in the end.
    pub async fn converge(&self, wanted: Definition, sequence: Option<i64>) -> Result<Definition> {
        // A regulator can approve nothing, and a peer runs no contract that its organization has not approved: its
        // gateways have others' peers evaluate.
        let members = self.network.writers_of(self.channel);
        self.report
            .step("install", "installing the package", async {
                let peers = members
                    .iter()
                    .flat_map(|member| member.nodes.iter().map(move |node| (*member, node)));
                try_join_all(peers.map(|(member, node)| self.install(member, node)))
                    .await
                    .map(drop)
            })
            .await?;
        let committed = self.committed(&members, &wanted.name).await?;
        let wanted = Definition {
            sequence: definition::sequence(committed.as_ref(), &wanted, sequence)?,
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
        self.report
            .step("approve", "approving the definition", async {
                try_join_all(members.iter().map(|member| self.approve(member, &wanted, is_committed)))
                    .await
                    .map(drop)
            })
            .await?;
        self.report.edit(|status| {
            status.approvals = members.iter().map(|member| member.msp_id().to_owned()).collect();
        });
        self.report
            .step(
                "commit",
                "committing the definition",
                self.commit(&members, &wanted, committed),
            )
            .await?;
        let running = service::running(self.context, self.service);
        self.report.step("answer", "waiting for the service", running).await?;
        Ok(wanted)
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

    async fn install_on(&self, peer: &Channel, member: &Party) -> Result<()> {
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
            let peer = self.joined(member, node).await?;
            match lifecycle::committed(&peer, &self.channel.name, name, member.signer()).await {
                Ok(found) => Ok(Some(found)),
                Err(CallError::NotFound { .. }) => Ok(None),
                Err(error) => Err(Trouble::from(error)),
            }
        }))
        .await?;
        // A peer that has just joined is behind the others.
        Ok(answers.into_iter().flatten().max_by_key(|found| found.sequence))
    }

    /// A connection to a peer once it has joined the channel.
    async fn joined(&self, member: &Party, node: &Node) -> Result<Channel> {
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

    /// `is_committed`: the channel has this definition already, so each organization approved it once.
    async fn approve(&self, member: &Party, wanted: &Definition, is_committed: bool) -> Result<()> {
        let Some(node) = member.nodes.first() else {
            return Ok(());
        };
        let peer = self.joined(member, node).await?;
        if self.has_approved(&peer, member, wanted).await? {
            return Ok(());
        }
        let approved = self.transact(|| async {
            if self.has_approved(&peer, member, wanted).await? {
                return Ok(Ok(()));
            }
            // The peer may have lost its volume since: then it does not know the package any more.
            self.install_on(&peer, member).await?;
            let orderers = self.network.orderers(self.context).await?;
            let route = Route {
                endorsers: std::slice::from_ref(&peer),
                orderers: &orderers,
                commit_timeout: COMMIT_TIMEOUT,
            };
            let package_id = Some(self.service.package_id.as_str());
            let caller = Caller::new(member.signer());
            let approved = lifecycle::approve(&self.channel.name, wanted, package_id, route, caller).await;
            Ok(match approved {
                Err(error) if is_approved_already(&in_words(&error)) => Ok(()),
                Err(error) if is_committed && is_forgotten(&in_words(&error)) => Ok(()),
                approved => approved.map(drop),
            })
        });
        approved
            .await
            .map_err(|trouble| trouble.while_doing(format_args!("approving for {}", member.name)))
    }

    /// Whether the organization has approved exactly this definition with exactly this package.
    async fn has_approved(&self, peer: &Channel, member: &Party, wanted: &Definition) -> Result<bool> {
        let channel = &self.channel.name;
        let found = lifecycle::approved(peer, channel, &wanted.name, wanted.sequence, member.signer()).await;
        let Ok(found) = found else {
            // Stock peers answer "nothing approved" with the same status as a failure; approving tells them apart.
            return Ok(false);
        };
        let package_id = match found.source.and_then(|source| source.r#type) {
            Some(chaincode_source::Type::LocalPackage(local)) => local.package_id,
            _ => String::new(),
        };
        let same = definition::says(
            &QueryChaincodeDefinitionResult {
                sequence: found.sequence,
                version: found.version,
                validation_parameter: found.validation_parameter,
                collections: found.collections,
                init_required: found.init_required,
                ..QueryChaincodeDefinitionResult::default()
            },
            wanted,
        );
        Ok(same && package_id == self.service.package_id)
    }

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
    async fn transact<F, W>(&self, mut work: W) -> Result<()>
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

/// Whether a peer refuses an approval because it is on record with this content and package
/// (`ApproveChaincodeDefinitionForOrg` in `core/chaincode/lifecycle/lifecycle.go`). One that has lost its volume knows so
/// from the hashes in the blocks alone: what they are hashes of was private to it, and it cannot answer a question for it.
fn is_approved_already(refusal: &str) -> bool {
    refusal.contains("attempted to redefine") && !refusal.contains("with different parameters")
}

/// Whether a peer refuses an approval because it has lost what it approved, and knows from the blocks' hashes that it did
/// (`GetPrivateData` in `core/ledger/kvledger/txmgmt/txmgr/query_executor.go`). Nobody else has it: there is nobody to fetch
/// it from, and an approval of the same sequence cannot be written over it. The peer needs it no more: which package it is
/// to call it tells by the hashes alone (`core/chaincode/lifecycle/cache.go`).
fn is_forgotten(refusal: &str) -> bool {
    refusal.contains("private data matching public hash version is not available")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_that_is_on_record_is_told_from_another_one() {
        let refusals = [
            "attempted to redefine the current committed sequence (1) for namespace evidence",
            "attempted to redefine uncommitted sequence (2) for namespace evidence with unchanged content",
            "attempted to redefine the current committed sequence (1) for namespace evidence with different parameters: \
             expected version '1.0' does not match passed version '2.0'",
            "requested sequence 4 is larger than the next available sequence number 2",
        ];

        assert_eq!(refusals.map(is_approved_already), [true, true, false, false]);
        assert_eq!(refusals.map(is_forgotten), [false; 4]);
        assert!(is_forgotten(
            "GET_STATE failed: transaction ID: 4883: private data matching public hash version is not available. \
             Public hash version = {BlockNum: 1, TxNum: 1}, Private data version = <nil>"
        ));
    }
}
