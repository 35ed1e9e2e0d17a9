//! Programs come in by keys, and reach what those are for.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::TestApp;
use crate::access::Role;

#[tokio::test]
async fn a_key_may_what_its_scopes_say_on_its_chains_alone() {
    let app = TestApp::with_chain().await;
    let other = json!({"name": "other", "spec": {"members": [{"organization": "bank"}]}});
    assert_eq!(app.post("/v1/chains", other).await.status, StatusCode::ACCEPTED);
    let key = app.key(&["chains:read", "chains:write"], Some(&["ledger"])).await;
    let key = key["key"].as_str().unwrap();

    let listed = app.with_key(key, Method::GET, "/v1/chains", None).await.json();
    let hidden = app.with_key(key, Method::GET, "/v1/chains/other", None).await;
    let made = json!({"name": "third", "spec": {"members": [{"organization": "bank"}]}});
    let made = app.with_key(key, Method::POST, "/v1/chains", Some(made)).await;
    let deleted = app.with_key(key, Method::DELETE, "/v1/chains/ledger", None).await;

    let names: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["name"])
        .collect();
    assert_eq!(names, ["ledger"]);
    assert_eq!(hidden.problem(), (404, "not_found".to_owned()));
    assert_eq!(made.problem(), (403, "forbidden".to_owned()));
    assert_eq!(deleted.problem(), (403, "forbidden".to_owned()));
    assert_eq!(
        deleted.json()["detail"],
        "This API key does not have the scope chains:delete."
    );
}

#[tokio::test]
async fn a_key_that_asks_too_much_waits_and_its_tenant_does_not() {
    let app = TestApp::new().await;
    let body = json!({"name": "job", "scopes": ["chains:read"], "validDays": 1, "requestsPerSecond": 1});
    let made = app.post("/v1/api-keys", body).await.json();
    let key = made["key"].as_str().unwrap();

    let mut refused = None;
    for _ in 0..100 {
        let answer = app.with_key(key, Method::GET, "/v1/chains", None).await;
        if answer.status != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let tenant = app.get("/v1/chains").await;
    let wrong = json!({"name": "job", "scopes": ["chains:read"], "validDays": 1, "requestsPerSecond": 0});
    let wrong = app.post("/v1/api-keys", wrong).await;

    assert_eq!(made["requestsPerSecond"], 1);
    assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(
        refused.json()["detail"],
        "The key may make 60 requests in 60 seconds, and has made them."
    );
    assert_eq!(tenant.status, StatusCode::OK);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/requestsPerSecond");
}

#[tokio::test]
async fn a_key_is_rotated_without_a_gap_and_withdrawn_at_once() {
    let app = TestApp::new().await;
    let made = app.key(&["chains:read"], None).await;
    let (path, old) = (
        format!("/v1/api-keys/{}", made["id"].as_str().unwrap()),
        made["key"].as_str().unwrap(),
    );
    let works = async |key: &str| app.with_key(key, Method::GET, "/v1/chains", None).await.status.as_u16();

    let rotated = app
        .post(&format!("{path}:rotate"), json!({"overlapHours": 1}))
        .await
        .json();
    let new = rotated["key"].as_str().unwrap();
    let overlap = (works(old).await, works(new).await);
    app.post(&format!("{path}:rotate"), json!({"overlapHours": 0})).await;
    let ended = works(new).await;
    let shown = app.get(&path).await.json();
    let deleted = app.delete(&path).await;

    assert_eq!((overlap, ended), ((200, 200), 401));
    assert!(shown.get("key").is_none() && shown["useTime"].is_string(), "{shown}");
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_reaches_no_further_than_its_maker() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let admin = app.person("bank", Role::Admin).await;

    let body = json!({"name": "", "scopes": ["platform:tenants", "chains:steal"], "chains": [], "validDays": 0});
    let refused = app.as_person(&admin, Method::POST, "/v1/api-keys", Some(body)).await;

    let pointers: Vec<Value> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/name", "/validDays", "/scopes/0", "/scopes/1", "/chains"]);
}

#[tokio::test]
async fn a_token_may_what_its_key_may_for_an_hour() {
    let app = TestApp::with_chain().await;
    let key = app.key(&["chains:read"], Some(&["ledger"])).await;
    let exchanged = app
        .with_key(key["key"].as_str().unwrap(), Method::POST, "/v1/token", None)
        .await
        .json();
    let token = exchanged["token"].as_str().unwrap();

    let read = app.with_key(token, Method::GET, "/v1/chains/ledger", None).await;
    let written = app.with_key(token, Method::DELETE, "/v1/chains/ledger", None).await;
    let again = app.with_key(token, Method::POST, "/v1/token", None).await;
    let forged = format!("{}x", token);
    let forged = app.with_key(&forged, Method::GET, "/v1/chains/ledger", None).await;
    let published = app
        .anonymous(Method::GET, "/.well-known/jwks.json", &[], None)
        .await
        .json();

    assert_eq!((read.status, written.status), (StatusCode::OK, StatusCode::FORBIDDEN));
    assert_eq!(again.problem(), (403, "forbidden".to_owned()));
    assert_eq!(forged.problem(), (401, "unauthenticated".to_owned()));
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(published).unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert!(set.find(&kid).is_some());
}
