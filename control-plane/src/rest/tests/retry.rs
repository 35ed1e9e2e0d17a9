//! Trying a failed step again.

use axum::http::Method;
use entente_api::Chain;
use serde_json::json;

use super::{TestApp, ledger, problem, ready};

#[tokio::test]
async fn a_failed_step_is_tried_again_and_what_goes_well_is_not() {
    let app = TestApp::new().await;
    let made = app.post("/v1/chains", ledger()).await.json();
    let id = made["operation"]["id"].as_str().unwrap();
    let retry = format!("/v1/operations/{id}:retry");
    let early = app.post(&retry, json!({})).await;
    let mut status = ready(1);
    status["state"] = json!("failed");
    status["conditions"][0]["status"] = json!("False");
    status["steps"] =
        json!([{"name": "orderers", "state": "failed", "attempt": 3, "cause": "no room", "message": "starting"}]);
    app.report("ledger", status).await;

    let accepted = app
        .call(Method::POST, &retry, &[("accept-language", "zh-CN")], Some(json!({})))
        .await;

    let chain: Chain = app.registry.get(&TestApp::scope(), "ledger").await.unwrap().unwrap();
    let retried = chain.metadata.annotations.unwrap_or_default();
    assert_eq!(early.problem(), problem(409, "nothing_to_retry"));
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    assert_eq!(accepted.json()["steps"][0]["title"], "启动排序节点");
    assert!(retried.contains_key("entente.dev/retried"), "{retried:?}");
    app.report("ledger", ready(1)).await;
    let late = app.post(&retry, json!({})).await;
    assert_eq!(late.problem(), problem(409, "nothing_to_retry"));
    assert_eq!(late.json()["detail"], "It has succeeded.");
}
