//! `entente audit verify`, and what it compares rows with.

use entente_api::time::Time;

use super::*;
use crate::access::TenantScope;
use crate::store::audit::{self, Filter};
use crate::store::audit_anchors::{self, Anchor};

fn scope() -> TenantScope {
    TenantScope::for_background_task("test", entente_api::names::DEFAULT_NAMESPACE)
}

async fn anchor(shell: &Shell, seq: i64, hash: &str) {
    let anchor = Anchor {
        seq,
        hash: hash.to_owned(),
        digest: crate::audit::anchor::digest("default", seq, hash),
        place: "platform/main/evidence".parse().unwrap(),
        transaction_id: "6fb0".to_owned(),
        time: Time::now(),
    };
    audit_anchors::insert(&shell.app.app.db, &scope(), &anchor)
        .await
        .unwrap();
}

#[tokio::test]
async fn rows_that_were_written_anew_or_cut_off_are_not_those_that_were_anchored() {
    let (anew, cut, lost) = (Shell::new().await, Shell::new().await, Shell::new().await);
    for shell in [&anew, &cut, &lost] {
        let made = shell
            .app
            .post("/v1/organizations", json!({"name": "bank", "spec": {}}))
            .await;
        assert_eq!(made.status, 202, "{}", made.text);
    }
    let rows = audit::list(&lost.app.app.db, &scope(), &Filter::default(), 0, 1)
        .await
        .unwrap();
    anchor(&anew, 1, "9f3c").await;
    anchor(&cut, 2, "9f3c").await;
    anchor(&lost, 1, &rows[0].hash).await;

    let told = async |shell: &Shell| {
        let (exit, _, err) = shell.run(&["audit", "verify"]).await;
        (
            exit,
            err.lines().find(|line| line.starts_with("error")).map(str::to_owned),
        )
    };

    let error = |reason: &str| Some(format!("error: {reason}"));
    assert_eq!(
        told(&anew).await,
        (
            Exit::Failed,
            error(
                "the audit is broken: row 1 is not the one that was anchored: everything up to it may have been written anew"
            )
        )
    );
    assert_eq!(
        told(&cut).await,
        (
            Exit::Failed,
            error("the audit is broken: the chain ends at row 1, and had 2: the last rows are missing")
        )
    );
    // The rows are what was anchored, and the chain cannot be asked.
    let (exit, reason) = told(&lost).await;
    assert_ne!(exit, Exit::Success);
    assert!(
        reason.is_some_and(|reason| reason.contains("platform")),
        "the chain is named"
    );
}
