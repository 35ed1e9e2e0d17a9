//! An installation that asks for real names, also of those who use `kubectl`.

use anyhow::Context as _;
use entente_tests::cluster::Namespace;
use entente_tests::wait;
use reqwest::Method;
use serde_json::json;

use crate::release::{PATIENCE, SOON};
use crate::tenants::{Rest, Who};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const CHAIN: &str = "
apiVersion: entente.dev/v1alpha1
kind: Chain
metadata: {name: named}
spec: {members: [{organization: audit-office}], suspended: true, deletionPolicy: Delete}
";

/// An organization comes into no chain, by `kubectl` or by REST, before its record is approved; and nobody approves it past
/// the API.
pub async fn are_needed_by_everybody(rest: &Rest, platform: &Who, tenant: &Namespace) -> anyhow::Result<()> {
    let organization =
        "{apiVersion: entente.dev/v1alpha1, kind: Organization, metadata: {name: audit-office}, spec: {}}";
    tenant.apply(organization).await?;
    let get = async |what: &str, field: &str| {
        let field = format!("--output=jsonpath={{{field}}}");
        tenant.kubectl(&["get", what, &field]).await
    };
    let uid = get("organization/audit-office", ".metadata.uid").await?;

    // Not even by the cluster's administrator.
    let note = format!("entente.dev/record-approved={uid}");
    let by_hand = tenant.kubectl(&["annotate", "organization/audit-office", &note]).await;
    tenant.apply(CHAIN).await?;
    let waiting = wait::until("the chain to wait", SOON, async || {
        let message = get("chain/named", ".status.conditions[?(@.type=='Ready')].message").await;
        message.ok().filter(|message| message.contains("record"))
    })
    .await;
    let body = json!({"name": "other", "spec": {"members": [{"organization": "audit-office"}], "suspended": true}});
    let (_, by_rest) = rest.call(platform, Method::POST, "/v1/chains", Some(body)).await?;
    approve(rest, platform, &uid).await?;
    tenant
        .kubectl(&[
            "wait",
            "--for=jsonpath={.status.state}=suspended",
            PATIENCE,
            "chain/named",
        ])
        .await?;
    let noted = get(
        "organization/audit-office",
        ".metadata.annotations.entente\\.dev/record-approved",
    )
    .await?;
    // Whoever may not say yes may say no.
    tenant
        .kubectl(&["annotate", "organization/audit-office", "entente.dev/record-approved-"])
        .await?;
    let again = tenant.kubectl(&["annotate", "organization/audit-office", &note]).await;

    let reason = "whether a record is approved is decided by POST /v1/admin/organization-records/{uid}:approve";
    for refused in [by_hand, again] {
        let refused = refused.err().context("a record was approved by kubectl")?.to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    let cause = "no operator of the platform has approved the record of the organization \"audit-office\"";
    assert!(waiting.contains(cause), "{waiting}");
    assert_eq!(by_rest["code"], "real_name_required", "{by_rest:#}");
    assert_eq!(noted, uid);
    tenant.kubectl(&["delete", "chain/named", PATIENCE]).await?;
    Ok(())
}

async fn approve(rest: &Rest, platform: &Who, uid: &str) -> anyhow::Result<()> {
    let record = json!({
        "legalName": "Audit Office of Hebei", "registrationNumber": "11130000000000000X",
        "contact": {"name": "Li Wei", "email": "li@audit.example"},
        "documents": [{"name": "certificate", "digest": DIGEST}],
    });
    let submit = "/v1/organizations/audit-office/record";
    let (_, submitted) = rest.call(platform, Method::PUT, submit, Some(record)).await?;
    let path = format!("/v1/admin/organization-records/{uid}:approve");
    let body = json!({"revision": submitted["revision"]});
    let (_, approved) = rest.call(platform, Method::POST, &path, Some(body)).await?;
    anyhow::ensure!(approved["state"] == "approved", "{submitted:#} {approved:#}");
    Ok(())
}
