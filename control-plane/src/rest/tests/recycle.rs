//! The recycle bin, protection, and what stands in the way of a deletion.

use axum::http::{Method, StatusCode};
use entente_api::chain::Recycled;
use entente_api::{Chain, time::Time};
use serde_json::{Value, json};

use super::{TestApp, ledger, problem, ready};

fn shown(chain: &Value) -> (Option<&str>, bool, bool) {
    let has = |field: &str| chain[field].is_string();
    (chain["state"].as_str(), has("deleteTime"), has("purgeTime"))
}

async fn recycled(app: &TestApp) -> Option<Recycled> {
    let chain: Option<Chain> = app.registry.get(&TestApp::scope(), "ledger").await.unwrap();
    chain.and_then(|chain| chain.spec.recycled)
}

#[tokio::test]
async fn a_deleted_chain_rests_for_seven_days_and_can_be_had_back() {
    let app = TestApp::with_chain().await;

    let deleted = app.delete("/v1/chains/ledger").await;
    let resting = recycled(&app).await.unwrap();
    let again = app.delete("/v1/chains/ledger").await;
    let edited = app
        .patch("/v1/chains/ledger", json!({"spec": {"recycled": null}}))
        .await;
    let taken = app
        .post(
            "/v1/chains",
            json!({"name": "ledger", "spec": {"members": [{"organization": "bank"}]}}),
        )
        .await;
    let back = app.post("/v1/chains/ledger:undelete", Value::Null).await;
    let not_there = app.post("/v1/chains/ledger:undelete", Value::Null).await;

    assert_eq!(deleted.status.as_u16(), 202);
    assert_eq!(deleted.json()["operation"]["type"], "recycle");
    assert_eq!(shown(&deleted.json()["resource"]), (Some("deleting"), true, true));
    assert_eq!(
        resting.purge_time.get() - resting.delete_time.get(),
        chrono::TimeDelta::days(7)
    );
    assert_eq!(
        again.json()["resource"]["purgeTime"],
        deleted.json()["resource"]["purgeTime"]
    );
    assert_eq!(edited.problem(), problem(422, "immutable_field"));
    assert_eq!(taken.problem(), problem(409, "already_exists"));
    assert_eq!(back.status.as_u16(), 202);
    assert_eq!(shown(&back.json()["resource"]), (Some("pending"), false, false));
    assert_eq!(recycled(&app).await, None);
    assert_eq!(not_there.problem(), problem(409, "not_recycled"));
}

#[tokio::test]
async fn a_protected_chain_is_not_deleted_in_any_way() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;
    app.patch("/v1/chains/ledger", json!({"spec": {"deletionProtection": true}}))
        .await;

    for query in ["", "?force=true", "?purge=true", "?validateOnly=true"] {
        let refused = app
            .call(Method::DELETE, &format!("/v1/chains/ledger{query}"), &[], None)
            .await;
        assert_eq!(refused.problem(), problem(409, "deletion_protected"), "{query}");
    }
    let asked = app.get("/v1/chains/ledger:deletable").await.json();
    let chain: Chain = app.registry.get(&TestApp::scope(), "ledger").await.unwrap().unwrap();

    assert_eq!(
        asked,
        json!({"deletable": false, "blockers": [{
            "code": "deletion_protected",
            "detail": "The chain \"ledger\" is protected from deletion.",
            "hint": "Set `spec.deletionProtection` to `false` first.",
        }]})
    );
    assert_eq!((chain.metadata.deletion_timestamp, chain.spec.recycled), (None, None));
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_deletion_is_listed_without_deleting() {
    let app = TestApp::with_chain().await;
    app.post("/v1/organizations", json!({"name": "bank", "spec": {}})).await;
    app.post("/v1/organizations", json!({"name": "tax", "spec": {}})).await;

    let used = app.get("/v1/organizations/bank:deletable").await.json();
    let free = app.get("/v1/organizations/tax:deletable").await.json();
    let none = app.get("/v1/organizations/none:deletable").await;

    assert_eq!(
        (&used["deletable"], &used["blockers"][0]["code"]),
        (&json!(false), &json!("in_use"))
    );
    assert_eq!(free, json!({"deletable": true, "blockers": []}));
    assert_eq!(none.problem(), problem(404, "not_found"));
    assert_eq!(app.get("/v1/organizations/bank").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_new_chain_is_not_in_the_recycle_bin() {
    let app = TestApp::new().await;
    let now = Time::now();
    let spec = json!({"members": [{"organization": "bank"}], "recycled": {"deleteTime": now, "purgeTime": now}});

    let answer = app.post("/v1/chains", json!({"name": "ledger", "spec": spec})).await;

    assert_eq!(answer.problem(), problem(422, "validation_failed"));
    assert_eq!(answer.json()["errors"][0]["pointer"], "/spec/recycled");
}

#[tokio::test]
async fn a_uid_is_never_used_again_not_even_after_a_purge() {
    let app = TestApp::new().await;
    let organization = json!({"name": "bank", "spec": {}});
    for (path, name, body) in [
        ("/v1/organizations", "bank", organization),
        ("/v1/chains", "ledger", ledger()),
    ] {
        let mut uids = std::collections::HashSet::new();
        for _ in 0..3 {
            let made = app.post(path, body.clone()).await;
            assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
            uids.insert(made.json()["resource"]["uid"].as_str().unwrap().to_owned());
            let gone = app.delete(&format!("{path}/{name}?purge=true")).await;
            assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.text);
            assert_eq!(app.get(&format!("{path}/{name}")).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(uids.len(), 3, "{path}");
    }
}
