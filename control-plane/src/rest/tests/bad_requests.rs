//! Whatever is sent, the answer is a problem that says what is wrong.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{TOKEN, TestApp, ledger, problem, ready};
use crate::rest::extract::LARGEST_BODY;

async fn raw(
    app: &TestApp,
    method: &str,
    path: &str,
    media_type: Option<&str>,
    body: impl Into<Body>,
) -> (u16, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"));
    if let Some(media_type) = media_type {
        request = request.header("content-type", media_type);
    }
    app.send(request.body(body.into()).unwrap()).await.problem()
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = TestApp::new().await;

    assert_eq!(
        app.get("/.well-known/nothing").await.problem(),
        problem(404, "no_such_route")
    );
    assert_eq!(
        app.get("/v1/blockchains").await.problem(),
        problem(404, "no_such_route")
    );
    assert_eq!(
        app.get("/v1/chains/ledger:explode").await.problem(),
        problem(404, "no_such_route")
    );
    let answer = app.call(Method::DELETE, "/v1/chains", &[], None).await;
    assert_eq!(answer.problem(), problem(405, "method_not_allowed"));
    assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
}

#[tokio::test]
async fn problems_are_told_in_the_callers_language_and_mean_the_same() {
    let app = TestApp::new().await;
    let body = json!({"name": "ledger", "spec": {"members": [{"organization": "bank", "peers": 40}]}});
    let chinese = [("accept-language", "zh-CN,zh;q=0.9,en;q=0.8")];

    let english = app.post("/v1/chains", body.clone()).await;
    let translated = app.call(Method::POST, "/v1/chains", &chinese, Some(body)).await;
    let kind = app.call(Method::GET, "/v1/problems/not_found", &chinese, None).await;

    assert_eq!(english.headers["content-language"], "en");
    assert_eq!(translated.headers["content-language"], "zh-CN");
    assert_eq!(translated.problem(), english.problem());
    let (english, translated) = (english.json(), translated.json());
    assert_eq!(
        (&english["title"], &translated["title"]),
        (&json!("Some fields cannot be used"), &json!("某些字段无法使用"))
    );
    let case = english["detail"].as_str().unwrap();
    assert_eq!(translated["detail"], format!("请求中的某些字段不符合要求。（{case}）"));
    assert_eq!(translated["errors"][0]["pointer"], english["errors"][0]["pointer"]);
    assert_eq!(kind.headers["content-language"], "zh-CN");
    assert_eq!(kind.json()["title"], "不存在");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let app = TestApp::new().await;
    let json = Some("application/json");

    assert_eq!(
        raw(&app, "POST", "/v1/chains", json, "{").await,
        problem(400, "malformed_body")
    );
    assert_eq!(
        raw(&app, "POST", "/v1/chains", json, "").await,
        problem(400, "malformed_body")
    );
    assert_eq!(
        raw(&app, "POST", "/v1/chains", json, vec![0xff, 0xfe]).await,
        problem(400, "malformed_body")
    );
    assert_eq!(
        raw(&app, "POST", "/v1/chains", None, "{}").await,
        problem(415, "unsupported_media_type")
    );
    assert_eq!(
        raw(&app, "POST", "/v1/chains", Some("text/yaml"), "a: b").await,
        problem(415, "unsupported_media_type")
    );
    let deep = "[".repeat(100_000);
    assert_eq!(
        raw(&app, "POST", "/v1/chains", json, deep).await,
        problem(400, "malformed_body")
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = TestApp::new().await;

    let answer = raw(
        &app,
        "POST",
        "/v1/chains",
        Some("application/json"),
        vec![b' '; LARGEST_BODY + 1],
    )
    .await;

    assert_eq!(answer, problem(413, "payload_too_large"));
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let app = TestApp::new().await;

    let answer = app
        .post("/v1/chains", json!({"name": "Ledger!", "spec": {"members": [{"organization": "bank", "peers": 0}], "ordering": {"replicas": 4}}}))
        .await;

    assert_eq!(answer.problem(), problem(422, "validation_failed"));
    let body = answer.json();
    let pointers: Vec<&str> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/name", "/spec/members/0/peers", "/spec/ordering/replicas"]);
    assert_eq!(body["type"], "/v1/problems/validation_failed");
    assert_eq!(body["instance"], "/v1/chains");
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_refused_by_field() {
    let app = TestApp::new().await;
    let first =
        |answer: super::Answer| -> (u16, Value) { (answer.status.as_u16(), answer.json()["errors"][0].clone()) };
    let error = |pointer: &str, code: &str, detail: &str| json!({"pointer": pointer, "code": code, "detail": detail});

    assert_eq!(
        first(app.post("/v1/chains", json!({"spec": {}})).await),
        (422, error("", "required", "missing field `name`"))
    );
    assert_eq!(
        first(
            app.post("/v1/chains", json!({"name": "a", "spec": {}, "kind": "Chain"}))
                .await
        ),
        (
            422,
            error(
                "/kind",
                "invalid",
                "unknown field `kind`, expected one of `name`, `labels`, `spec`"
            )
        )
    );
    assert_eq!(
        first(
            app.post("/v1/chains", json!({"name": "a", "spec": {"member": []}}))
                .await
        ),
        (422, error("/spec/member", "unknown_field", "there is no such field"))
    );
    assert_eq!(
        first(
            app.post("/v1/organizations", json!({"name": "a", "spec": {"mspId": "a b"}}))
                .await
        ),
        (
            422,
            error(
                "/spec/mspId",
                "invalid",
                "\"a b\" is not an MSP id; use letters, digits, dots and dashes, fewer than 250"
            )
        )
    );
    assert_eq!(
        first(
            app.post(
                "/v1/identities",
                json!({"name": "a", "spec": {"organization": "bank", "validityDays": 0}})
            )
            .await
        ),
        (422, error("/spec/validityDays", "invalid", "must be 1 to 3650"))
    );
    assert_eq!(app.post("/v1/chains", json!(["a"])).await.status.as_u16(), 422);
    assert_eq!(app.post("/v1/chains", json!(null)).await.status.as_u16(), 422);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    for path in [
        "/v1/chains?pageSize=-1",
        "/v1/chains?pageSize=many",
        "/v1/chains?pageToken=x",
        "/v1/operations?running=maybe",
        "/v1/operations/x:wait?timeout=soon",
        "/v1/chains/ledger/nodes/orderer0/logs?tail=-3",
        "/v1/chains/ledger/connection-profile?organization=nobody",
        "/v1/chains/ledger/channels/main/blocks/minus-one",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.problem(), problem(400, "invalid_parameter"), "{path}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_404_whatever_is_asked_of_it() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;

    for path in [
        "/v1/chains/none",
        "/v1/chains/none/nodes",
        "/v1/chains/ledger/nodes/none",
        "/v1/chains/ledger/nodes/none/logs",
        "/v1/chains/none/channels",
        "/v1/chains/ledger/channels/none",
        "/v1/chains/ledger/channels/none/info",
        "/v1/chains/none/channels/main/blocks/0",
        "/v1/operations/none",
        "/v1/operations/none:wait",
        "/v1/operations/none/events",
        "/v1/problems/none",
        "/v1/chains/..%2f..%2fetc",
    ] {
        assert_eq!(app.get(path).await.problem(), problem(404, "not_found"), "{path}");
    }
    let call = json!({"function": "x"});
    assert_eq!(
        app.post("/v1/chains/none/channels/main/contracts/evidence:submit", call)
            .await
            .problem(),
        problem(404, "not_found")
    );
    assert_eq!(app.delete("/v1/chains/none").await.problem(), problem(404, "not_found"));
    assert_eq!(
        app.patch("/v1/chains/none", json!({"spec": {}})).await.problem(),
        problem(404, "not_found")
    );
}

#[tokio::test]
async fn a_ledger_whose_peer_is_away_is_503_and_one_without_keys_is_not_ready() {
    let app = TestApp::with_chain().await;

    let early = app.get("/v1/chains/ledger/channels/main/info").await.problem();
    app.report("ledger", ready(1)).await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;
    let keyless = app.get("/v1/chains/ledger/channels/main/info").await.problem();

    assert_eq!(early, problem(409, "not_ready"));
    assert_eq!(keyless, problem(409, "not_ready"));
}

#[tokio::test]
async fn a_call_that_cannot_be_made_is_refused_before_any_node_is_asked() {
    let app = TestApp::with_chain().await;
    let path = "/v1/chains/ledger/channels/main/contracts/evidence:submit";

    let answer = app.post(path, json!({"function": "", "transient": {"k": "%%"}})).await;
    assert_eq!(answer.problem(), problem(422, "validation_failed"));
    assert_eq!(
        app.post(path, json!({"arguments": []})).await.problem(),
        problem(422, "validation_failed")
    );
    assert_eq!(
        app.post(path, json!({"function": "a", "args": []})).await.problem(),
        problem(422, "validation_failed")
    );
}

#[tokio::test]
async fn a_request_id_is_taken_over_and_answered() {
    let app = TestApp::new().await;

    let own = app
        .call(Method::GET, "/v1/chains/none", &[("x-request-id", "trace-7")], None)
        .await;
    let forged = app
        .call(Method::GET, "/v1/chains/none", &[("x-request-id", "a b\tc")], None)
        .await;

    assert_eq!(own.json()["requestId"], "trace-7");
    assert_ne!(forged.json()["requestId"], "a b\tc");
}

#[tokio::test]
async fn the_same_name_twice_is_a_conflict() {
    let app = TestApp::with_chain().await;

    assert_eq!(
        app.post("/v1/chains", ledger()).await.problem(),
        problem(409, "already_exists")
    );
}
