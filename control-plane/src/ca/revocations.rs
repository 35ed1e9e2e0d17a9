//! Brings what an authority has revoked into its organization's resource, from where it reaches channels.

use std::sync::Arc;
use std::time::Duration;

use entente_api::Organization;
use entente_api::organization::Revocation;
use entente_api::time::Time;
use entente_ca::store::certificates::Filter;
use entente_ca::{CertificateAuthority, Face, now};
use entente_operator::registry::{Registry, RegistryError, Scope};

use super::CaError;

/// Before a failed attempt is repeated.
const PAUSE: Duration = Duration::from_secs(2);
/// How often somebody else may be faster to write.
const TRIES: usize = 20;

/// Follows an authority for as long as its organization is there. Begins with what was revoked before: a crash may have
/// come between the revocation and its record.
pub async fn follow(
    registry: Registry,
    namespace: String,
    organization: String,
    authority: Arc<CertificateAuthority>,
) {
    let mut changes = authority.revocations();
    loop {
        changes.borrow_and_update();
        match record(&registry, &namespace, &organization, &authority).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(namespace, organization, %error, "revocations cannot be recorded; they will be");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// `false`: there is no such organization any more.
async fn record(
    registry: &Registry,
    namespace: &str,
    organization: &str,
    authority: &CertificateAuthority,
) -> Result<bool, CaError> {
    let issuer = authority.issuer(Face::Identity);
    let living = Filter {
        expires_from: Some(now()),
        ..Filter::default()
    };
    let revoked = authority.store().revoked(&issuer.aki(), &living).await?;
    let scope = Scope::namespace(namespace);
    for _ in 0..TRIES {
        let Some(mut found) = registry.get::<Organization>(&scope, organization).await? else {
            return Ok(false);
        };
        let listed = &mut found.spec.revocations;
        let before = listed.len();
        listed.retain(|entry| entry.expire_time.is_none_or(|time| time > Time::now()));
        let dropped = listed.len() < before;
        let mut added = false;
        for one in &revoked {
            if !listed.iter().any(|entry| entry.serial_number == one.serial) {
                listed.push(Revocation {
                    serial_number: one.serial.clone(),
                    revoke_time: Time::from_seconds(one.at),
                    reason: None,
                    expire_time: Some(Time::from_seconds(one.not_after)),
                });
                added = true;
            }
        }
        if !added && !dropped {
            return Ok(true);
        }
        match registry.update(&scope, &found).await {
            Ok(_) => return Ok(true),
            Err(RegistryError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CaError::Revocations(
        "somebody else writes the organization all the time".to_owned(),
    ))
}
