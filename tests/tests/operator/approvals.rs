//! Organizations that decide on contracts' definitions themselves: who is awaited, who is not waited for, and who comes
//! later. One of them is another tenant's.

use entente_api::approval::{ApprovalStanding, ContractApproval, ContractDecision, ContractProposal, Decision};
use entente_api::condition::{State, kind, reason};
use entente_api::member::MemberSpec;
use entente_api::node_release::Engine;
use entente_api::{Contract, Member, Organization};
use entente_operator::registry::Scope;
use entente_tests::executables;

use crate::harness::{Gateway, Home, Operator, scope, transacts};

/// A contract that needs two of three: one approves by itself.
const CHAIN: &str = "
deletionPolicy: Delete
ordering: {replicas: 1}
members:
- {organization: bank}
- {organization: tax, contractApproval: manual}
- {organization: audit, namespace: shijiazhuang}
contracts: [{name: evidence, template: evidence}]
";

async fn contract(operator: &Operator) -> Contract {
    let found = operator
        .context
        .registry
        .get(&scope(), "ledger.main.evidence")
        .await
        .unwrap();
    found.unwrap()
}

/// The proposal, once the contract waits and says this.
async fn awaiting(operator: &Operator, message: &str) -> ContractProposal {
    operator
        .until(message, async || {
            let contract = contract(operator).await;
            let status = contract.status?;
            let current = status.progress.observed_generation == contract.metadata.generation;
            let ready = status.progress.condition(kind::READY)?;
            let is_so = current && ready.reason == reason::AWAITING_APPROVAL && ready.message == message;
            is_so.then_some(status.proposal?)
        })
        .await
}

/// The proposal, once the contract is as its newest spec asks and the organizations stand there, in the chain's order.
async fn agreed(operator: &Operator, sequence: i64, standings: [ApprovalStanding; 3]) -> ContractProposal {
    operator
        .until(&format!("sequence {sequence} with {standings:?}"), async || {
            let contract = contract(operator).await;
            let generation = contract.metadata.generation?;
            let status = contract.status?;
            let is_ready = status.progress.is_ready_at(generation) && status.sequence == Some(sequence);
            let proposal = status.proposal.filter(|proposal| proposal.committed)?;
            (is_ready && self::standings(&proposal) == standings).then_some(proposal)
        })
        .await
}

fn standings(proposal: &ContractProposal) -> Vec<ApprovalStanding> {
    proposal.organizations.iter().map(|one| one.standing).collect()
}

/// Decides as people do with `kubectl edit`: in the organization's own Member.
async fn decide(
    operator: &Operator,
    (namespace, name): (&str, &str),
    proposal: &ContractProposal,
    decision: Decision,
) {
    let scope = Scope::namespace(namespace);
    let registry = &operator.context.registry;
    let mut member: Member = registry.get(&scope, name).await.unwrap().unwrap();
    member.spec.decide(ContractDecision {
        channel: "main".to_owned(),
        contract: "evidence".to_owned(),
        definition: proposal.digest.clone(),
        decision,
        reason: (decision == Decision::Reject).then(|| "we have not read it".to_owned()),
        by: None,
        time: None,
    });
    member.metadata.resource_version = None;
    registry.update(&scope, &member).await.unwrap();
}

const TAX: (&str, &str) = ("hebei", "ledger.tax");
const AUDIT: (&str, &str) = ("shijiazhuang", "audit-in-ledger");

async fn organizations_decide(engine: Engine) {
    use ApprovalStanding::{Approved, Rejected, Waiting};
    let home = Home::new();
    let operator = Operator::start(home.0.path(), engine).await;
    let registry = &operator.context.registry;
    let theirs = Scope::namespace(AUDIT.0);
    let organization = Organization::new("audit", Default::default());
    registry.create(&theirs, &organization).await.unwrap();
    let part = MemberSpec {
        chain_namespace: Some("hebei".to_owned()),
        contract_approval: ContractApproval::Manual,
        ..MemberSpec::new("ledger", "audit", 1)
    };
    registry.create(&theirs, &Member::new(AUDIT.1, part)).await.unwrap();

    // The chain itself waits for nobody.
    let chain = operator.create("ledger", CHAIN).await;
    assert_eq!(chain.status.as_ref().unwrap().contracts[0].state, State::Provisioning);
    let first = awaiting(&operator, "1 of 2 approvals that sequence 1 needs: awaiting tax, audit").await;
    let names: Vec<&str> = first
        .organizations
        .iter()
        .map(|one| one.organization.as_str())
        .collect();
    assert_eq!(
        (names, standings(&first)),
        (vec!["bank", "tax", "audit"], vec![Approved, Waiting, Waiting])
    );
    let installed: Vec<(u32, u32)> = first
        .organizations
        .iter()
        .map(|one| (one.installed, one.peers))
        .collect();
    assert_eq!((first.sequence, first.needed, first.committed), (1, 2, false));
    assert_eq!(installed, [(1, 1); 3]);
    decide(&operator, AUDIT, &first, Decision::Reject).await;
    let rejected = "1 of 2 approvals that sequence 1 needs: awaiting tax; rejected by audit (we have not read it)";
    assert_eq!(awaiting(&operator, rejected).await.digest, first.digest);

    decide(&operator, TAX, &first, Decision::Approve).await;
    let second = agreed(&operator, 1, [Approved, Approved, Rejected]).await;
    assert_eq!(second.digest, first.digest);
    let chain = operator.ready("ledger").await;
    transacts(&operator, &chain, "main", "without the third").await;
    let auditor = Gateway::of(&operator, &chain, "peer0-audit").await;
    assert!(!auditor.runs_it("main").await);

    // Who changes their mind comes later.
    decide(&operator, AUDIT, &first, Decision::Approve).await;
    operator
        .until("the auditor's peer to run the contract", async || {
            auditor.runs_it("main").await.then_some(())
        })
        .await;
    agreed(&operator, 1, [Approved; 3]).await;

    // What was decided about the old definition counts for nothing; that one goes on meanwhile.
    let chain = operator
        .edit("ledger", |spec| spec.contracts[0].definition.version = "2.0".to_owned())
        .await;
    let upgrade = awaiting(&operator, "1 of 2 approvals that sequence 2 needs: awaiting tax, audit").await;
    assert_eq!(
        contract(&operator).await.status.unwrap().progress.state,
        State::Updating
    );
    assert_ne!(upgrade.digest, first.digest);
    transacts(&operator, &chain, "main", "by the old version").await;
    assert!(auditor.runs_it("main").await);
    decide(&operator, TAX, &upgrade, Decision::Approve).await;
    agreed(&operator, 2, [Approved, Approved, Waiting]).await;
    let status = contract(&operator).await.status.unwrap();
    assert_eq!(
        (status.version.as_deref(), status.approvals),
        (Some("2.0"), vec!["BankMSP".to_owned(), "TaxMSP".to_owned()])
    );
    let chain = operator.ready("ledger").await;
    transacts(&operator, &chain, "main", "by the new version").await;

    // An edit of the chain leaves what its members have decided, and who decides, alone.
    operator.edit("ledger", |spec| spec.members[1].peers = 2).await;
    let member: Member = registry.get(&scope(), TAX.1).await.unwrap().unwrap();
    assert_eq!(
        (member.spec.peers, member.spec.contract_approval),
        (2, ContractApproval::Manual)
    );
    assert_eq!(
        member
            .spec
            .decision("main", "evidence")
            .map(|decision| &decision.definition),
        Some(&upgrade.digest)
    );
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organizations_decide_on_a_native_chain() {
    organizations_decide(Engine::Native).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organizations_decide_on_a_stock_chain() {
    if executables::stock_fabric_or_skip("organizations_decide_on_a_stock_chain").is_some() {
        organizations_decide(Engine::Fabric).await;
    }
}
