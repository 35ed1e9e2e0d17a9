//! Create, read, list, change, delete.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{TestApp, ledger, ready};

#[tokio::test]
async fn a_chain_is_shown_with_its_defaults_and_standard_fields() {
    let app = TestApp::with_chain().await;

    let answer = app.get("/v1/chains/ledger").await;

    let body = answer.json();
    assert_eq!(answer.headers["etag"], body["etag"].as_str().unwrap());
    assert_eq!(
        (
            body["name"].as_str(),
            body["generation"].as_i64(),
            body["state"].as_str()
        ),
        (Some("ledger"), Some(1), Some("pending"))
    );
    assert_eq!(body["spec"]["ordering"], json!({"replicas": 3}));
    assert_eq!(body["spec"]["channels"][0]["name"], "main");
    assert!(body["createTime"].is_string() && body["uid"].is_string());
    assert_eq!(body["updateTime"], body["createTime"]);
}

#[tokio::test]
async fn a_list_leaves_statuses_out_for_who_wants_the_basics() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    let full = app.get("/v1/chains").await.json();
    let basic = app.get("/v1/chains?view=basic").await.json();

    let mut expected = full["items"][0].clone();
    expected.as_object_mut().unwrap().remove("status").unwrap();
    assert_eq!(basic["items"], json!([expected]));
    let wrong = app.get("/v1/chains?view=all").await;
    assert_eq!(wrong.problem(), (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn validate_only_checks_and_changes_nothing() {
    let app = TestApp::new().await;

    let checked = app.post("/v1/chains?validateOnly=true", ledger()).await;
    let wrong = app
        .post("/v1/chains?validateOnly=true", json!({"name": "ledger", "spec": {}}))
        .await;

    assert_eq!((checked.status, wrong.status.as_u16()), (StatusCode::OK, 422));
    assert_eq!(checked.json().get("operation"), None);
    assert_eq!(app.get("/v1/chains/ledger").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_is_answered_in_pages() {
    let app = TestApp::new().await;
    for name in ["c", "a", "b"] {
        app.post("/v1/organizations", json!({"name": name, "spec": {}})).await;
    }

    let first = app.get("/v1/organizations?pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let second = app
        .get(&format!("/v1/organizations?pageSize=2&pageToken={token}"))
        .await
        .json();
    let foreign = app.get(&format!("/v1/chains?pageToken={token}")).await;

    let names = |list: &Value| -> Vec<String> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (names(&first), names(&second)),
        (vec!["a".into(), "b".into()], vec!["c".to_owned()])
    );
    assert_eq!(second.get("nextPageToken"), None);
    assert_eq!(foreign.problem(), (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    let answer = app
        .patch(
            "/v1/chains/ledger",
            json!({"labels": {"tier": "gold"}, "spec": {"batch": {"maxMessageCount": 10}}}),
        )
        .await;

    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let body = answer.json()["resource"].clone();
    assert_eq!(body["generation"], 2);
    assert_eq!(body["labels"], json!({"tier": "gold"}));
    assert_eq!(body["spec"]["batch"], json!({"maxMessageCount": 10}));
    assert_eq!(body["spec"]["members"], json!([{"organization": "bank", "peers": 1}]));
}

#[tokio::test]
async fn a_change_that_changes_nothing_has_no_operation() {
    let app = TestApp::with_chain().await;

    let answer = app
        .put(
            "/v1/chains/ledger",
            json!({"spec": {"members": [{"organization": "bank"}]}}),
        )
        .await;

    assert_eq!((answer.status, answer.json().get("operation")), (StatusCode::OK, None));
}

#[tokio::test]
async fn put_creates_what_is_not_there() {
    let app = TestApp::new().await;

    let answer = app
        .put("/v1/organizations/bank", json!({"spec": {"displayName": "Bank"}}))
        .await;

    assert_eq!(
        (
            answer.status.as_u16(),
            answer.json()["operation"]["type"].as_str().map(str::to_owned)
        ),
        (202, Some("create".to_owned()))
    );
}

#[tokio::test]
async fn an_old_etag_is_refused_and_a_status_does_not_make_it_old() {
    let app = TestApp::with_chain().await;
    let etag = app.get("/v1/chains/ledger").await.json()["etag"]
        .as_str()
        .unwrap()
        .to_owned();
    app.report("ledger", ready(1)).await;
    let change = |name: &str| Some(json!({"spec": {"displayName": name}}));

    let first = app
        .call(
            Method::PATCH,
            "/v1/chains/ledger",
            &[("if-match", &etag)],
            change("one"),
        )
        .await;
    let second = app
        .call(
            Method::PATCH,
            "/v1/chains/ledger",
            &[("if-match", &etag)],
            change("two"),
        )
        .await;
    let deletion = app
        .call(Method::DELETE, "/v1/chains/ledger", &[("if-match", &etag)], None)
        .await;
    let absent = app
        .call(
            Method::PUT,
            "/v1/chains/other",
            &[("if-match", "*")],
            Some(json!({"spec": {"members": [{"organization": "bank"}]}})),
        )
        .await;

    assert_eq!(first.status.as_u16(), 202, "{}", first.text);
    assert_eq!(second.problem(), (412, "precondition_failed".to_owned()));
    assert_eq!(deletion.problem(), (412, "precondition_failed".to_owned()));
    assert_eq!(absent.problem(), (412, "precondition_failed".to_owned()));
}

#[tokio::test]
async fn a_field_that_cannot_change_is_named() {
    let app = TestApp::new().await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;

    let answer = app
        .patch("/v1/organizations/bank", json!({"spec": {"mspId": "OtherMSP"}}))
        .await;
    let same = app
        .patch(
            "/v1/organizations/bank?validateOnly=true",
            json!({"spec": {"mspId": "BankMSP"}}),
        )
        .await;
    let name = app.patch("/v1/organizations/bank", json!({"name": "other"})).await;

    assert_eq!(answer.problem(), (422, "immutable_field".to_owned()));
    assert_eq!(
        answer.json()["detail"],
        "/spec/mspId: cannot change from \"BankMSP\" to \"OtherMSP\""
    );
    assert_eq!(same.status.as_u16(), 200);
    assert_eq!(name.problem(), (422, "immutable_field".to_owned()));
}

#[tokio::test]
async fn a_deleted_resource_is_gone_when_its_operation_has_succeeded() {
    let app = TestApp::with_chain().await;

    let answer = app.delete("/v1/chains/ledger?force=true").await;
    let id = answer.json()["operation"]["id"].as_str().unwrap().to_owned();
    let operation = app.get(&format!("/v1/operations/{id}")).await.json();

    assert_eq!(
        (answer.status.as_u16(), operation["state"].as_str()),
        (202, Some("succeeded"))
    );
    assert_eq!(app.get("/v1/chains/ledger").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_chain_has_made_is_changed_through_the_chain() {
    let app = TestApp::new().await;
    let labels = entente_api::names::chain_labels("ledger");
    let mut member =
        entente_api::Member::new("ledger.bank", entente_api::member::MemberSpec::new("ledger", "bank", 1));
    member.metadata.labels = Some(labels);
    app.registry.create(&TestApp::scope(), &member).await.unwrap();

    let answer = app.delete("/v1/members/ledger.bank").await;

    assert_eq!(answer.problem(), (409, "in_use".to_owned()));
    assert_eq!(
        answer.json()["hint"],
        "Change the spec of the chain \"ledger\" instead."
    );
}

#[tokio::test]
async fn an_organization_stays_while_a_chain_has_it_as_a_member() {
    let app = TestApp::with_chain().await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;

    let answer = app.delete("/v1/organizations/bank").await;
    app.delete("/v1/chains/ledger?force=true").await;
    let later = app.delete("/v1/organizations/bank").await;

    assert_eq!(answer.problem(), (409, "in_use".to_owned()));
    assert_eq!(
        answer.json()["detail"],
        "The organization \"bank\" is a member of: ledger."
    );
    assert_eq!(later.status.as_u16(), 202);
}

#[tokio::test]
async fn nodes_channels_and_logs_are_those_that_the_operator_reports() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    let nodes = app.get("/v1/chains/ledger/nodes").await.json();
    let log = app.get("/v1/chains/ledger/nodes/orderer0/logs").await;
    let followed = app.get("/v1/chains/ledger/nodes/orderer0/logs?follow=true").await;
    let channel = app.get("/v1/chains/ledger/channels/main").await.json();

    assert_eq!(nodes["items"][0]["name"], "orderer0");
    assert_eq!(log.text, "orderer0 started\n");
    assert_eq!(followed.text, "event: line\ndata: orderer0 started\n\n");
    assert_eq!(channel["orderers"], json!(["orderer0"]));
}

#[tokio::test]
async fn a_connection_profile_tells_an_application_where_to_connect() {
    let app = TestApp::with_chain().await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;
    let early = app.get("/v1/chains/ledger/connection-profile").await;
    app.report("ledger", ready(1)).await;

    let profile = app.get("/v1/chains/ledger/connection-profile").await.json();

    assert_eq!(early.problem(), (409, "not_ready".to_owned()));
    assert_eq!(
        profile["organizations"]["bank"],
        json!({"mspid": "BankMSP", "peers": ["peer0-bank"]})
    );
    assert_eq!(profile["peers"]["peer0-bank"]["url"], "grpcs://127.0.0.1:1");
    assert_eq!(profile["channels"]["main"]["orderers"], json!(["orderer0"]));
}

#[tokio::test]
async fn every_example_is_accepted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let app = TestApp::new().await;
        for manifest in crate::cli::manifest::read_all(&[&path]).unwrap() {
            let uri = format!("/v1/{}/{}?validateOnly=true", manifest.kind.plural, manifest.name);

            let answer = app.put(&uri, manifest.body).await;

            assert_eq!(answer.status, StatusCode::OK, "{}: {}", path.display(), answer.text);
            seen += 1;
        }
    }
    assert!(seen > 8, "only {seen} resources in the examples");
}
