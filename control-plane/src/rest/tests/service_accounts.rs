//! ServiceAccounts come in where a tenant has let them in, and nowhere else.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use entente_api::time::Time;
use serde_json::{Value, json};

use super::callers::Person;
use super::{AUDIENCE, Answer, TestApp, ledger};
use crate::access::Role;
use crate::access::service_accounts::tests::token;

/// A token of `name` in `namespace`.
fn of(namespace: &str, name: &str) -> String {
    let expires = Time::from(Time::now().get() + Duration::from_secs(600));
    token(&format!("system:serviceaccount:{namespace}:{name}"), AUDIENCE, expires)
}

impl TestApp {
    async fn lets_in(&self, person: &Person, body: Value) -> Answer {
        self.as_person(person, Method::POST, "/v1/service-accounts", Some(body))
            .await
    }
}

#[tokio::test]
async fn a_service_account_works_in_the_tenant_that_has_let_it_in() {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
    }
    let owner = app.person("bank", Role::Owner).await;
    let job = of("bank", "job");
    let read = async || app.with_key(&job, Method::GET, "/v1/chains", None).await;

    let before = read().await;
    let made = app.lets_in(&owner, json!({"name": "job", "role": "operator"})).await;
    let again = app.lets_in(&owner, json!({"name": "job", "role": "auditor"})).await;
    let written = app.with_key(&job, Method::POST, "/v1/chains", Some(ledger())).await;
    let me = app.with_key(&job, Method::GET, "/v1/session", None).await.json();
    let beyond = app.with_key(&job, Method::GET, "/v1/users", None).await;
    let path = format!("/v1/service-accounts/{}", made.json()["id"].as_str().unwrap());
    let seen = app.as_person(&owner, Method::GET, &path, None).await.json();
    let out = app.as_person(&owner, Method::DELETE, &path, None).await;
    let after = read().await;

    assert_eq!(before.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!(
        before.json()["detail"],
        "The ServiceAccount \"bank/job\" has no role in the tenant \"bank\"."
    );
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(again.problem(), (409, "already_exists".to_owned()));
    assert_eq!(written.status, StatusCode::ACCEPTED, "{}", written.text);
    assert_eq!(
        (&me["actor"], &me["name"], &me["tenant"], &me["role"]),
        (
            &json!("serviceAccount"),
            &json!("system:serviceaccount:bank:job"),
            &json!("bank"),
            &json!("operator")
        )
    );
    assert_eq!(beyond.problem(), (403, "forbidden".to_owned()));
    assert_eq!(
        (&seen["namespace"], &seen["name"], &seen["createdBy"]),
        (&json!("bank"), &json!("job"), &json!("owner@bank.example"))
    );
    assert!(seen["useTime"].is_string(), "{seen}");
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(after.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn another_tenant_that_lets_it_in_changes_nothing_for_who_does_not_ask_for_it() {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
    }
    let (owner, rival) = (
        app.person("bank", Role::Owner).await,
        app.person("rival", Role::Owner).await,
    );
    let job = of("bank", "job");
    let bearer = format!("Bearer {job}");
    let in_tenant = async |tenant: &str| {
        let headers = [("authorization", bearer.as_str()), ("entente-tenant", tenant)];
        app.anonymous(Method::GET, "/v1/session", &headers, None).await
    };

    let lured = app
        .lets_in(&rival, json!({"namespace": "bank", "name": "job", "role": "owner"}))
        .await;
    let unasked = app.with_key(&job, Method::GET, "/v1/session", None).await;
    app.lets_in(&owner, json!({"name": "job", "role": "auditor"})).await;
    let own = app.with_key(&job, Method::GET, "/v1/session", None).await.json();
    let asked = in_tenant("rival").await.json();
    let nowhere = [in_tenant("default").await, in_tenant("nobody").await];

    assert_eq!(lured.status, StatusCode::CREATED, "{}", lured.text);
    assert_eq!(unasked.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!((&own["tenant"], &own["role"]), (&json!("bank"), &json!("auditor")));
    assert_eq!((&asked["tenant"], &asked["role"]), (&json!("rival"), &json!("owner")));
    // Whether there is such a tenant is not told.
    for answer in nowhere {
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
    }
    // Another tenant's entries are not there.
    let path = format!("/v1/service-accounts/{}", lured.json()["id"].as_str().unwrap());
    let hidden = [
        app.as_person(&owner, Method::GET, &path, None).await,
        app.as_person(&owner, Method::DELETE, &path, None).await,
    ];
    for answer in hidden {
        assert_eq!(answer.problem(), (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn nobody_gives_a_service_account_more_than_they_may() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let admin = app.person("bank", Role::Admin).await;
    let job = of("bank", "job");

    let owner = app.lets_in(&admin, json!({"name": "job", "role": "owner"})).await;
    let equal = app.lets_in(&admin, json!({"name": "job", "role": "admin"})).await;
    let more = json!({"name": "another", "role": "owner"});
    let more = app
        .with_key(&job, Method::POST, "/v1/service-accounts", Some(more))
        .await;
    let wrong = app
        .lets_in(
            &admin,
            json!({"namespace": "Bank", "name": "system:job", "role": "auditor"}),
        )
        .await;

    assert_eq!(owner.problem(), (403, "forbidden".to_owned()));
    assert_eq!(equal.status, StatusCode::CREATED, "{}", equal.text);
    assert_eq!(more.problem(), (403, "forbidden".to_owned()));
    let pointers: Vec<Value> = wrong.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/namespace", "/name"]);
}

#[tokio::test]
async fn a_token_that_the_cluster_does_not_know_opens_nothing() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;
    app.lets_in(&owner, json!({"name": "job", "role": "owner"})).await;
    let forged = of("bank", "job").replace(".good", ".forged");

    let answer = app.with_key(&forged, Method::GET, "/v1/chains", None).await;

    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!(answer.json()["detail"], "The token is not valid here.");
}
