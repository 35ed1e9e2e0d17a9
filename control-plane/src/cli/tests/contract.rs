//! What is proposed for a contract, shown and decided on.

use entente_api::contract::{ContractDefinition, ContractSpec};
use entente_api::member::MemberSpec;
use entente_api::{Contract, Member};
use serde_json::json;

use super::{CHAIN, Shell};
use crate::cli::Exit;
use crate::rest::tests::TestApp;

#[tokio::test]
async fn a_proposal_is_shown_rejected_and_approved() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    let (registry, scope) = (&shell.app.registry, TestApp::scope());
    let member = Member::new("ledger.bank", MemberSpec::new("ledger", "bank", 1));
    registry.create(&scope, &member).await.unwrap();
    let spec = ContractSpec {
        chain: "ledger".to_owned(),
        name: Some("evidence".to_owned()),
        definition: ContractDefinition::default(),
    };
    let contract = Contract::new("ledger.main.evidence", spec);
    registry.create(&scope, &contract).await.unwrap();
    let digest = format!("sha256:{}", "5a".repeat(32));
    let bank = json!({"organization": "bank", "mspId": "BankMSP", "standing": "waiting", "installed": 1, "peers": 1});
    let proposal = json!({"digest": digest, "sequence": 1, "version": "1.0", "packageId": "evidence_1.0:aa",
        "needed": 1, "organizations": [bank]});
    let status = json!({"state": "provisioning", "channel": "main", "name": "evidence", "proposal": proposal});
    registry
        .put_status::<Contract>(&scope, "ledger.main.evidence", &status)
        .await
        .unwrap();
    let run = async |args: &[&str]| shell.run(&[&["contract"], args].concat()).await;
    let place = ["ledger", "evidence"];

    let (_, shown, _) = run(&[&["get"][..], &place].concat()).await;
    let reject = ["--organization", "bank", "--reason", "unread"];
    let (_, rejected, _) = run(&[&["reject"][..], &place, &reject].concat()).await;
    let (_, approved, _) = run(&[&["approve"][..], &place, &["--organization", "bank"]].concat()).await;
    let another = format!("sha256:{}", "5b".repeat(32));
    let stale = ["--organization", "bank", "--definition", &another];
    let (stale, _, _) = run(&[&["approve"][..], &place, &stale].concat()).await;

    assert_eq!(
        shown,
        format!(
            "contract/evidence on main of ledger: provisioning, version -, sequence -\n\
             proposed: version 1.0, sequence 1, 0 of 1 approvals\n\
             definition: {digest}\n\
             package: evidence_1.0:aa\n\
             endorsement policy: -\n\
             ORGANIZATION   MSP       STANDING   INSTALLED   PEERS   REASON\n\
             bank           BankMSP   waiting    1           1       -\n"
        )
    );
    assert_eq!(rejected, format!("bank rejects {digest}\n"));
    assert_eq!(approved, format!("bank approves {digest}\n"));
    assert_eq!(stale, Exit::Conflict);
}
