//! Which legal party an organization is, and what it may not do before somebody has checked that.

use axum::http::{Method, StatusCode};
use entente_api::Organization;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::callers::Person;
use super::{TestApp, ledger};
use crate::access::Role;

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn record() -> Value {
    json!({
        "legalName": "Bank of Hebei Co., Ltd.", "registrationNumber": "91130000104321234X",
        "contact": {"name": "Li Wei", "email": "li@bank.example"},
        "documents": [{"name": "business licence", "digest": DIGEST}],
    })
}

/// An installation that asks for records, with an organization `bank` in a tenant of its own.
async fn scene() -> (TestApp, Person) {
    let mut app = TestApp::new().await;
    app.app.requires_real_names = true;
    app.service = crate::rest::service(app.app.clone());
    app.tenant_named("hebei").await;
    let owner = app.person("hebei", Role::Owner).await;
    let made = app
        .as_person(
            &owner,
            Method::POST,
            "/v1/organizations",
            Some(json!({"name": "bank", "spec": {}})),
        )
        .await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    (app, owner)
}

impl TestApp {
    /// As the operator sees it.
    async fn organization(&self, namespace: &str, name: &str) -> Organization {
        let found = self.registry.get(&Scope::namespace(namespace), name).await;
        found.unwrap().unwrap()
    }
}

#[tokio::test]
async fn what_was_approved_before_the_operator_asked_is_noted_by_the_way() {
    let (app, owner) = scene().await;
    let submitted = app
        .as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(record()))
        .await
        .json();
    let approve = format!(
        "/v1/admin/organization-records/{}:approve",
        submitted["uid"].as_str().unwrap()
    );
    app.post(&approve, json!({"revision": 1})).await;
    let mut bank = app.organization("hebei", "bank").await;
    bank.metadata.annotations = None;
    app.registry.update(&Scope::namespace("hebei"), &bank).await.unwrap();

    crate::rest::records::note_all(&app.app).await.unwrap();

    assert!(app.organization("hebei", "bank").await.has_approved_record());
}

#[tokio::test]
async fn no_organization_takes_part_in_a_chain_before_its_record_is_approved() {
    let (app, owner) = scene().await;
    let found = async || app.as_person(&owner, Method::POST, "/v1/chains", Some(ledger())).await;
    let joined = async || {
        let member = json!({"name": "bank-in-ledger", "spec": {"chain": "ledger", "chainNamespace": "tax", "organization": "bank"}});
        app.as_person(&owner, Method::POST, "/v1/members", Some(member)).await
    };
    let refused = (403, "real_name_required".to_owned());

    assert_eq!(found().await.problem(), refused);
    assert_eq!(joined().await.problem(), refused);
    let submitted = app
        .as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(record()))
        .await
        .json();
    assert_eq!(
        (&submitted["state"], &submitted["revision"]),
        (&json!("submitted"), &json!(1))
    );
    let waiting = found().await;
    assert_eq!(waiting.problem(), refused);
    assert_eq!(
        waiting.json()["detail"],
        "The record of the organization \"bank\" has not been checked yet."
    );

    let path = format!("/v1/admin/organization-records/{}", submitted["uid"].as_str().unwrap());
    let unseen = app.post(&format!("{path}:approve"), json!({"revision": 2})).await;
    assert_eq!(unseen.problem(), (409, "conflict".to_owned()));
    assert!(!app.organization("hebei", "bank").await.has_approved_record());
    let reason = json!({"revision": 1, "reason": "The licence is unreadable."});
    app.post(&format!("{path}:refuse"), reason).await;
    let again = found().await;
    assert_eq!(
        again.json()["detail"],
        "The record of the organization \"bank\" was refused: The licence is unreadable."
    );
    assert_eq!(
        again.json()["hint"],
        "Submit it with PUT /v1/organizations/bank/record; an operator of the platform checks it."
    );

    app.as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(record()))
        .await;
    let approved = app.post(&format!("{path}:approve"), json!({"revision": 2})).await;
    assert_eq!(approved.json()["state"], "approved", "{}", approved.text);
    assert!(app.organization("hebei", "bank").await.has_approved_record());
    let chain = found().await;
    assert_eq!(chain.status, StatusCode::ACCEPTED, "{}", chain.text);
    let another = json!({"spec": {"members": [{"organization": "bank"}, {"organization": "tax"}]}});
    let widened = app
        .as_person(&owner, Method::PATCH, "/v1/chains/ledger", Some(another))
        .await;
    assert_eq!(widened.problem(), refused);
    assert_eq!(joined().await.status, StatusCode::ACCEPTED);

    let mut other = record();
    other["registrationNumber"] = json!("2");
    app.as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(other))
        .await;
    assert!(!app.organization("hebei", "bank").await.has_approved_record());
}

#[tokio::test]
async fn a_record_is_its_tenants_and_the_platforms_alone() {
    let (app, owner) = scene().await;
    app.tenant_named("rival").await;
    let rival = app.person("rival", Role::Owner).await;
    let path = "/v1/organizations/bank/record";
    let before = app.as_person(&owner, Method::GET, path, None).await;
    let submitted = app.as_person(&owner, Method::PUT, path, Some(record())).await.json();
    let uid = submitted["uid"].as_str().unwrap();

    assert_eq!(before.problem(), (404, "not_found".to_owned()));
    assert_eq!(
        app.as_person(&rival, Method::GET, path, None).await.problem(),
        (404, "not_found".to_owned())
    );
    let approve = format!("/v1/admin/organization-records/{uid}:approve");
    let own = app
        .as_person(&owner, Method::POST, &approve, Some(json!({"revision": 1})))
        .await;
    assert_eq!(own.problem(), (403, "forbidden".to_owned()));
    let waiting = app.get("/v1/admin/organization-records?state=submitted").await.json();
    assert_eq!(waiting, json!({"items": [submitted]}));
    assert_eq!(
        app.get("/v1/admin/organization-records?state=approved").await.json(),
        json!({"items": []})
    );
}

#[tokio::test]
async fn a_record_that_nobody_could_check_is_refused_by_field() {
    let (app, owner) = scene().await;
    let wrong = json!({
        "legalName": " ", "registrationNumber": "9", "contact": {"name": "Li", "email": "nobody"},
        "documents": [{"name": "licence", "digest": "sha256:12"}],
    });

    let answer = app
        .as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(wrong))
        .await;

    let body = answer.json();
    let pointers: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(pointers, ["/legalName", "/contact/email", "/documents/0/digest"]);
}

#[tokio::test]
async fn an_organization_made_anew_is_another_one_and_begins_without_a_record() {
    let (app, owner) = scene().await;
    let path = "/v1/organizations/bank";
    let read = async || app.as_person(&owner, Method::GET, path, None).await.json();
    let first = read().await;
    app.as_person(&owner, Method::PUT, "/v1/organizations/bank/record", Some(record()))
        .await;

    app.as_person(&owner, Method::DELETE, path, None).await;
    let retired = json!({"name": "bank", "uid": first["uid"], "spec": {}});
    let reused = app
        .as_person(&owner, Method::POST, "/v1/organizations", Some(retired))
        .await;
    let made = app
        .as_person(
            &owner,
            Method::POST,
            "/v1/organizations",
            Some(json!({"name": "bank", "spec": {}})),
        )
        .await;

    assert_eq!(reused.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    assert_ne!(read().await["uid"], first["uid"]);
    let record = app
        .as_person(&owner, Method::GET, "/v1/organizations/bank/record", None)
        .await;
    assert_eq!(record.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn organizations_of_one_display_name_are_told_apart_by_their_uids() {
    let (app, owner) = scene().await;
    let mut uids = Vec::new();
    for name in ["first", "second"] {
        let body = json!({"name": name, "spec": {"displayName": "Bank of Hebei"}});
        app.as_person(&owner, Method::POST, "/v1/organizations", Some(body))
            .await;
        let path = format!("/v1/organizations/{name}");
        uids.push(app.as_person(&owner, Method::GET, &path, None).await.json()["uid"].clone());
        let changed = app
            .as_person(&owner, Method::PATCH, &path, Some(json!({"uid": "another"})))
            .await;
        assert_eq!(changed.problem(), (422, "immutable_field".to_owned()));
    }

    assert_ne!(uids[0], uids[1]);
}
