//! What was asked can be followed to its end.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{TestApp, ledger, ready};

async fn create(app: &TestApp) -> String {
    let answer = app.post("/v1/chains", ledger()).await;
    let body = answer.json();
    let id = body["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.headers["location"], format!("/v1/operations/{id}"));
    assert_eq!(body["operation"]["state"], "pending");
    id
}

#[tokio::test]
async fn an_operation_succeeds_when_its_resource_is_ready() {
    let app = TestApp::new().await;
    let id = create(&app).await;

    app.report("ledger", ready(1)).await;
    let operation = app.get(&format!("/v1/operations/{id}")).await.json();

    assert_eq!(operation["state"], "succeeded");
    assert_eq!(operation["progress"], json!({"done": 1, "total": 1}));
    assert_eq!(operation["target"]["name"], "ledger");
    assert!(operation["endTime"].is_string());
}

#[tokio::test]
async fn waiting_answers_as_soon_as_it_ends() {
    let app = std::sync::Arc::new(TestApp::new().await);
    let id = create(&app).await;
    let runner = app.app.operations.clone();
    let stop = app.app.stop.clone();
    tokio::spawn(async move { runner.run(stop).await });

    let waiter = tokio::spawn({
        let (app, path) = (app.clone(), format!("/v1/operations/{id}:wait?timeout=30s"));
        async move { app.get(&path).await.json() }
    });
    app.report("ledger", ready(1)).await;
    let operation = tokio::time::timeout(Duration::from_secs(10), waiter)
        .await
        .expect("an answer")
        .unwrap();

    assert_eq!(operation["state"], "succeeded");
}

#[tokio::test]
async fn waiting_is_bounded_by_its_timeout() {
    let app = TestApp::new().await;
    let id = create(&app).await;

    let operation = app.get(&format!("/v1/operations/{id}:wait?timeout=1ms")).await.json();

    assert_eq!(operation["state"], "pending");
}

#[tokio::test]
async fn events_end_with_the_operation_and_can_be_resumed() {
    let app = TestApp::new().await;
    let id = create(&app).await;
    app.report("ledger", ready(1)).await;
    let path = format!("/v1/operations/{id}/events");

    let all = app.get(&path).await;
    let rest = app.call(Method::GET, &path, &[("last-event-id", "2")], None).await;
    let wrong = app.call(Method::GET, &path, &[("last-event-id", "x")], None).await;

    assert_eq!(all.headers["content-type"], "text/event-stream");
    let data = all.text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let event: Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        (event["state"].as_str(), event["revision"].as_i64()),
        (Some("succeeded"), Some(2))
    );
    assert!(
        all.text.contains("id: 2\n") && all.text.contains("event: operation\n"),
        "{}",
        all.text
    );
    assert_eq!(rest.text, "");
    assert_eq!(wrong.problem(), (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn a_second_change_waits_for_the_first_unless_that_is_stuck() {
    let app = TestApp::new().await;
    let id = create(&app).await;
    let change = json!({"spec": {"displayName": "Ledger"}});

    let early = app.patch("/v1/chains/ledger", change.clone()).await;
    let mut stuck = ready(1);
    stuck["state"] = json!("failed");
    stuck["conditions"][0]["status"] = json!("False");
    app.report("ledger", stuck).await;
    let let_through = app.patch("/v1/chains/ledger", change).await;
    let first = app.get(&format!("/v1/operations/{id}")).await.json();

    assert_eq!(early.problem(), (409, "operation_in_progress".to_owned()));
    assert_eq!(early.json()["operationId"], id);
    assert_eq!(early.headers["retry-after"], "1");
    assert_eq!(let_through.status.as_u16(), 202, "{}", let_through.text);
    assert_eq!(first["state"], "cancelled");
}

#[tokio::test]
async fn a_rejected_spec_fails_the_operation_in_the_operators_words() {
    let app = TestApp::new().await;
    let id = create(&app).await;
    let mut rejected = ready(1);
    rejected["state"] = json!("rejected");
    rejected["conditions"] = json!([{"type": "Accepted", "status": "False", "reason": "Invalid",
        "message": "spec.members[0]: no such organization", "lastTransitionTime": "2026-11-21T12:00:00Z"}]);

    app.report("ledger", rejected).await;
    let operation = app.get(&format!("/v1/operations/{id}")).await.json();

    assert_eq!(
        (operation["state"].as_str(), operation["error"]["detail"].as_str()),
        (Some("failed"), Some("spec.members[0]: no such organization"))
    );
}

#[tokio::test]
async fn operations_are_listed_newest_first_by_target() {
    let app = TestApp::new().await;
    create(&app).await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;

    let all = app.get("/v1/operations").await.json();
    let of_chains = app.get("/v1/operations?targetKind=Chain").await.json();

    let kinds = |list: &Value| -> Vec<String> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["target"]["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (kinds(&all), kinds(&of_chains)),
        (vec!["Organization".into(), "Chain".into()], vec!["Chain".into()])
    );
}

#[tokio::test]
async fn a_restart_is_an_operation_on_the_node() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    let answer = app
        .call(Method::POST, "/v1/chains/ledger/nodes/orderer0:restart", &[], None)
        .await;

    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
    let operation = &answer.json()["operation"];
    assert_eq!(
        (operation["type"].as_str(), operation["target"]["node"].as_str()),
        (Some("restart"), Some("orderer0"))
    );
}
