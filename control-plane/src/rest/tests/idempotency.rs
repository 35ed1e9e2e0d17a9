//! A repeated request is carried out once.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, TestApp, ledger};

async fn keyed(app: &TestApp, path: &str, key: &str, body: Value) -> Answer {
    app.call(Method::POST, path, &[("idempotency-key", key)], Some(body))
        .await
}

#[tokio::test]
async fn a_repeated_create_is_answered_the_same_and_creates_once() {
    let app = TestApp::new().await;

    let first = keyed(&app, "/v1/chains", "k1", ledger()).await;
    let again = keyed(&app, "/v1/chains", "k1", ledger()).await;

    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text);
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let app = TestApp::new().await;
    keyed(&app, "/v1/chains", "k1", ledger()).await;

    let other = keyed(&app, "/v1/organizations", "k1", json!({"name": "bank", "spec": {}})).await;

    assert_eq!(other.problem(), (422, "idempotency_key_reused".to_owned()));
}

#[tokio::test]
async fn a_refused_request_gives_its_key_back() {
    let app = TestApp::new().await;
    let mut wrong = ledger();
    wrong["spec"]["members"] = json!([]);

    let refused = keyed(&app, "/v1/chains", "k1", wrong).await;
    let mended = keyed(&app, "/v1/chains", "k1", ledger()).await;

    assert_eq!((refused.status.as_u16(), mended.status.as_u16()), (422, 202));
}

#[tokio::test]
async fn a_private_key_is_returned_once_even_to_a_repeated_request() {
    let app = TestApp::new().await;
    let body = json!({"name": "till", "spec": {"organization": "bank"}});

    let first = keyed(&app, "/v1/identities:enroll", "k1", body.clone()).await;
    let again = keyed(&app, "/v1/identities:enroll", "k1", body).await;

    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text);
    assert!(
        first.json()["privateKey"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    let request = first.json()["resource"]["spec"]["certificateRequest"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    assert_eq!(
        (again.status.as_u16(), again.json()["code"].as_str()),
        (409, Some("secret_already_returned"))
    );
    assert!(!again.text.contains("PRIVATE KEY-----"));
    assert!(!app.get("/v1/identities/till").await.text.contains("PRIVATE KEY-----"));
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused() {
    let app = TestApp::new().await;

    let answer = keyed(&app, "/v1/chains", &"k".repeat(256), ledger()).await;

    assert_eq!(answer.problem(), (400, "invalid_parameter".to_owned()));
}
