//! What organizations make of a contract's proposed definition: in the tenant that has the chain, and in one that shares it.

use axum::http::Method;
use entente_api::approval::{ContractApproval, Decision};
use entente_api::contract::{ContractDefinition, ContractSpec};
use entente_api::member::MemberSpec;
use entente_api::{Contract, Member};
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::callers::Person;
use super::matrix::{share_a_chain, take_part};
use super::{Answer, TestApp, problem};
use crate::access::{PlatformScope, Role, TenantScope};
use crate::store::webhooks::{self, Webhook};

const CONTRACT: &str = "/channels/main/contracts/evidence";

fn digest(of: u8) -> String {
    format!("sha256:{}", format!("{of:02x}").repeat(32))
}

/// Plays the operator: proposes a definition, of which the treasury stands there.
async fn propose(app: &TestApp, of: u8, treasury: &str) {
    let organization = |name: &str, standing: &str| json!({"organization": name, "mspId": format!("{name}MSP"), "standing": standing});
    let proposal = json!({
        "digest": digest(of), "sequence": 1, "version": "1.0", "packageId": "evidence_1.0:aa", "needed": 2, "committed": false,
        "organizations": [organization("treasury", treasury), organization("teller", "waiting")],
    });
    let ready = json!({"type": "Ready", "status": "False", "reason": "AwaitingApproval", "message": "", "lastTransitionTime": "2026-11-21T12:00:00.000000Z"});
    let status = json!({
        "observedGeneration": 1, "state": "provisioning", "conditions": [ready], "channel": "main", "name": "evidence",
        "proposal": proposal,
    });
    app.registry
        .put_status::<Contract>(&TestApp::scope(), "ledger.main.evidence", &status)
        .await
        .unwrap();
}

/// A contract of a chain that the installation's own tenant shares with the bank, whose owner is given.
async fn shared_contract() -> (TestApp, Person) {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let bank = app.person("bank", Role::Owner).await;
    share_a_chain(&app, &bank).await;
    take_part(&app, &bank).await;
    let member = Member::new("ledger.treasury", MemberSpec::new("ledger", "treasury", 1));
    app.registry.create(&TestApp::scope(), &member).await.unwrap();
    let spec = ContractSpec {
        chain: "ledger".to_owned(),
        name: Some("evidence".to_owned()),
        definition: ContractDefinition {
            template: Some("evidence".to_owned()),
            ..ContractDefinition::default()
        },
    };
    let contract = Contract::new("ledger.main.evidence", spec);
    app.registry.create(&TestApp::scope(), &contract).await.unwrap();
    (app, bank)
}

fn vote(organization: &str, of: u8) -> Value {
    json!({"organization": organization, "definition": digest(of), "reason": "we have read it"})
}

async fn own(app: &TestApp, verb: &str, body: Value) -> Answer {
    app.post(&format!("/v1/chains/ledger{CONTRACT}:{verb}"), body).await
}

async fn theirs(app: &TestApp, person: &Person, verb: &str, body: Value) -> Answer {
    let path = format!("/v1/chains/ledger.default{CONTRACT}:{verb}");
    app.as_person(person, Method::POST, &path, Some(body)).await
}

#[tokio::test]
async fn a_decision_is_in_its_organizations_member_and_in_the_audit() {
    let (app, _) = shared_contract().await;

    let early = own(&app, "approve", vote("treasury", 1)).await;
    propose(&app, 1, "waiting").await;
    let stale = own(&app, "approve", vote("treasury", 2)).await;
    let rejected = own(&app, "reject", vote("treasury", 1)).await.json();
    let approved = own(&app, "approve", vote("treasury", 1)).await.json();
    propose(&app, 1, "approved").await;
    let withdrawn = own(&app, "reject", vote("treasury", 1)).await;

    assert_eq!(early.problem(), problem(409, "not_ready"));
    assert_eq!(stale.problem(), problem(409, "conflict"));
    assert_eq!(withdrawn.problem(), problem(409, "conflict"));
    assert_eq!(
        (
            &rejected["awaitsApproval"],
            &rejected["members"][0]["decision"]["decision"]
        ),
        (&json!(true), &json!("reject"))
    );
    assert_eq!(
        (
            &approved["members"][0]["organization"],
            &approved["members"][0]["mayDecide"]
        ),
        (&json!("treasury"), &json!(true))
    );
    let member: Member = app
        .registry
        .get(&TestApp::scope(), "ledger.treasury")
        .await
        .unwrap()
        .unwrap();
    let decisions: Vec<(Decision, &str, Option<&str>)> = member
        .spec
        .approvals
        .iter()
        .map(|one| (one.decision, one.definition.as_str(), one.by.as_deref()))
        .collect();
    assert_eq!(
        decisions,
        [(Decision::Approve, digest(1).as_str(), Some("installation"))]
    );
    let rows = app.get("/v1/audit-events").await.json();
    let rows = rows["items"].as_array().unwrap().iter();
    let row = rows
        .rev()
        .find(|row| row["action"] == "contract_approve" && row["outcome"] == "done");
    let row = row.unwrap_or_else(|| panic!("no row of the approval"));
    assert_eq!(
        (&row["object"], &row["before"]["decision"], &row["after"]["decision"]),
        (&json!("members/ledger.treasury"), &json!("reject"), &json!("approve"))
    );
}

#[tokio::test]
async fn another_tenants_organization_decides_there_and_nobody_else_for_it() {
    let (app, bank) = shared_contract().await;
    propose(&app, 1, "approved").await;

    let by_the_owner = own(&app, "approve", vote("teller", 1)).await;
    let for_the_owner = theirs(&app, &bank, "reject", vote("treasury", 1)).await;
    let approved = theirs(&app, &bank, "approve", vote("teller", 1)).await;

    assert_eq!(by_the_owner.problem(), problem(403, "forbidden"));
    assert_eq!(for_the_owner.problem(), problem(403, "forbidden"));
    assert_eq!(approved.status, 200, "{}", approved.text);
    let shown = approved.json();
    assert_eq!(
        (&shown["chain"], &shown["proposal"]["digest"]),
        (&json!("ledger.default"), &json!(digest(1)))
    );
    let organizations: Vec<&Value> = shown["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["organization"])
        .collect();
    assert_eq!(organizations, ["teller"]);
    let member: Member = app
        .registry
        .get(&Scope::namespace("bank"), "in-ledger")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(member.spec.approvals[0].by.as_deref(), Some("owner@bank.example"));
    let seen = app.get(&format!("/v1/chains/ledger{CONTRACT}")).await.json();
    assert!(!seen.to_string().contains("owner@bank.example"), "{seen:#}");
}

#[tokio::test]
async fn a_signer_votes_for_the_own_organization_alone() {
    let (app, bank) = shared_contract().await;
    propose(&app, 1, "approved").await;
    let signer = app.person("bank", Role::Signer).await;
    let path = format!("/v1/chains/ledger.default{CONTRACT}");
    let may_decide = async || {
        let seen = app.as_person(&signer, Method::GET, &path, None).await.json();
        seen["members"][0]["mayDecide"].clone()
    };

    let before = may_decide().await;
    let refused = theirs(&app, &signer, "approve", vote("teller", 1)).await;
    let users = app.as_person(&bank, Method::GET, "/v1/users", None).await.json();
    let users = users["items"].as_array().unwrap();
    let id = users.iter().find(|user| user["role"] == "signer").unwrap()["id"].clone();
    let change = json!({"role": "signer", "organization": "teller"});
    let user = format!("/v1/users/{}", id.as_str().unwrap());
    let moved = app.as_person(&bank, Method::PATCH, &user, Some(change)).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    let after = may_decide().await;
    let approved = theirs(&app, &signer, "approve", vote("teller", 1)).await;

    assert_eq!(refused.problem(), problem(403, "forbidden"));
    assert_eq!((before, after), (json!(false), json!(true)));
    assert_eq!(approved.status, 200, "{}", approved.text);
}

#[tokio::test]
async fn a_vote_says_what_it_is_about_and_a_rejection_why() {
    let (app, _) = shared_contract().await;
    propose(&app, 1, "waiting").await;
    let with = |field: &str, value: Value| {
        let mut body = vote("treasury", 1);
        body[field] = value;
        body
    };

    let silent = own(&app, "reject", with("reason", Value::Null)).await;
    let long = own(&app, "approve", with("reason", json!("x".repeat(501)))).await;
    let short = own(&app, "approve", with("definition", json!("sha256:12"))).await;
    let nobody = own(&app, "approve", vote("nobody", 1)).await;

    let pointer = |answer: &Answer| answer.json()["errors"][0]["pointer"].clone();
    assert_eq!(
        [&silent, &long, &short].map(pointer),
        ["/reason", "/reason", "/definition"]
    );
    assert_eq!(nobody.problem(), problem(404, "not_found"));
    let path = "/v1/chains/ledger/channels/main/contracts/nothing";
    assert_eq!(app.get(path).await.problem(), problem(404, "not_found"));
}

#[tokio::test]
async fn who_may_change_a_membership_says_who_decides_and_decides_nothing() {
    let (app, bank) = shared_contract().await;
    propose(&app, 1, "approved").await;
    theirs(&app, &bank, "approve", vote("teller", 1)).await;
    let patch = async |spec: Value| {
        let body = Some(json!({ "spec": spec }));
        app.as_person(&bank, Method::PATCH, "/v1/members/in-ledger", body).await
    };
    let mut forged =
        json!({"channel": "main", "contract": "evidence", "definition": digest(2), "decision": "approve"});

    let manual = patch(json!({"contractApproval": "manual"})).await;
    let refused = patch(json!({"approvals": [forged.take()]})).await;

    assert_eq!(manual.status, 202, "{}", manual.text);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/spec/approvals");
    let member: Member = app
        .registry
        .get(&Scope::namespace("bank"), "in-ledger")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (member.spec.contract_approval, member.spec.approvals.len()),
        (ContractApproval::Manual, 1)
    );
}

#[tokio::test]
async fn a_tenant_is_told_once_of_each_proposal_that_awaits_it() {
    let (app, _) = shared_contract().await;
    let db = &app.app.db;
    let scopes = ["default", "bank"].map(|tenant| TenantScope::for_background_task("test", tenant));
    for scope in &scopes {
        let webhook = Webhook {
            id: format!("w-{}", scope.namespace()),
            url: "https://bank.example/".to_owned(),
            description: String::new(),
            events: vec!["contract.awaitingApproval".to_owned()],
            is_enabled: true,
            created_by: "li@bank.example".to_owned(),
            create_time: entente_api::time::Time::now(),
            failing_since: None,
            disable_reason: None,
        };
        webhooks::insert(db, scope, &webhook, "whsec_", 20).await.unwrap();
    }
    let platform = PlatformScope::for_background_task("test");
    let tell = async || {
        for contract in app.app.resources.proposed_contracts(&platform).await.unwrap() {
            crate::webhook::awaited::tell(db, &app.app.resources, &contract)
                .await
                .unwrap();
        }
    };

    propose(&app, 1, "approved").await;
    tell().await;
    tell().await;
    propose(&app, 2, "waiting").await;
    tell().await;

    let told = async |scope: &TenantScope| {
        let id = format!("w-{}", scope.namespace());
        let deliveries = webhooks::deliveries(db, scope, &id, None, 10).await.unwrap();
        let bodies = deliveries.iter().rev().map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            let data = &body["data"];
            json!([data["chain"], data["organizations"], data["proposal"]["digest"]])
        });
        bodies.collect::<Vec<_>>()
    };
    assert_eq!(told(&scopes[0]).await, [json!(["ledger", ["treasury"], digest(2)])]);
    assert_eq!(
        told(&scopes[1]).await,
        [
            json!(["ledger.default", ["teller"], digest(1)]),
            json!(["ledger.default", ["teller"], digest(2)])
        ]
    );
}
