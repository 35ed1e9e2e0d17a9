//! Tells webhooks of certificates that are about to expire: once for each certificate and each band that it comes into.

use std::time::Duration;

use entente_api::time::Time;
use serde_json::json;

use super::{Band, CertificateView, collect};
use crate::access::{PlatformScope, TenantScope};
use crate::ca::Authorities;
use crate::rest::problem::chain_of;
use crate::store::resource::Resources;
use crate::store::{Db, DbError, notices, webhooks};
use crate::webhook::Event;

/// What was told is forgotten so long after.
const KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// A certificate that expired so long ago is told of no more.
const OLD: Duration = Duration::from_secs(365 * 24 * 3600);

/// Looks at every tenant that wants to be told.
pub async fn round(
    db: &Db,
    resources: &Resources,
    authorities: Option<&Authorities>,
    now: Time,
) -> Result<(), DbError> {
    let platform = PlatformScope::for_background_task("certificates that expire");
    for tenant in webhooks::tenants(db, &platform).await? {
        let scope = TenantScope::for_background_task("certificates that expire", &tenant);
        let certificates = match collect::of_tenant(resources, authorities, &scope).await {
            Ok(certificates) => certificates,
            Err(error) => {
                tracing::warn!(tenant, error = %chain_of(&error), "certificates cannot be looked at");
                continue;
            }
        };
        for certificate in certificates {
            let view = CertificateView::new(&certificate, now);
            // One that expired so long ago was told of when it did; by now that may be forgotten.
            if view.band == Band::Later || certificate.expire_time.get() + OLD < now.get() {
                continue;
            }
            // One that was renewed is another certificate.
            let about = format!("{} {}", view.name, view.expire_time);
            let band = format!("{:?}", view.band);
            let event = Event::certificate(&json!(view), now);
            notices::announce_once(db, &scope, &about, &band, &event).await?;
        }
    }
    notices::forget(db, Time::from(now.get() - KEPT)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;
    use entente_api::Identity;
    use entente_operator::registry::embedded::Embedded;
    use entente_operator::registry::{Registry, Scope};

    use super::*;
    use crate::store::testing::fresh;
    use crate::store::webhooks::Webhook;

    #[tokio::test]
    async fn a_webhook_is_told_once_of_each_band_that_a_certificate_comes_into() {
        let (db, folder) = (fresh().await, tempfile::tempdir().unwrap());
        let store = Embedded::open(&folder.path().join("registry.db")).await.unwrap();
        let registry = Registry::new(Arc::new(store));
        let resources = Resources::new(registry.clone());
        let (scope, now) = (TenantScope::for_background_task("test", "bank"), Time::now());
        let after = |days| Time::from(now.get() + TimeDelta::days(days));
        let webhook = Webhook {
            id: "w1".to_owned(),
            url: "https://bank.example/".to_owned(),
            description: String::new(),
            events: vec!["cert.expiring".to_owned()],
            is_enabled: true,
            created_by: "li@bank.example".to_owned(),
            create_time: now,
            failing_since: None,
            disable_reason: None,
        };
        webhooks::insert(&db, &scope, &webhook, "whsec_", 20).await.unwrap();
        let till = Identity::new("till-1", Default::default());
        registry.create(&Scope::namespace("bank"), &till).await.unwrap();
        let status = json!({"expireTime": after(100), "state": "ready"});
        registry
            .put_status::<Identity>(&Scope::namespace("bank"), "till-1", &status)
            .await
            .unwrap();

        for day in [0, 11, 12, 80, 95, 101, 102, 400, 510, 600] {
            round(&db, &resources, None, after(day)).await.unwrap();
        }

        let told = webhooks::deliveries(&db, &scope, "w1", None, 10).await.unwrap();
        let bands: Vec<String> = told
            .iter()
            .rev()
            .map(|delivery| {
                let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap();
                assert_eq!(body["type"], "cert.expiring");
                assert_eq!(body["data"]["certificate"]["name"], "identities/till-1");
                body["data"]["certificate"]["band"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(bands, ["within90Days", "within30Days", "within7Days", "expired"]);
    }
}
