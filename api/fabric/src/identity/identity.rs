//! A certificate as an identity of an MSP: is it valid, what did it sign, which principals is it
//! (`msp/identities.go`, `msp/mspimplvalidate.go`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use super::certificate::Certificate;
use super::chain::Issuers;
use super::msp::Msp;
use super::organizational_unit::{self, OrganizationalUnit};
use super::principal;
use super::signature::SubjectKey;
use super::{IdentityError, MspVersion};
use crate::crypto::key::PublicKey;
use crate::proto::common::MspPrincipal;
use crate::proto::common::msp_role::MspRoleType;

/// A certificate that an MSP has read. What was found out about it is remembered: nothing depends on the date.
#[derive(Debug)]
pub struct Identity {
    msp: Arc<Msp>,
    certificate: Arc<Certificate>,
    id: String,
    key: Option<PublicKey>,
    issuers: Result<Issuers, String>,
    units: Vec<OrganizationalUnit>,
    validity: OnceLock<Result<(), IdentityError>>,
}

impl Identity {
    pub(super) fn new(msp: &Arc<Msp>, certificate: Arc<Certificate>) -> Result<Identity, IdentityError> {
        if matches!(certificate.key, SubjectKey::Unknown) {
            return Err(IdentityError::Malformed(
                "failed to import certificate's public key: Certificate's public key type not recognized. \
                 Supported keys: [ECDSA, ED25519, RSA]"
                    .into(),
            ));
        }
        let (certificate, issuers) = msp.sanitize(&certificate).map_err(IdentityError::Malformed)?;
        let issuers = msp.issuers(&certificate, issuers);
        let certifiers = issuers.as_deref().map(|issuers| msp.certifiers(issuers));
        // Without a chain an identity has no units, whatever its subject says (`GetOrganizationalUnits`).
        let units = certifiers.map(|certifiers| organizational_unit::carried_by(&certificate, &certifiers));
        Ok(Identity {
            msp: Arc::clone(msp),
            id: msp.id().to_owned() + &msp.certificate_hash(&certificate.der),
            key: certificate.key.identity_key(),
            units: units.unwrap_or_default(),
            issuers,
            certificate,
            validity: OnceLock::new(),
        })
    }

    pub fn msp_id(&self) -> &str {
        self.msp.id()
    }

    pub(super) fn msp(&self) -> &Arc<Msp> {
        &self.msp
    }

    /// MSP id and hex SHA-256 of the certificate: equal for identities that count once in a policy.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// With a low-s signature, so not always the bytes that were read.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The subject, for people and logs: `CN=User1@org1, OU=client`.
    pub fn subject(&self) -> &str {
        &self.certificate.subject_text
    }

    pub fn not_after(&self) -> SystemTime {
        let seconds = Duration::from_secs(self.certificate.not_after.unsigned_abs());
        let moment = match self.certificate.not_after {
            0.. => SystemTime::UNIX_EPOCH.checked_add(seconds),
            _ => SystemTime::UNIX_EPOCH.checked_sub(seconds),
        };
        moment.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Chain, revocation and organizational-unit rules.
    pub fn validate(&self) -> Result<(), IdentityError> {
        self.validity
            .get_or_init(|| self.check().map_err(IdentityError::Invalid))
            .clone()
    }

    fn check(&self) -> Result<(), String> {
        let unsupported = match self.certificate.key {
            SubjectKey::Ecdsa { .. } => None,
            SubjectKey::Ed25519(_) => Some("Ed25519").filter(|_| self.msp.version < MspVersion::V3_0),
            SubjectKey::Rsa(_) | SubjectKey::Unknown => Some("RSA"),
        };
        if let Some(algorithm) = unsupported {
            return Err(format!(
                "could not validate identity's public key algorithm: {algorithm} is not supported"
            ));
        }
        let issuers = self
            .issuers
            .as_ref()
            .map_err(|why| format!("could not obtain certification chain: {why}"))?;
        let parent = issuers
            .first()
            .ok_or("could not obtain certification chain: it is empty")?;
        self.msp
            .check_revocation(&self.certificate, parent)
            .map_err(|why| format!("could not validate identity against certification chain: {why}"))?;
        self.msp
            .check_units(&self.units)
            .map_err(|why| format!("could not validate identity's OUs: {why}"))
    }

    /// Whether this identity's key signed `message`. Says nothing about validity.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), IdentityError> {
        let verified = self.key.as_ref().is_some_and(|key| key.verify(message, signature));
        if verified {
            Ok(())
        } else {
            Err(IdentityError::Signature)
        }
    }

    /// Whether this identity is one of those that `principal` means.
    pub fn satisfies(&self, principal: &MspPrincipal) -> Result<(), IdentityError> {
        principal::check(self, principal)
    }

    pub(super) fn units(&self) -> &[OrganizationalUnit] {
        &self.units
    }

    pub(super) fn check_role(&self, role: MspRoleType) -> Result<(), IdentityError> {
        self.msp
            .node_units
            .check_role(self.msp.id(), role, &self.units)
            .map_err(IdentityError::Principal)
    }
}
