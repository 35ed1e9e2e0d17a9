//! An organization's approval on the ledger: looked for, and put there when the organization consents.

use entente_api::approval::ContractProposal;
use entente_fabric::client::lifecycle::{self, Definition};
use entente_fabric::client::transact::Route;
use entente_fabric::client::{CallError, Caller};
use entente_fabric::proto::lifecycle::{QueryChaincodeDefinitionResult, chaincode_source};
use tonic::transport::Channel;

use super::definition;
use super::lifecycle::{COMMIT_TIMEOUT, Desk};
use super::proposal::Consent;
use crate::network::Party;
use crate::trouble::{Result, Trouble, in_words};

/// What an organization has approved of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRecord {
    Nothing,
    /// The same definition, with a package that its peers go on with.
    AnotherPackage,
    /// Exactly this definition with exactly this package.
    This,
}

impl Desk<'_> {
    /// What is on record for a member, once it has what it consents to.
    pub(super) async fn on_record(
        &self,
        member: &Party,
        wanted: &Definition,
        consent: &Consent,
        proposal: &ContractProposal,
    ) -> Result<OnRecord> {
        if *consent == Consent::Approve {
            let approved = self.approve(member, wanted, proposal.committed).await;
            return approved.map(|()| OnRecord::This);
        }
        let Some(node) = member.nodes.first() else {
            return Ok(OnRecord::Nothing);
        };
        let found = async {
            let peer = member.connect(self.context, node).await?;
            Ok::<_, Trouble>(self.found(&peer, member, wanted).await?)
        };
        Ok(match found.await {
            Ok(found) if found != OnRecord::Nothing => found,
            // A peer that is away, or has lost its volume, takes nothing back. Nobody waits for who has not decided.
            _ => self.seen_before(member, proposal),
        })
    }

    fn seen_before(&self, member: &Party, proposal: &ContractProposal) -> OnRecord {
        let status = self.report.snapshot();
        let same = status.proposal.is_some_and(|before| before.digest == proposal.digest);
        match same && status.approvals.iter().any(|msp_id| msp_id == member.msp_id()) {
            true => OnRecord::This,
            false => OnRecord::Nothing,
        }
    }

    async fn approve(&self, member: &Party, wanted: &Definition, is_committed: bool) -> Result<()> {
        let Some(node) = member.nodes.first() else {
            return Ok(());
        };
        let peer = self.joined(member, node).await?;
        if let Ok(OnRecord::This) = self.found(&peer, member, wanted).await {
            return Ok(());
        }
        let approved = self.transact(|| async {
            if self.found(&peer, member, wanted).await? == OnRecord::This {
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
                // Each organization that had its peers run a committed definition approved it once.
                Err(error) if is_committed && is_forgotten(&in_words(&error)) => Ok(()),
                approved => approved.map(drop),
            })
        });
        approved
            .await
            .map_err(|trouble| trouble.while_doing(format_args!("approving for {}", member.name)))
    }

    /// What the organization has approved under the definition's sequence, as its peer has it.
    async fn found(&self, peer: &Channel, member: &Party, wanted: &Definition) -> Result<OnRecord, CallError> {
        let channel = &self.channel.name;
        let found = lifecycle::approved(peer, channel, &wanted.name, wanted.sequence, member.signer()).await;
        let found = match found {
            Ok(found) => found,
            Err(error @ (CallError::Unreachable(_) | CallError::TimedOut(_))) => return Err(error),
            // Stock peers answer "nothing approved" with the same status as a failure; approving tells them apart.
            Err(_) => return Ok(OnRecord::Nothing),
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
        Ok(match (same, package_id == self.service.package_id) {
            (true, true) => OnRecord::This,
            (true, false) => OnRecord::AnotherPackage,
            (false, _) => OnRecord::Nothing,
        })
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
