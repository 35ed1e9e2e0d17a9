//! Who asks, and the certificate that is given.

use super::{CertificateAuthority, Face};
use crate::attribute::{self, AttributeRequest};
use crate::certificate::{self, Facts};
use crate::csr::{self, Host, RequestError};
use crate::identity::Identity;
use crate::issuer::{Template, Usage};
use crate::refusal::{Refusal, code};
use crate::secret;
use crate::store::certificates::NewCertificate;
use crate::token::{self, Signed};

/// Certificates begin a little in the past, for machines whose clocks disagree.
const BACKDATE: i64 = 300;
const MINUTE: i64 = 60;

/// What a certificate is asked for with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrollment {
    /// PKCS#10 in PEM.
    pub request: String,
    /// `None`: the one that the authority's name stands for.
    pub profile: Option<Profile>,
    /// Stand for those of the signing request when there are any.
    pub hosts: Vec<String>,
    /// `None`: what is marked for certificates.
    pub attributes: Option<Vec<AttributeRequest>>,
}

/// Kinds of certificates, by the names that clients use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Default,
    Tls,
    Ca,
}

impl Profile {
    /// `None` for the empty name: whatever the authority's name stands for.
    pub fn named(name: &str) -> Result<Option<Profile>, Refusal> {
        match name {
            "" => Ok(None),
            "default" => Ok(Some(Profile::Default)),
            "tls" => Ok(Some(Profile::Tls)),
            "ca" => Ok(Some(Profile::Ca)),
            other => Err(Refusal::new(
                400,
                code::UNKNOWN,
                format!("Invalid profile: '{other}'; use tls or ca, or none"),
            )),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Default => "default",
            Profile::Tls => "tls",
            Profile::Ca => "ca",
        }
    }
}

impl CertificateAuthority {
    /// The identity whose id and secret these are (`BasicAuthentication` in `lib/serverrequestcontext.go`).
    pub async fn authenticate(&self, id: &str, secret: &str) -> Result<Identity, Refusal> {
        if self.settings.max_enrollments == 0 {
            return Err(Refusal::authentication(code::ENROLLMENT_DISABLED, "Enroll is disabled"));
        }
        let turn = self.hashing.acquire().await;
        let kept = self.store.secret(id).await?;
        // Looked at when it is this request's turn: of many that guess at once, few get through before the wait begins.
        if let Some(kept) = &kept
            && kept.blocked_until > self.now()
        {
            return Err(Refusal::new(
                401,
                code::PASSWORD_ATTEMPTS,
                format!(
                    "Incorrect password entered {} times; try again in {} seconds",
                    kept.failed_attempts,
                    kept.blocked_until - self.now()
                ),
            ));
        }
        let (given, digest) = (secret.to_owned(), kept.as_ref().map(|kept| kept.digest.clone()));
        let right = tokio::task::spawn_blocking(move || secret::is_right(&given, digest.as_deref()))
            .await
            .unwrap_or(false);
        drop(turn);
        let identity = self.store.identity(id).await?;
        let (Some(kept), Some(identity)) = (kept, identity) else {
            return Err(Refusal::authentication(
                code::INVALID_USER,
                format!("there is no identity {id:?}"),
            ));
        };
        if !right {
            let wait = secret::back_off(kept.failed_attempts + 1);
            self.store.count_failure(id, self.now() + wait).await?;
            return Err(Refusal::authentication(
                code::INVALID_SECRET,
                format!("the secret of {id:?} is another one"),
            ));
        }
        if kept.failed_attempts > 0 {
            self.store.forget_failures(id).await?;
        }
        let denied = |reason: &str| {
            Err(Refusal::authentication(
                code::INVALID_SECRET,
                format!("the identity {id:?} {reason}"),
            ))
        };
        match self.most_enrollments(&identity) {
            _ if identity.revoked => denied("is revoked"),
            0 => denied("may not enrol"),
            most if most != -1 && identity.enrollments >= most => denied("has enrolled as often as it may"),
            _ => Ok(identity),
        }
    }

    /// The identity that signed this request with a certificate of this authority (`verifyX509Token` in the same file).
    pub async fn recognize(
        &self,
        token: &str,
        signed: Signed<'_>,
        reenrolls: bool,
    ) -> Result<(Identity, Facts), Refusal> {
        let facts = token::verify(token, signed, self.settings.older_tokens)
            .map_err(|error| Refusal::authentication(code::INVALID_TOKEN, error.to_string()))?;
        let untrusted = |reason: &str| Refusal::authentication(code::UNTRUSTED_CERTIFICATE, reason);
        let kept = self.store.certificate(&facts.serial, &facts.aki).await?;
        let kept = kept.ok_or_else(|| untrusted("the token's certificate was not issued by this authority"))?;
        // The very bytes that were issued: a name and a number alone can be forged.
        if certificate::read(kept.pem.as_bytes()).ok().as_ref() != Some(&facts) {
            return Err(untrusted(
                "the token's certificate only looks like one of this authority",
            ));
        }
        if kept.revoked_at.is_some() {
            return Err(Refusal::authentication(
                code::CERTIFICATE_REVOKED,
                "The certificate in the authorization header is a revoked certificate",
            ));
        }
        let now = self.now();
        let excused = reenrolls && self.settings.reenroll_expired;
        if now > facts.not_after && !excused || now < facts.not_before {
            return Err(Refusal::authentication(
                code::CERTIFICATE_EXPIRED,
                "The certificate in the authorization header is not valid now",
            ));
        }
        let identity =
            self.store.identity(&kept.identity).await?.ok_or_else(|| {
                Refusal::authentication(code::GETTING_USER, "the certificate's identity was removed")
            })?;
        match identity.revoked {
            true => Err(Refusal::authorization(
                code::REVOKED_IDENTITY,
                "Enrollment ID is revoked, unable to process request",
            )),
            false => Ok((identity, facts)),
        }
    }

    /// Issues a certificate for who has authenticated with a secret, and counts it. It is recorded when this returns.
    pub async fn enroll(&self, face: Face, identity: &Identity, asked: &Enrollment) -> Result<String, Refusal> {
        let (new, profile) = self.prepare(face, identity, asked)?;
        let most = self.most_enrollments(identity);
        if !self.store.record_enrollment(&identity.id, most, &new).await? {
            return Err(Refusal::authentication(
                code::INVALID_SECRET,
                format!("the identity {:?} may not enrol any more", identity.id),
            ));
        }
        self.metrics.issued(profile.name());
        Ok(new.pem)
    }

    /// Issues a certificate for who has authenticated with a certificate. It is recorded when this returns.
    pub async fn reenroll(&self, face: Face, identity: &Identity, asked: &Enrollment) -> Result<String, Refusal> {
        let (new, profile) = self.prepare(face, identity, asked)?;
        self.store.record_certificate(&new).await?;
        self.metrics.issued(profile.name());
        Ok(new.pem)
    }

    /// The certificate, which nobody may see before it is recorded (`processSignRequest` in `lib/serverenroll.go`).
    fn prepare(
        &self,
        face: Face,
        identity: &Identity,
        asked: &Enrollment,
    ) -> Result<(NewCertificate, Profile), Refusal> {
        let request = csr::read(&asked.request).map_err(refused_request)?;
        if request.subject.common_name != identity.id {
            return Err(Refusal::new(
                403,
                code::COMMON_NAME,
                "The CSR subject common name must equal the enrollment ID",
            ));
        }
        let profile = asked.profile.unwrap_or(match face {
            Face::Identity => Profile::Default,
            Face::Tls => Profile::Tls,
        });
        if profile == Profile::Ca || request.wants_ca {
            identity.has_role(attribute::INTERMEDIATE_CA).map_err(|refusal| {
                Refusal::authorization(code::MISSING_ATTRIBUTE, format!("Enrolled failed: {refusal}"))
            })?;
        }
        let attributes =
            attribute::for_certificate(&identity.attributes, asked.attributes.as_deref()).map_err(|missing| {
                let message = format!("The following required attributes are missing: {missing:?}");
                Refusal::new(400, code::ATTRIBUTE_EXTENSION, message)
            })?;
        let hosts: Vec<Host> = match asked.hosts.is_empty() {
            true => request.hosts,
            false => csr::hosts(&asked.hosts).map_err(refused_request)?,
        };
        let (issuer, usage, life) = match profile {
            Profile::Default => (&self.identity, Usage::Signing, self.settings.default_life),
            Profile::Tls => (&self.tls, Usage::Tls, self.settings.tls_life),
            Profile::Ca => (self.issuer(face), Usage::Intermediate, self.settings.ca_life),
        };
        let mut subject = request.subject;
        subject.units = std::iter::once(identity.kind.as_str())
            .chain(identity.affiliation.split('.'))
            .map(str::to_owned)
            .collect();
        let now = self.now();
        let pem = issuer.issue(&Template {
            subject,
            public_key_info: request.public_key_info,
            hosts,
            usage,
            attributes,
            not_before: now - BACKDATE,
            not_after: (now + life) / MINUTE * MINUTE,
        })?;
        let facts = certificate::read(pem.as_bytes()).map_err(|error| Refusal::internal(&error))?;
        let new = NewCertificate {
            serial: facts.serial,
            aki: facts.aki,
            identity: identity.id.clone(),
            pem,
            not_after: facts.not_after,
        };
        Ok((new, profile))
    }

    /// The authority's limit holds over that of the identity.
    fn most_enrollments(&self, identity: &Identity) -> i64 {
        let (own, allowed) = (identity.max_enrollments, self.settings.max_enrollments);
        match allowed != -1 && (own == -1 || own > allowed) {
            true => allowed,
            false => own,
        }
    }
}

fn refused_request(error: RequestError) -> Refusal {
    match error {
        RequestError::TooLong { .. } => {
            Refusal::new(400, code::CSR_INPUT, format!("CSR input validation failed: {error}"))
        }
        _ => Refusal::new(400, code::BAD_CSR, error.to_string()),
    }
}
