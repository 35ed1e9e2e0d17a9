//! Enrols a person or an application: a certificate, and a key unless the key stays with the customer.

mod remove;
mod validate;

use std::time::{Duration, SystemTime};

use entente_api::identity::{IdentityRole, IdentityStatus, IssuedCertificate, Standing};
use entente_api::time::Time;
use entente_api::{Identity, Organization, names};
use kube::ResourceExt as _;

use crate::context::Context;
use crate::pki::{Issued, Leaf, OrganizationPki, Purpose, facts, msp};
use crate::registry::Scope;
use crate::report::Report;
use crate::trouble::{Result, Trouble};
use crate::vault::{Bundle, BundleId};

pub use remove::remove;

const CERTIFICATE: &str = "msp/signcerts/cert.pem";
const KEY: &str = "msp/keystore/key.pem";

/// One pass.
pub async fn converge(identity: &Identity, context: &Context, report: &Report<IdentityStatus>) -> Result<()> {
    validate::identity(identity)?;
    let namespace = identity.namespace().unwrap_or_default();
    let owner = &identity.spec.organization;
    let organization = context
        .registry
        .get::<Organization>(&Scope::namespace(&namespace), owner)
        .await?;
    let organization =
        organization.ok_or_else(|| Trouble::waiting(format!("there is no organization \"{owner}\" yet")))?;
    let msp_id = organization.spec.msp_id.unwrap_or_else(|| names::msp_id(owner));
    let pki = OrganizationPki::ensure(context.vault.clone(), &namespace, owner, &msp_id, context.now()).await?;
    if !identity.spec.standing.is_good() {
        // Nothing more is issued. What was issued goes into the organization's revocation list, from the status.
        let since = Time::from(chrono::DateTime::<chrono::Utc>::from(context.now()));
        report.edit(|status| {
            status.msp_id = Some(msp_id);
            status.revoke_time.get_or_insert(since);
            status.is_revoked |= identity.spec.standing == Standing::Revoked;
        });
        return Ok(());
    }
    let certificate = report
        .step("enrol", "issuing a certificate", enrol(identity, context, &pki, report))
        .await?;
    let facts = facts(certificate.as_bytes())?;
    let expires = Time::from(chrono::DateTime::<chrono::Utc>::from(facts.not_after));
    let now = chrono::DateTime::<chrono::Utc>::from(context.now());
    report.edit(|status| {
        status.msp_id = Some(msp_id);
        status.certificate = Some(certificate);
        status.issued.retain(|issued| issued.expire_time.get() > now);
        if !status
            .issued
            .iter()
            .any(|issued| issued.serial_number == facts.serial_number)
        {
            status.issued.push(IssuedCertificate {
                serial_number: facts.serial_number.clone(),
                expire_time: expires,
            });
        }
        status.serial_number = Some(facts.serial_number);
        status.expire_time = Some(expires);
        status.revoke_time = None;
    });
    Ok(())
}

async fn enrol(
    identity: &Identity,
    context: &Context,
    pki: &OrganizationPki,
    report: &Report<IdentityStatus>,
) -> Result<String> {
    let leaf = leaf(identity);
    let now = context.now();
    if let Some(request) = &identity.spec.certificate_request {
        let held = report.snapshot().certificate;
        // Whoever holds the key renews by a new request, which is a new generation of the spec.
        let observed = identity
            .status
            .as_ref()
            .and_then(|status| status.progress.observed_generation);
        return match held.filter(|_| observed == identity.metadata.generation) {
            Some(held) => Ok(held),
            None => Ok(pki.issue_for_request(&leaf, request, now)?),
        };
    }
    let id = bundle(identity);
    let held = context.vault.read(&id).await?;
    let Some(held) = held else {
        let issued = pki.issue(&leaf, None, now)?;
        let bundle = msp::folder("msp/", pki.ca_certificate(), pki.tls_ca_certificate(), &issued);
        return match context.vault.create(&id, bundle).await? {
            true => Ok(issued.certificate_pem),
            false => Err(Trouble::waiting("another pass has just issued the certificate")),
        };
    };
    let held = Issued {
        certificate_pem: text(&held, CERTIFICATE)?,
        key_pem: text(&held, KEY)?,
    };
    if is_current(identity, &held, now)? {
        return Ok(held.certificate_pem);
    }
    let issued = pki.issue(&leaf, Some(&held.key_pem), now)?;
    let file = (CERTIFICATE.to_owned(), issued.certificate_pem.clone().into_bytes());
    context.vault.replace(&id, Bundle::from([file])).await?;
    Ok(issued.certificate_pem)
}

/// Whether the certificate was issued for this very spec and is good for some time.
fn is_current(identity: &Identity, held: &Issued, now: SystemTime) -> Result<bool> {
    let status = identity.status.as_ref();
    let same = status.is_some_and(|status| {
        status.progress.observed_generation == identity.metadata.generation
            && status.certificate.as_ref() == Some(&held.certificate_pem)
    });
    // Without a status, the pass that issued it was cut off before it could say so.
    Ok((same || status.is_none_or(|status| status.certificate.is_none()))
        && !facts(held.certificate_pem.as_bytes())?.is_due(now))
}

fn leaf(identity: &Identity) -> Leaf {
    let spec = &identity.spec;
    let role = match spec.role {
        IdentityRole::Client => "client",
        IdentityRole::Admin => "admin",
    };
    Leaf {
        common_name: spec.enrollment_id.clone().unwrap_or_else(|| identity.name_any()),
        organization: spec.organization.clone(),
        purpose: Purpose::Signing {
            role: role.to_owned(),
            attributes: spec.attributes.clone(),
        },
        life: Duration::from_secs(u64::from(spec.validity_days) * 24 * 3600),
    }
}

fn bundle(identity: &Identity) -> BundleId {
    let namespace = identity.namespace().unwrap_or_default();
    BundleId::new(
        &namespace,
        &identity.spec.organization,
        &format!("identities/{}", identity.name_any()),
    )
}

fn text(bundle: &Bundle, file: &str) -> Result<String> {
    let bytes = bundle
        .get(file)
        .ok_or_else(|| Trouble::failed(format!("{file} is missing from the key store")))?;
    Ok(String::from_utf8(bytes.clone())?)
}
