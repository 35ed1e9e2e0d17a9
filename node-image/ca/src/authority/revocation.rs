//! Certificates that are no longer good, and lists of them.

use super::{CertificateAuthority, Face};
use crate::attribute;
use crate::certificate::{self, Facts};
use crate::identity::Identity;
use crate::refusal::{Refusal, code};
use crate::store::certificates::Filter;

/// Why a certificate is no longer good (RFC 5280 §5.3.1), by the words that clients use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reason {
    #[default]
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl Reason {
    /// Unknown words mean no reason in particular, as in Fabric CA.
    pub fn named(word: &str) -> Reason {
        match word.to_ascii_lowercase().as_str() {
            "keycompromise" => Reason::KeyCompromise,
            "cacompromise" => Reason::CaCompromise,
            "affiliationchanged" => Reason::AffiliationChanged,
            "superseded" => Reason::Superseded,
            "cessationofoperation" => Reason::CessationOfOperation,
            "certificatehold" => Reason::CertificateHold,
            "removefromcrl" => Reason::RemoveFromCrl,
            "privilegewithdrawn" => Reason::PrivilegeWithdrawn,
            "aacompromise" => Reason::AaCompromise,
            _ => Reason::Unspecified,
        }
    }

    pub fn code(self) -> i64 {
        match self {
            Reason::Unspecified => 0,
            Reason::KeyCompromise => 1,
            Reason::CaCompromise => 2,
            Reason::AffiliationChanged => 3,
            Reason::Superseded => 4,
            Reason::CessationOfOperation => 5,
            Reason::CertificateHold => 6,
            Reason::RemoveFromCrl => 8,
            Reason::PrivilegeWithdrawn => 9,
            Reason::AaCompromise => 10,
        }
    }
}

/// What is to be revoked: one certificate by serial number and key identifier, or an identity with all that it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocation {
    pub id: String,
    pub serial: String,
    pub aki: String,
    pub reason: Reason,
}

/// A certificate that was just revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    pub serial: String,
    pub aki: String,
}

/// Which revoked certificates a list is to hold; exclusive bounds in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrlWindow {
    pub revoked_after: Option<i64>,
    pub revoked_before: Option<i64>,
    pub expire_after: Option<i64>,
    pub expire_before: Option<i64>,
}

impl CertificateAuthority {
    /// Revokes for `caller`, who has shown `shown` (`lib/serverrevoke.go`).
    pub async fn revoke(
        &self,
        caller: &Identity,
        shown: &Facts,
        asked: &Revocation,
    ) -> Result<Vec<RevokedCertificate>, Refusal> {
        let (serial, aki) = (certificate::normal(&asked.serial), certificate::normal(&asked.aki));
        if !serial.is_empty() && !aki.is_empty() {
            self.revoke_one(caller, shown, (&serial, &aki), asked).await?;
            self.has_revoked();
            return Ok(vec![RevokedCertificate { serial, aki }]);
        }
        if asked.id.is_empty() {
            return Err(Refusal::new(
                400,
                code::MISSING_REVOKE_ARGUMENTS,
                "Either Name or Serial and AKI are required for a revoke request",
            ));
        }
        must_be_revoker(caller, &asked.id)?;
        let found = self
            .store
            .identity(&asked.id)
            .await?
            .ok_or_else(|| missing_owner(&asked.id))?;
        if caller.id != found.id {
            caller.must_manage(&found)?;
        }
        let revoked = self
            .store
            .revoke_identity(&found.id, asked.reason.code(), self.now())
            .await?;
        self.has_revoked();
        let revoked = revoked
            .into_iter()
            .map(|(serial, aki)| RevokedCertificate { serial, aki });
        Ok(revoked.collect())
    }

    async fn revoke_one(
        &self,
        caller: &Identity,
        shown: &Facts,
        (serial, aki): (&str, &str),
        asked: &Revocation,
    ) -> Result<(), Refusal> {
        let certificate = format!("Certificate with serial {serial} and AKI {aki}");
        let refused = |status, code, rest: &str| Refusal::new(status, code, format!("{certificate} {rest}"));
        let kept = self
            .store
            .certificate(serial, aki)
            .await?
            .ok_or_else(|| refused(404, code::REVOKED_CERTIFICATE_NOT_FOUND, "was not found"))?;
        must_be_revoker(caller, &kept.identity)?;
        if kept.revoked_at.is_some() {
            return Err(refused(404, code::ALREADY_REVOKED, "was already revoked"));
        }
        if !asked.id.is_empty() && asked.id != kept.identity {
            return Err(refused(
                400,
                code::NOT_THE_OWNER,
                &format!("is not owned by {}", asked.id),
            ));
        }
        let owner = self
            .store
            .identity(&kept.identity)
            .await?
            .ok_or_else(|| missing_owner(&kept.identity))?;
        if (serial, aki) != (&shown.serial, &shown.aki) {
            caller.must_manage(&owner)?;
        }
        match self
            .store
            .revoke_certificate(serial, aki, asked.reason.code(), self.now())
            .await?
        {
            true => Ok(()),
            false => Err(refused(404, code::ALREADY_REVOKED, "was already revoked")),
        }
    }

    /// A revocation list for a caller who may have one.
    pub async fn crl_for(&self, caller: &Identity, face: Face, window: &CrlWindow) -> Result<String, Refusal> {
        caller.has_role(attribute::GEN_CRL).map_err(|_| {
            let message = format!("The identity '{}' does not have authority to generate a CRL", caller.id);
            Refusal::authorization(code::NO_CRL_AUTHORITY, message)
        })?;
        self.crl(face, window).await
    }

    /// A revocation list in PEM (`genCRL` in `lib/servergencrl.go`).
    pub async fn crl(&self, face: Face, window: &CrlWindow) -> Result<String, Refusal> {
        let is_upside_down =
            |after: Option<i64>, before: Option<i64>| matches!((after, before), (Some(a), Some(b)) if a > b);
        if is_upside_down(window.revoked_after, window.revoked_before) {
            let message = "Invalid 'revokedafter' value. It must not be a timestamp greater than 'revokedbefore'";
            return Err(Refusal::new(400, code::REVOKED_AFTER, message));
        }
        if is_upside_down(window.expire_after, window.expire_before) {
            let message = "Invalid 'expireafter' value. It must not be a timestamp greater than 'expirebefore'";
            return Err(Refusal::new(400, code::EXPIRED_AFTER, message));
        }
        let issuer = self.issuer(face);
        let filter = Filter {
            expires_from: window.expire_after,
            expires_to: window.expire_before,
            revoked_from: window.revoked_after,
            revoked_to: window.revoked_before,
            ..Filter::default()
        };
        let revoked = self.store.revoked(&issuer.aki(), &filter).await?;
        let now = self.now();
        Ok(issuer.revocation_list(&revoked, now, now + self.settings.crl_life)?)
    }
}

/// Everybody revokes his own; others need the attribute.
fn must_be_revoker(caller: &Identity, owner: &str) -> Result<(), Refusal> {
    if caller.id == owner {
        return Ok(());
    }
    caller
        .has_role(attribute::REVOKER)
        .map_err(|_| Refusal::authorization(code::NOT_REVOKER, "Caller does not have authority to revoke"))
}

fn missing_owner(id: &str) -> Refusal {
    Refusal::new(
        404,
        code::REVOKED_IDENTITY_NOT_FOUND,
        format!("Identity {id} was not found"),
    )
}
