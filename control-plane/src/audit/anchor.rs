//! Anchors the heads of the tenants' chains on a chain of the platform's own, where no operator of the platform's tables can
//! write them anew.
//!
//! A head is a digest there, certified once: the chain shows when it was, and learns nothing of the tenant.

use std::time::Duration;

use entente_api::time::Time;
use entente_fabric::crypto::sha256;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use super::AnchorPlace;
use crate::access::{PlatformScope, TenantScope};
use crate::ledger::call::{Call, Signatory};
use crate::ledger::{Ledger, OpenLedger};
use crate::rest::App;
use crate::rest::codes::Code;
use crate::rest::problem::{Problem, chain_of};
use crate::store::audit::{self, Head};
use crate::store::audit_anchors::{self, Anchor};

/// What stands beside the digest on the chain.
const NOTE: &str = "head of an audit";

/// The digest of a head: SHA-256 of `{"hash": …, "seq": …, "tenant": …}` in the canonical form of RFC 8785.
pub fn digest(tenant: &str, seq: i64, hash: &str) -> String {
    let mut head = json!({"tenant": tenant, "seq": seq, "hash": hash});
    head.sort_all_objects();
    hex::encode(sha256(head.to_string().as_bytes()))
}

/// Anchors from time to time, until it is told to stop.
pub async fn run(app: &App, place: &AnchorPlace, every: Duration) {
    // A pause of nothing at all would keep a core busy.
    let mut rounds = tokio::time::interval(every.max(Duration::from_secs(1)));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            _ = rounds.tick() => {}
        }
        if let Err(problem) = round(app, place).await {
            // The chain may not be there yet, or be on its way up. The next round anchors all the same.
            tracing::warn!(chain = place.chain, error = %chain_of(&problem), "heads of the audit cannot be anchored now");
        }
    }
}

/// Anchors the heads that have moved since.
async fn round(app: &App, place: &AnchorPlace) -> Result<(), Problem> {
    let platform = PlatformScope::for_background_task("heads of the audit");
    let mut ledger = None;
    for head in audit::heads(&app.db, &platform).await? {
        let scope = TenantScope::for_background_task("heads of the audit", &head.tenant);
        let last = audit_anchors::last(&app.db, &scope).await?;
        if last.is_some_and(|last| last.seq >= head.seq) {
            continue;
        }
        // Opened for the first that needs it: most rounds have nothing to do.
        let ledger = match &mut ledger {
            Some(open) => open,
            unopened => unopened.insert(open(&app.ledger, &app.namespace, place, true).await?),
        };
        let anchor = certify(ledger, place, &head).await?;
        audit_anchors::insert(&app.db, &scope, &anchor).await?;
    }
    Ok(())
}

/// The ledger that heads are anchored on.
pub async fn open(
    ledger: &Ledger,
    namespace: &str,
    place: &AnchorPlace,
    writes: bool,
) -> Result<OpenLedger, Problem> {
    let scope = TenantScope::for_background_task("heads of the audit", namespace);
    let signatory = Signatory {
        writes,
        ..Signatory::default()
    };
    ledger.open(&scope, &place.chain, &place.channel, &signatory).await
}

async fn certify(ledger: &OpenLedger, place: &AnchorPlace, head: &Head) -> Result<Anchor, Problem> {
    let digest = digest(&head.tenant, head.seq, &head.hash);
    let call = |function: &str, arguments: &[&str]| Call {
        contract: place.contract.clone(),
        function: function.to_owned(),
        arguments: arguments.iter().map(|text| text.as_bytes().to_vec()).collect(),
        ..Call::default()
    };
    let transaction_id = match ledger.submit(&call("Certify", &[&digest, NOTE])).await {
        Ok(done) => done.transaction_id,
        // Another replica was faster, or this one ended before it could write it down.
        Err(problem) if problem.code() == Code::ContractError => {
            let record = ledger.evaluate(&call("Get", &[&digest])).await;
            let record: Value = record
                .map(|record| serde_json::from_slice(&record).unwrap_or_default())
                // What it has refused, and not that nothing is there.
                .map_err(|_| problem)?;
            record["transactionId"].as_str().unwrap_or_default().to_owned()
        }
        Err(problem) => return Err(problem),
    };
    Ok(Anchor {
        seq: head.seq,
        hash: head.hash.clone(),
        digest,
        place: place.clone(),
        transaction_id,
        time: Time::now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_canonical_head() {
        let by_hand = sha256(br#"{"hash":"9f","seq":42,"tenant":"bank"}"#);

        assert_eq!(digest("bank", 42, "9f"), hex::encode(by_hand));
    }
}
