//! Who votes for an organization and changes nothing else, and an organization that supervises.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{TestApp, ready};
use crate::access::Role;

#[tokio::test]
async fn a_signer_is_one_on_an_organization_and_nobody_else_is() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;
    let invite = async |body| app.as_person(&owner, Method::POST, "/v1/invitations", Some(body)).await;

    let nowhere = invite(json!({"role": "signer"})).await;
    let unknown = invite(json!({"role": "signer", "organization": "nobody"})).await;
    let both = invite(json!({"role": "developer", "organization": "treasury"})).await;
    for answer in [&nowhere, &unknown, &both] {
        assert_eq!(
            answer.problem(),
            (422, "validation_failed".to_owned()),
            "{}",
            answer.text
        );
        assert_eq!(answer.json()["errors"][0]["pointer"], "/organization");
    }

    let signer = app.person("bank", Role::Signer).await;
    let me = app.as_person(&signer, Method::GET, "/v1/session", None).await.json();
    let users = app.as_person(&owner, Method::GET, "/v1/users", None).await.json();
    let listed = users["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["role"] == "signer")
        .unwrap();
    let path = format!("/v1/users/{}", listed["id"].as_str().unwrap());
    let made_auditor = app
        .as_person(&owner, Method::PATCH, &path, Some(json!({"role": "auditor"})))
        .await
        .json();

    let scopes: Vec<&str> = me["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|scope| scope.as_str())
        .collect();
    assert_eq!(listed["organization"], "treasury");
    assert!(scopes.contains(&"governance:vote"), "{scopes:?}");
    assert!(
        scopes
            .iter()
            .all(|scope| scope.ends_with(":read") || *scope == "governance:vote"),
        "{scopes:?}"
    );
    assert_eq!(
        (&made_auditor["role"], made_auditor.get("organization")),
        (&json!("auditor"), None)
    );
}

#[tokio::test]
async fn nobody_submits_in_the_name_of_a_regulator_and_the_attempt_is_told() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;
    let regulator = json!({"name": "bank", "spec": {"regulator": true}});
    let made = app.post("/v1/organizations", regulator).await;
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    let contract = "/v1/chains/ledger/channels/main/contracts/evidence";
    let call = json!({"function": "Certify", "arguments": ["1"]});

    let submitted = app.post(&format!("{contract}:submit"), call.clone()).await;
    let evaluated = app.post(&format!("{contract}:evaluate"), call).await;

    assert_eq!(submitted.problem(), (403, "regulator_only_reads".to_owned()));
    // There is no peer to ask; that is all that stands in its way.
    assert_eq!(evaluated.problem(), (409, "not_ready".to_owned()), "{}", evaluated.text);
    let rows = app.get("/v1/audit-events").await.json();
    let row = rows["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&row["action"], &row["outcome"], &row["code"]),
        (
            &json!("contract_submit"),
            &json!("refused"),
            &json!("regulator_only_reads")
        )
    );
}
