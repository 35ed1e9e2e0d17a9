//! A tenant has what it may have.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::TestApp;

async fn limited(quotas: Value) -> TestApp {
    let app = TestApp::new().await;
    let body = json!({"name": "default", "spec": {"quotas": quotas}});
    let made = app.post("/v1/admin/tenants", body).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    app
}

fn chain(name: &str, organizations: &[&str]) -> Value {
    let members: Vec<Value> = organizations.iter().map(|name| json!({"organization": name})).collect();
    json!({"name": name, "spec": {"members": members}})
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_its_numbers_and_checked_in_advance() {
    let app = limited(json!({"chains": 2, "organizations": 3})).await;

    let first = app.post("/v1/chains", chain("a", &["bank", "tax"])).await;
    let crowded = app
        .post("/v1/chains?validateOnly=true", chain("b", &["bureau", "customs"]))
        .await;
    let second = app.post("/v1/chains", chain("b", &["bank", "tax"])).await;
    let third = app.post("/v1/chains", chain("c", &["bank"])).await;

    assert_eq!(
        (first.status, second.status),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    assert_eq!(crowded.problem(), (403, "quota_exceeded".to_owned()));
    assert_eq!(
        crowded.json()["quota"],
        json!({"quota": "organizations", "limit": 3, "used": 2, "requested": 2})
    );
    assert_eq!(third.problem(), (403, "quota_exceeded".to_owned()));
    assert_eq!(
        third.json()["detail"],
        "The tenant may have 2 chains; it has 2, and this asks for 1 more."
    );
}

#[tokio::test]
async fn a_tenant_sees_its_own_quotas() {
    let app = limited(json!({"chains": 2})).await;

    let own = app.get("/v1/tenant").await;

    assert_eq!(own.status, StatusCode::OK, "{}", own.text);
    assert_eq!(
        (&own.json()["name"], &own.json()["spec"]["quotas"]),
        (&json!("default"), &json!({"chains": 2}))
    );
}

#[tokio::test]
async fn of_many_at_once_as_many_as_fit_are_made() {
    let app = limited(json!({"chains": 3})).await;

    let made = (0..8).map(|index| {
        let app = &app;
        async move {
            app.post("/v1/chains", chain(&format!("chain{index}"), &["bank"]))
                .await
                .status
        }
    });
    let made = futures::future::join_all(made).await;

    assert_eq!(made.iter().filter(|status| **status == StatusCode::ACCEPTED).count(), 3);
}

/// A tenant with room for three of eight chains that are asked for at once, of all replicas where there may be several.
async fn only_three_of_eight_fit(quotas: Value) {
    let first = limited(quotas.clone()).await;
    // Nobody shares a file.
    let others = if first.app.db.is_shared() { 2 } else { 0 };
    let mut replicas: Vec<TestApp> = (0..others).map(|_| first.replica()).collect();
    replicas.push(first);

    let made = (0..8).map(|index| {
        let app = &replicas[index % replicas.len()];
        async move {
            // Organizations of their own: nothing is shared but the quota.
            let organization = format!("bank{index}");
            let body = chain(&format!("chain{index}"), &[&organization]);
            app.post("/v1/chains", body).await
        }
    });
    let made = futures::future::join_all(made).await;

    let count = |status| made.iter().filter(|answer| answer.status == status).count();
    assert_eq!(
        (count(StatusCode::ACCEPTED), count(StatusCode::FORBIDDEN)),
        (3, 5),
        "{quotas}"
    );
}

#[tokio::test]
async fn no_quota_is_overshot_by_requests_that_come_at_once() {
    // A chain has 3 orderers and a peer of the native engine.
    for quotas in [
        json!({"chains": 3}),
        json!({"organizations": 3}),
        json!({"peers": 3}),
        json!({"cpu": "300m"}),
        json!({"memory": "400Mi"}),
        json!({"storage": "130Gi"}),
    ] {
        only_three_of_eight_fit(quotas).await;
    }
}

#[tokio::test]
async fn edits_that_come_at_once_do_not_overshoot_either() {
    let app = limited(json!({"peers": 5})).await;
    for name in ["a", "b", "c"] {
        app.post("/v1/chains", chain(name, &["bank"])).await;
        app.report(name, super::ready(1)).await;
    }
    let other = app.replica();
    let replicas = if app.app.db.is_shared() {
        [&app, &other]
    } else {
        [&app, &app]
    };
    let edit = json!({"spec": {"members": [{"organization": "bank", "peers": 2}]}});

    let edits = ["a", "b", "c"].into_iter().enumerate().map(|(index, name)| {
        let path = format!("/v1/chains/{name}");
        let (app, edit) = (replicas[index % 2], edit.clone());
        async move { app.patch(&path, edit).await.status }
    });
    let mut edits = futures::future::join_all(edits).await;

    edits.sort();
    assert_eq!(
        edits,
        [StatusCode::ACCEPTED, StatusCode::ACCEPTED, StatusCode::FORBIDDEN]
    );
}

#[tokio::test]
async fn amounts_that_cannot_be_read_are_refused() {
    let app = TestApp::new().await;
    let quotas = json!({"cpu": "many", "memory": "8 elephants", "storage": "-1Gi"});

    let answer = app
        .post("/v1/admin/tenants", json!({"name": "bank", "spec": {"quotas": quotas}}))
        .await;

    let pointers: Vec<Value> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(
        pointers,
        ["/spec/quotas/cpu", "/spec/quotas/memory", "/spec/quotas/storage"]
    );
}

#[tokio::test]
async fn an_edit_is_judged_by_what_it_ends_at() {
    let app = limited(json!({"peers": 3})).await;
    app.post("/v1/chains", chain("ledger", &["bank", "tax"])).await;
    app.report("ledger", super::ready(1)).await;
    let edit = |peers: u32| json!({"spec": {"members": [{"organization": "bank", "peers": peers}, {"organization": "tax"}]}});

    let fits = app.patch("/v1/chains/ledger?validateOnly=true", edit(2)).await;
    let too_much = app.patch("/v1/chains/ledger", edit(3)).await;

    assert_eq!(fits.status, StatusCode::OK, "{}", fits.text);
    assert_eq!(
        too_much.json()["quota"],
        json!({"quota": "peers", "limit": 3, "used": 0, "requested": 4})
    );
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_when_to_come_again() {
    let app = limited(json!({"requestsPerSecond": 1})).await;
    let first = app.get("/v1/chains").await;
    let mut last = app.get("/v1/chains").await;
    // More than a minute's worth: meanwhile it refills.
    for _ in 0..400 {
        last = app.get("/v1/chains").await;
        if last.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }

    assert_eq!(first.headers["ratelimit-policy"], "\"tenant\";q=60;w=60");
    assert_eq!(last.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(last.headers["retry-after"], "1");
}
