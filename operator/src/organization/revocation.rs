//! Which of an organization's certificates are no longer good, and the list that says so.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use entente_api::time::Time;
use entente_api::{Identity, Organization};
use kube::ResourceExt as _;

use crate::pki::{OrganizationPki, PkiError, certificate};

/// Serial numbers with since when they are revoked: what the organization lists itself, and what its identities hold
/// that are not in good standing. What has expired is left out, because nobody takes it anyway.
pub fn entries(
    organization: &Organization,
    identities: &[Identity],
    now: SystemTime,
) -> BTreeMap<Vec<u8>, SystemTime> {
    let name = organization.name_any();
    let now = DateTime::<Utc>::from(now);
    let lives = |expires: Option<Time>| expires.is_none_or(|time| time.get() > now);
    let own = organization.spec.revocations.iter();
    let own = own
        .filter(|entry| lives(entry.expire_time))
        .map(|entry| (entry.serial_number.as_str(), entry.revoke_time));
    let fallen = identities
        .iter()
        .filter(|identity| identity.spec.organization == name && !identity.spec.standing.is_good());
    let held = fallen
        .filter_map(|identity| identity.status.as_ref())
        .flat_map(|status| {
            let since = status.revoke_time.unwrap_or_else(|| Time::from(now));
            let issued = status.issued.iter().filter(|issued| lives(Some(issued.expire_time)));
            issued.map(move |issued| (issued.serial_number.as_str(), since))
        });
    own.chain(held)
        .filter_map(|(serial, since)| Some((bytes(serial)?, SystemTime::from(since.get()))))
        .collect()
}

/// The list of these; the one that is held when it names the same certificates. `None` when there is nothing to name.
pub fn list(
    pki: &OrganizationPki,
    held: Option<String>,
    revoked: &BTreeMap<Vec<u8>, SystemTime>,
    now: SystemTime,
) -> Result<Option<String>, PkiError> {
    let mut known = held.as_deref().and_then(certificate::revoked).unwrap_or_default();
    known.sort();
    if known.iter().eq(revoked.keys()) {
        return Ok(held);
    }
    if revoked.is_empty() {
        return Ok(None);
    }
    let revoked: Vec<_> = revoked.iter().map(|(serial, since)| (serial.clone(), *since)).collect();
    pki.revocation_list(&revoked, now).map(Some)
}

/// A serial number as people and certificates write it, without zeros in front.
fn bytes(serial: &str) -> Option<Vec<u8>> {
    let even = match serial.len() % 2 {
        0 => serial.to_owned(),
        _ => format!("0{serial}"),
    };
    let bytes = hex::decode(even).ok()?;
    let significant = certificate::significant(&bytes);
    (!significant.is_empty()).then(|| significant.to_vec())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use entente_api::identity::{IdentityStatus, IssuedCertificate, Standing};
    use entente_api::organization::Revocation;

    use super::*;
    use crate::vault::Local;

    fn time(after: u64) -> Time {
        Time::from(DateTime::<Utc>::from(
            SystemTime::UNIX_EPOCH + Duration::from_secs(after),
        ))
    }

    fn identity(organization: &str, standing: Standing, serial: &str, expires: u64) -> Identity {
        let mut identity = Identity::new("alice", Default::default());
        identity.spec.organization = organization.to_owned();
        identity.spec.standing = standing;
        identity.status = Some(IdentityStatus {
            issued: vec![IssuedCertificate {
                serial_number: serial.to_owned(),
                expire_time: time(expires),
            }],
            revoke_time: Some(time(5)),
            ..Default::default()
        });
        identity
    }

    #[test]
    fn what_an_organization_lists_and_what_its_fallen_identities_hold_is_revoked() {
        let mut bank = Organization::new("bank", Default::default());
        bank.spec.revocations = vec![Revocation {
            serial_number: "0abc".to_owned(),
            revoke_time: time(3),
            reason: None,
            expire_time: None,
        }];
        let identities = [
            identity("bank", Standing::Revoked, "01", 100),
            identity("bank", Standing::Suspended, "02", 100),
            identity("bank", Standing::Revoked, "03", 9),
            identity("bank", Standing::Good, "04", 100),
            identity("rival", Standing::Revoked, "05", 100),
        ];

        let found = entries(&bank, &identities, SystemTime::from(time(10).get()));

        let at = |after| SystemTime::from(time(after).get());
        assert_eq!(
            found,
            BTreeMap::from([(vec![0x0a, 0xbc], at(3)), (vec![1], at(5)), (vec![2], at(5))])
        );
    }

    #[tokio::test]
    async fn a_list_is_made_anew_when_it_has_to_name_others() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(Local::new(folder.path()));
        let now = SystemTime::now();
        let pki = OrganizationPki::ensure(vault, "hebei", "bank", "BankMSP", now)
            .await
            .unwrap();
        let one = BTreeMap::from([(vec![7], now)]);
        let two = BTreeMap::from([(vec![7], now), (vec![9], now)]);

        let first = list(&pki, None, &one, now).unwrap();
        let same = list(&pki, first.clone(), &one, now + Duration::from_secs(60)).unwrap();
        let more = list(&pki, first.clone(), &two, now).unwrap();

        assert!(first.is_some());
        assert_eq!(same, first);
        assert_eq!(certificate::revoked(&more.unwrap()), Some(vec![vec![7], vec![9]]));
        assert_eq!(list(&pki, first, &BTreeMap::new(), now).unwrap(), None);
        assert_eq!(list(&pki, None, &BTreeMap::new(), now).unwrap(), None);
    }
}
