//! What was done leaves rows.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use entente_api::time::Time;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::{TestApp, ledger};
use crate::access::{Role, TenantScope};
use crate::audit::chain::Verifier;
use crate::audit::{AuditEvent, retention};
use crate::store::audit::{self, Filter};

fn scope(tenant: &str) -> TenantScope {
    TenantScope::for_background_task("test", tenant)
}

/// Who asked for what, and how it ended.
fn told(rows: &Value) -> Vec<(String, String, String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = rows["items"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            text(row, "actor"),
            text(row, "action"),
            text(row, "object"),
            text(row, "outcome"),
        )
    })
    .collect()
}

fn row(parts: [&str; 4]) -> (String, String, String, String) {
    let [actor, action, object, outcome] = parts.map(str::to_owned);
    (actor, action, object, outcome)
}

#[tokio::test]
async fn every_change_and_every_refusal_is_told_to_the_tenant_and_to_nobody_else() {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
    }
    let (owner, auditor) = (
        app.person("bank", Role::Owner).await,
        app.person("bank", Role::Auditor).await,
    );
    let rival = app.person("rival", Role::Owner).await;

    app.as_person(&owner, Method::GET, "/v1/chains", None).await;
    app.as_person(&owner, Method::POST, "/v1/chains?validateOnly=true", Some(ledger()))
        .await;
    app.as_person(&owner, Method::POST, "/v1/chains", Some(ledger())).await;
    app.as_person(
        &owner,
        Method::POST,
        "/v1/chains",
        Some(json!({"name": "other", "spec": {}})),
    )
    .await;
    app.as_person(&auditor, Method::DELETE, "/v1/chains/ledger", None).await;
    let seen = app
        .as_person(&auditor, Method::GET, "/v1/audit-events", None)
        .await
        .json();
    let elsewhere = app
        .as_person(&rival, Method::GET, "/v1/audit-events", None)
        .await
        .json();

    assert_eq!(
        told(&seen),
        [
            row(["owner@bank.example", "chain_create", "chains/ledger", "done"]),
            row(["owner@bank.example", "chain_create", "chains", "failed"]),
            row(["auditor@bank.example", "chain_delete", "chains/ledger", "refused"]),
        ]
    );
    let first = &seen["items"][0];
    assert_eq!((&first["status"], &first["before"]), (&json!(202), &Value::Null));
    assert_eq!(first["after"]["members"][0]["organization"], "bank");
    assert_eq!(
        (&seen["items"][2]["code"], &seen["items"][2]["status"]),
        (&json!("forbidden"), &json!(403))
    );
    assert_eq!(elsewhere["items"], json!([]));
}

#[tokio::test]
async fn rows_hold_no_secrets() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;
    let key = json!({"name": "job", "scopes": ["chains:read"], "validDays": 1});
    let key = app
        .as_person(&owner, Method::POST, "/v1/api-keys", Some(key))
        .await
        .json();
    let invited = app
        .as_person(
            &owner,
            Method::POST,
            "/v1/invitations",
            Some(json!({"role": "auditor"})),
        )
        .await
        .json();
    let change = json!({"current": super::callers::PASSWORD, "new": "another staple entirely"});
    app.as_person(&owner, Method::POST, "/v1/session:changePassword", Some(change))
        .await;
    let enrolled = json!({"name": "li", "spec": {"organization": "bank"}});
    let enrolled = app
        .as_person(&owner, Method::POST, "/v1/identities:enroll", Some(enrolled))
        .await
        .json();

    let rows = app
        .as_person(&owner, Method::GET, "/v1/audit-events:export", None)
        .await
        .text;
    let platform = app.get("/v1/audit-events:export").await.text;

    let secret = |value: &Value| value.as_str().unwrap().to_owned();
    let key_line = secret(&enrolled["privateKey"]).lines().nth(1).unwrap().to_owned();
    for secret in [
        secret(&key["key"]).splitn(3, '_').nth(2).unwrap().to_owned(),
        secret(&invited["token"]),
        super::callers::PASSWORD.to_owned(),
        "another staple entirely".to_owned(),
        key_line,
    ] {
        assert!(!rows.contains(&secret) && !platform.contains(&secret), "{secret}");
    }
    assert_eq!(rows.lines().count(), 4);
}

#[tokio::test]
async fn an_export_is_a_chain_that_anybody_can_check() {
    let app = TestApp::with_chain().await;
    app.patch("/v1/chains/ledger", json!({"labels": {"a": "b"}})).await;
    app.anonymous(Method::GET, "/v1/chains", &[], None).await;

    let export = app.get("/v1/audit-events:export").await;
    let table = app.get("/v1/audit-events:export?format=csv").await;
    let other = app.get("/v1/audit-events:export?format=xml").await;

    let mut verifier = Verifier::default();
    for line in export.text.lines() {
        verifier
            .take(&serde_json::from_str::<AuditEvent>(line).unwrap())
            .unwrap();
    }
    assert_eq!(verifier.head().0, 2);
    assert_eq!(table.text.lines().count(), 3);
    assert!(table.text.starts_with("seq,time,actor,"));
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn rows_are_filtered_and_paged() {
    let app = TestApp::new().await;
    for name in ["a", "b", "c"] {
        let body = json!({"name": name, "spec": {"members": [{"organization": "bank"}]}});
        app.post("/v1/chains", body).await;
    }
    app.post("/v1/chains", json!({})).await;

    let first = app.get("/v1/audit-events?outcome=done&pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let second = app
        .get(&format!("/v1/audit-events?outcome=done&pageSize=2&pageToken={token}"))
        .await
        .json();
    let one = app
        .get("/v1/audit-events?object=chains/b&actor=installation")
        .await
        .json();
    let none = app.get("/v1/audit-events?from=2100-01-01T00:00:00Z").await.json();

    let objects = |page: &Value| -> Vec<String> { told(page).into_iter().map(|row| row.2).collect() };
    assert_eq!(
        (objects(&first), objects(&second)),
        (vec!["chains/a".into(), "chains/b".into()], vec!["chains/c".into()])
    );
    assert_eq!((objects(&one), objects(&none)), (vec!["chains/b".into()], vec![]));
}

#[tokio::test]
async fn rows_are_kept_as_long_as_the_tenant_says_or_else_the_installation() {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
    }
    let mut bank: entente_api::Tenant = app.registry.get(&Scope::All, "bank").await.unwrap().unwrap();
    bank.spec.audit_retention_days = Some(10);
    app.registry.update(&Scope::All, &bank).await.unwrap();
    let now = Time::now();
    for days in [40, 20, 1] {
        for tenant in ["bank", "rival"] {
            let row = retention::row(0, "", 0, 0, Time::from(now.get() - TimeDelta::days(days)));
            let row = AuditEvent {
                actor: "li@bank.example".to_owned(),
                ..row
            };
            audit::append(&app.app.db, &scope(tenant), None, row).await.unwrap();
        }
    }

    retention::round(&app.app, Some(30), now).await.unwrap();

    let mut left = Vec::new();
    for tenant in ["bank", "rival"] {
        let rows = audit::list(&app.app.db, &scope(tenant), &Filter::default(), 0, 10)
            .await
            .unwrap();
        let told = rows.last().unwrap().after.clone().unwrap();
        left.push((rows[0].seq, told["retentionDays"].clone(), told["rows"].clone()));
    }
    assert_eq!(left, [(3, json!(10), json!(2)), (2, json!(30), json!(1))]);
}
