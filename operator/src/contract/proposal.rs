//! What the organizations of a channel are asked to approve, and where they stand in it. Pure.

use entente_api::Member;
use entente_api::approval::{ApprovalStanding, ContractApproval, ContractProposal, Decision, OrganizationApproval};
use entente_api::contract::{Collection, ContractDefinition};
use entente_fabric::client::lifecycle::Definition;
use entente_fabric::crypto::sha256;
use serde::Serialize;

use super::service::Service;
use crate::trouble::{Result, Trouble};

/// Everything that a digest is of. Whoever decides has seen all of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Terms<'a> {
    channel: &'a str,
    contract: &'a str,
    sequence: i64,
    version: &'a str,
    package_id: &'a str,
    endorsement_policy: Option<&'a str>,
    collections: &'a [Collection],
    init_required: bool,
}

/// A definition as it is proposed on a channel; where the organizations stand is not known yet.
pub fn of(
    channel: &str,
    wanted: &Definition,
    spec: &ContractDefinition,
    service: &Service,
) -> Result<ContractProposal> {
    let terms = Terms {
        channel,
        contract: &wanted.name,
        sequence: wanted.sequence,
        version: &wanted.version,
        package_id: &service.package_id,
        endorsement_policy: spec.endorsement_policy.as_deref(),
        collections: &spec.collections,
        init_required: spec.init_required,
    };
    Ok(ContractProposal {
        digest: format!("sha256:{}", hex::encode(sha256(&serde_json::to_vec(&terms)?))),
        sequence: wanted.sequence,
        version: wanted.version.clone(),
        package_id: service.package_id.clone(),
        endorsement_policy: spec.endorsement_policy.clone(),
        collections: spec.collections.clone(),
        init_required: spec.init_required,
        ..ContractProposal::default()
    })
}

/// What the platform is to do about a proposal in an organization's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    Approve,
    /// Nothing, until somebody of the organization has decided.
    Wait,
    /// Nothing; the reason is the organization's.
    Reject(Option<String>),
}

/// Asks an organization's Member. A decision on another proposal counts for nothing; one without a Member has agreed to
/// nothing.
pub fn consent(member: Option<&Member>, channel: &str, contract: &str, digest: &str) -> Consent {
    let Some(spec) = member.map(|member| &member.spec) else {
        return Consent::Wait;
    };
    let decision = spec.decision(channel, contract);
    match decision.filter(|decision| decision.definition == digest) {
        Some(decision) if decision.decision == Decision::Approve => Consent::Approve,
        Some(decision) => Consent::Reject(decision.reason.clone()),
        None if spec.contract_approval == ContractApproval::Automatic => Consent::Approve,
        None => Consent::Wait,
    }
}

/// That enough have approved.
pub fn check(proposal: &ContractProposal) -> Result<()> {
    match proposal.awaits_approval() {
        false => Ok(()),
        true => Err(Trouble::awaiting_approval(in_words(proposal)).with_hint(
            "Each organization approves or rejects it, or has contractApproval: automatic in its Member.",
        )),
    }
}

fn in_words(proposal: &ContractProposal) -> String {
    let awaited = proposal.standing(ApprovalStanding::Waiting);
    let awaited: Vec<&str> = awaited.map(|one| one.organization.as_str()).collect();
    let rejected = proposal
        .standing(ApprovalStanding::Rejected)
        .map(|one| match &one.reason {
            Some(reason) => format!("{} ({reason})", one.organization),
            None => one.organization.clone(),
        });
    let rejected: Vec<String> = rejected.collect();
    let mut words = format!(
        "{} of {} approvals that sequence {} needs",
        proposal.approved(),
        proposal.needed,
        proposal.sequence
    );
    let parts = [("awaiting", awaited.join(", ")), ("rejected by", rejected.join(", "))];
    let parts = parts.into_iter().filter(|(_, who)| !who.is_empty());
    for (index, (what, who)) in parts.enumerate() {
        words += if index == 0 { ": " } else { "; " };
        words += &format!("{what} {who}");
    }
    words
}

/// Where an organization stands whose approval is not on the ledger.
pub fn standing(consent: &Consent) -> (ApprovalStanding, Option<String>) {
    match consent {
        Consent::Reject(reason) => (ApprovalStanding::Rejected, reason.clone()),
        Consent::Approve | Consent::Wait => (ApprovalStanding::Waiting, None),
    }
}

/// MSP ids of those who have approved.
pub fn approved_by(organizations: &[OrganizationApproval]) -> Vec<String> {
    let approved = organizations
        .iter()
        .filter(|one| one.standing == ApprovalStanding::Approved);
    approved.map(|one| one.msp_id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use entente_api::approval::ContractDecision;
    use entente_api::member::MemberSpec;

    use super::*;
    use crate::trouble::Kind;

    fn proposal(spec: &str, package_id: &str, sequence: i64) -> ContractProposal {
        let spec: ContractDefinition = serde_yaml::from_str(spec).unwrap();
        let wanted = Definition {
            name: "pay".to_owned(),
            version: spec.version.clone(),
            sequence,
            ..Definition::default()
        };
        let service = Service {
            package: Vec::new(),
            package_id: package_id.to_owned(),
            address: None,
            node: None,
        };
        of("main", &wanted, &spec, &service).unwrap()
    }

    fn decided(decision: Decision, definition: &str) -> ContractDecision {
        ContractDecision {
            channel: "main".to_owned(),
            contract: "pay".to_owned(),
            definition: definition.to_owned(),
            decision,
            reason: Some("too early".to_owned()),
            by: None,
            time: None,
        }
    }

    fn member(contract_approval: ContractApproval, approvals: Vec<ContractDecision>) -> Member {
        let spec = MemberSpec {
            contract_approval,
            approvals,
            ..MemberSpec::new("ledger", "bank", 1)
        };
        Member::new("ledger.bank", spec)
    }

    #[test]
    fn whatever_changes_in_a_definition_changes_its_digest() {
        let first = proposal("{template: evidence}", "pay_1.0:aa", 1);
        let others = [
            proposal("{template: evidence}", "pay_1.0:bb", 1),
            proposal("{template: evidence}", "pay_1.0:aa", 2),
            proposal("{template: evidence, version: '2.0'}", "pay_1.0:aa", 1),
            proposal("{template: evidence, initRequired: true}", "pay_1.0:aa", 1),
            proposal(
                "{template: evidence, endorsementPolicy: \"OR('BankMSP.member')\"}",
                "pay_1.0:aa",
                1,
            ),
            proposal(
                "{template: evidence, collections: [{name: c, policy: p}]}",
                "pay_1.0:aa",
                1,
            ),
        ];

        assert_eq!(first, proposal("{template: evidence}", "pay_1.0:aa", 1));
        for (index, other) in others.iter().enumerate() {
            assert_ne!(first.digest, other.digest, "{index}");
        }
    }

    #[test]
    fn a_decision_counts_for_its_own_digest_alone() {
        use ContractApproval::{Automatic, Manual};
        let ask = |member: &Member| consent(Some(member), "main", "pay", "sha256:new");
        let approved = |digest: &str| vec![decided(Decision::Approve, digest)];
        let rejected = |digest: &str| vec![decided(Decision::Reject, digest)];

        assert_eq!(ask(&member(Automatic, Vec::new())), Consent::Approve);
        assert_eq!(ask(&member(Manual, Vec::new())), Consent::Wait);
        assert_eq!(ask(&member(Manual, approved("sha256:old"))), Consent::Wait);
        assert_eq!(ask(&member(Manual, approved("sha256:new"))), Consent::Approve);
        let too_early = Consent::Reject(Some("too early".to_owned()));
        assert_eq!(ask(&member(Manual, rejected("sha256:new"))), too_early);
        assert_eq!(ask(&member(Automatic, rejected("sha256:new"))), too_early);
        assert_eq!(ask(&member(Automatic, rejected("sha256:old"))), Consent::Approve);
        assert_eq!(consent(None, "main", "pay", "sha256:new"), Consent::Wait);
    }

    #[test]
    fn whoever_is_awaited_is_named_and_enough_are_enough() {
        let one = |organization: &str, standing, reason: Option<&str>| OrganizationApproval {
            organization: organization.to_owned(),
            standing,
            reason: reason.map(str::to_owned),
            ..OrganizationApproval::default()
        };
        let mut waiting = proposal("{template: evidence}", "pay_1.0:aa", 3);
        waiting.needed = 2;
        waiting.organizations = vec![
            one("bank-a", ApprovalStanding::Approved, None),
            one("bank-b", ApprovalStanding::Waiting, None),
            one("bank-c", ApprovalStanding::Rejected, Some("too early")),
        ];

        let trouble = check(&waiting).unwrap_err();
        waiting.organizations[1].standing = ApprovalStanding::Approved;

        assert_eq!(trouble.kind, Kind::AwaitingApproval);
        assert_eq!(
            trouble.cause,
            "1 of 2 approvals that sequence 3 needs: awaiting bank-b; rejected by bank-c (too early)"
        );
        assert_eq!(check(&waiting), Ok(()));
    }
}
