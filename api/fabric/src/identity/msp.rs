//! One organization's membership rules (`msp/mspimpl.go`, `msp/mspimplsetup.go`).

use std::collections::HashSet;
use std::sync::Arc;

use aws_lc_rs::digest;
use prost::Message as _;

use super::certificate::Certificate;
use super::chain::{Issuers, Pool};
use super::identity::Identity;
use super::organizational_unit::{self, NodeUnits, OrganizationalUnit};
use super::revocation::{self, Crl};
use super::{IdentityError, MspError, MspVersion};
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::msp::{FabricCryptoConfig, FabricMspConfig, MspConfig};

/// One organization's membership rules, checked. Holds no private key and does not change.
#[derive(Debug)]
pub struct Msp {
    id: String,
    pub(super) version: MspVersion,
    pool: Pool,
    roots: Vec<Arc<Certificate>>,
    intermediates: Vec<Arc<Certificate>>,
    tls_roots: Vec<Vec<u8>>,
    /// DER of the CAs that issued other CAs of this MSP: they issue no identities.
    inner_nodes: HashSet<Vec<u8>>,
    crls: Vec<Crl>,
    required_units: Vec<OrganizationalUnit>,
    pub(super) node_units: NodeUnits,
    /// DER, with low s.
    admins: Vec<Vec<u8>>,
    identifier_hash: &'static digest::Algorithm,
}

/// `MSPConfig.type` of an X.509 MSP (`msp/msp.go`). Idemix, type 1, is not supported.
const FABRIC: i32 = 0;

impl Msp {
    /// Reads and checks a definition as it stands in a channel configuration.
    pub fn new(config: &MspConfig, version: MspVersion) -> Result<Arc<Msp>, MspError> {
        if config.r#type != FABRIC {
            let reason = format!(
                "type {} is not supported; use X.509 identities, type {FABRIC}",
                config.r#type
            );
            return Err(MspError {
                msp_id: String::new(),
                reason,
            });
        }
        let definition = FabricMspConfig::decode(&config.config[..]).map_err(|why| MspError {
            msp_id: String::new(),
            reason: format!("failed unmarshalling fabric msp config: {why}"),
        })?;
        Msp::from_definition(&definition, version)
    }

    /// As [`Msp::new`], from a definition that is decoded already.
    pub fn from_definition(definition: &FabricMspConfig, version: MspVersion) -> Result<Arc<Msp>, MspError> {
        let refused = |reason| MspError {
            msp_id: definition.name.clone(),
            reason,
        };
        let mut msp = Msp::authorities(definition, version).map_err(refused)?;
        msp.check_authorities().map_err(refused)?;
        msp.tls_roots = msp.tls_authorities(definition).map_err(refused)?;
        let certifiers = |pem: &[u8]| msp.certifiers_of_ca(pem);
        let required = organizational_unit::required(&definition.organizational_unit_identifiers, certifiers);
        let node_units = NodeUnits::read(definition.fabric_node_ous.as_ref(), version, certifiers);
        msp.required_units = required.map_err(refused)?;
        msp.node_units = node_units.map_err(refused)?;
        msp.with_admins(&definition.admins).map_err(refused)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// DER of the TLS root and intermediate certificates.
    pub fn tls_roots(&self) -> &[Vec<u8>] {
        &self.tls_roots
    }

    /// Reads a PEM certificate as an identity of this MSP. Says nothing about validity, except that the issuer of an
    /// ECDSA-signed certificate must be known: without it the signature has no low-s form.
    pub fn deserialize(self: &Arc<Self>, id_bytes: &[u8]) -> Result<Arc<Identity>, IdentityError> {
        let certificate = Certificate::from_pem(id_bytes).map_err(IdentityError::Malformed)?;
        Identity::new(self, certificate).map(Arc::new)
    }

    /// Certificates, CAs first read and rewritten to low s (`setupCAs`), and revocation lists.
    fn authorities(definition: &FabricMspConfig, version: MspVersion) -> Result<Msp, String> {
        if definition.root_certs.is_empty() {
            return Err("expected at least one CA certificate".into());
        }
        let read = |pems: &[Vec<u8>]| {
            pems.iter()
                .map(|pem| Certificate::from_pem(pem))
                .collect::<Result<Vec<_>, _>>()
        };
        let roots = read(&definition.root_certs)?;
        let intermediates = read(&definition.intermediate_certs)?;
        let pool = Pool::new(&roots, &intermediates);
        let low_s = |certificates: Vec<Arc<Certificate>>| {
            certificates
                .iter()
                .map(|certificate| Ok(pool.sanitize(certificate)?.0))
                .collect::<Result<Vec<_>, String>>()
        };
        let (roots, intermediates) = (low_s(roots)?, low_s(intermediates)?);
        Ok(Msp {
            id: definition.name.clone(),
            version,
            pool: Pool::new(&roots, &intermediates),
            roots,
            intermediates,
            tls_roots: Vec::new(),
            inner_nodes: HashSet::new(),
            crls: definition
                .revocation_list
                .iter()
                .map(|crl| Crl::read(crl))
                .collect::<Result<_, _>>()?,
            required_units: Vec::new(),
            node_units: NodeUnits::default(),
            admins: Vec::new(),
            identifier_hash: identifier_hash(definition.crypto_config.as_ref())?,
        })
    }

    /// `finalizeSetupCAs`: each CA is one, is valid and not revoked; notes those that have CAs below them.
    fn check_authorities(&mut self) -> Result<(), String> {
        for ca in self.roots.iter().chain(&self.intermediates) {
            check_ca(ca, &self.pool, &self.crls)?;
        }
        for intermediate in &self.intermediates {
            let issuers = self.pool.only_chain(intermediate)?;
            self.inner_nodes.extend(issuers.iter().map(|issuer| issuer.der.clone()));
        }
        Ok(())
    }

    fn tls_authorities(&self, definition: &FabricMspConfig) -> Result<Vec<Vec<u8>>, String> {
        let read = |pems: &[Vec<u8>]| {
            pems.iter()
                .map(|pem| Certificate::from_pem(pem))
                .collect::<Result<Vec<_>, _>>()
        };
        let roots = read(&definition.tls_root_certs)?;
        let intermediates = read(&definition.tls_intermediate_certs)?;
        let pool = Pool::new(&roots, &intermediates);
        let all: Vec<_> = roots.into_iter().chain(intermediates).collect();
        all.iter().try_for_each(|ca| check_ca(ca, &pool, &self.crls))?;
        Ok(all.iter().map(|ca| ca.der.clone()).collect())
    }

    /// `setupAdmins` and the check of them that follows it.
    fn with_admins(mut self, pems: &[Vec<u8>]) -> Result<Arc<Msp>, String> {
        let modern = self.version >= MspVersion::V1_4_3;
        let admin_unit = self.node_units.enforced && self.node_units.defines(MspRoleType::Admin);
        if modern && pems.is_empty() && !admin_unit {
            return Err("administrators must be declared when no admin ou classification is set".into());
        }
        let read = |pem: &Vec<u8>| {
            let certificate = Certificate::from_pem(pem)?;
            self.pool.sanitize(&certificate).map(|(certificate, _)| certificate)
        };
        let admins = pems.iter().map(read).collect::<Result<Vec<_>, String>>()?;
        self.admins = admins.iter().map(|admin| admin.der.clone()).collect();
        let msp = Arc::new(self);
        for (index, admin) in admins.into_iter().enumerate() {
            let checked = Identity::new(&msp, admin).and_then(|identity| msp.check_admin(&identity));
            checked.map_err(|why| format!("admin {index} is invalid: {why}"))?;
        }
        Ok(msp)
    }

    fn check_admin(&self, identity: &Identity) -> Result<(), IdentityError> {
        if !self.node_units.enforced {
            return identity.validate();
        }
        let client = identity.check_role(MspRoleType::Client);
        if self.version < MspVersion::V1_4_3 {
            return identity.validate().and(client);
        }
        client.or_else(|client| {
            let admin = identity.check_role(MspRoleType::Admin);
            admin.map_err(|admin| IdentityError::Principal(format!("[{client},{admin}]")))
        })
    }

    pub(super) fn is_admin(&self, identity: &Identity) -> bool {
        self.admins.iter().any(|admin| admin == identity.certificate_der())
    }

    /// `certificate` with a low-s signature, and its issuers when they had to be found for that.
    pub(super) fn sanitize(
        &self,
        certificate: &Arc<Certificate>,
    ) -> Result<(Arc<Certificate>, Option<Issuers>), String> {
        self.pool.sanitize(certificate)
    }

    /// The issuers of an identity's certificate (`getCertificationChainForBCCSPIdentity`).
    pub(super) fn issuers(&self, certificate: &Arc<Certificate>, known: Option<Issuers>) -> Result<Issuers, String> {
        if certificate.is_ca() {
            return Err("An X509 certificate with Basic Constraint: \
                        Certificate Authority equals true cannot be used as an identity"
                .into());
        }
        let issuers = known.map_or_else(|| self.pool.only_chain(certificate), Ok);
        let issuers = issuers.map_err(|why| format!("failed getting validation chain: {why}"))?;
        match issuers.first() {
            None => Err("expected a chain of length at least 2, got 1".into()),
            Some(parent) if self.inner_nodes.contains(&parent.der) => {
                Err("invalid validation chain. Parent certificate should be a leaf of the certification tree".into())
            }
            Some(_) => Ok(issuers),
        }
    }

    pub(super) fn check_revocation(&self, certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
        revocation::check(&self.crls, certificate, issuer)
    }

    /// `validateIdentityOUsV1` and what later versions add to it.
    pub(super) fn check_units(&self, units: &[OrganizationalUnit]) -> Result<(), String> {
        let required = &self.required_units;
        if !required.is_empty() && !units.iter().any(|unit| required.contains(unit)) {
            if units.is_empty() {
                return Err("the identity certificate does not contain an Organizational Unit (OU)".into());
            }
            let described = organizational_unit::describe(units);
            return Err(format!(
                "none of the identity's organizational units {described} are in MSP {}",
                self.id
            ));
        }
        self.node_units.check_one(&self.id, self.version, units)
    }

    /// The hash that names a chain of CAs in organizational units (`getCertificationChainIdentifierFromChain`).
    pub(super) fn certifiers(&self, chain: &[Arc<Certificate>]) -> Vec<u8> {
        let mut context = digest::Context::new(self.identifier_hash);
        chain.iter().for_each(|certificate| context.update(&certificate.der));
        context.finish().as_ref().to_vec()
    }

    /// Hexadecimal hash of a certificate: what makes it count once (`newIdentity` in `msp/identities.go`).
    pub(super) fn certificate_hash(&self, der: &[u8]) -> String {
        hex::encode(digest::digest(self.identifier_hash, der))
    }

    /// `getCertifiersIdentifier`: `pem` must be a CA of this MSP that issues identities.
    fn certifiers_of_ca(&self, pem: &[u8]) -> Result<Vec<u8>, String> {
        let certificate = Certificate::from_pem(pem)?;
        let (ca, _) = self.pool.sanitize(&certificate)?;
        if self.roots.iter().any(|root| root.der == ca.der) {
            return Ok(self.certifiers(&[ca]));
        }
        if !self.intermediates.iter().any(|intermediate| intermediate.der == ca.der) {
            let subject = &ca.subject_text;
            return Err(format!(
                "Failed adding OU. Certificate [{subject}] not in root or intermediate certs."
            ));
        }
        let issuers = self.pool.only_chain(&ca)?;
        if self.inner_nodes.contains(&ca.der) {
            return Err(
                "invalid validation chain. Parent certificate should be a leaf of the certification tree".into(),
            );
        }
        Ok(self.certifiers(&[vec![ca], issuers].concat()))
    }
}

impl Pool {
    /// `sanitizeCert` in `msp/mspimpl.go`. Only for ECDSA-signed certificates are issuers looked for.
    fn sanitize(&self, certificate: &Arc<Certificate>) -> Result<(Arc<Certificate>, Option<Issuers>), String> {
        if !certificate.signature_algorithm.is_ecdsa() {
            return Ok((Arc::clone(certificate), None));
        }
        if certificate.is_ca() && certificate.check_signed_by(certificate).is_ok() {
            let low = certificate.with_low_s(certificate)?;
            Pool::new(&[Arc::clone(&low)], &[]).only_chain(&low)?;
            return Ok((low, None));
        }
        let issuers = self.only_chain(certificate)?;
        let parent = issuers.first().ok_or_else(|| {
            format!(
                "failed to traverse certificate verification chain for {}",
                certificate.subject_text
            )
        })?;
        Ok((certificate.with_low_s(parent)?, Some(issuers)))
    }
}

fn check_ca(ca: &Arc<Certificate>, pool: &Pool, crls: &[Crl]) -> Result<(), String> {
    let serial = ca.serial_text();
    if !ca.is_ca() {
        return Err(format!("CA Certificate did not have the CA attribute, (SN: {serial})"));
    }
    if ca.subject_key_id.is_none() {
        return Err(format!(
            "CA Certificate problem with Subject Key Identifier extension, (SN: {serial}): \
             subjectKeyIdentifier not found in certificate"
        ));
    }
    let invalid = |why| format!("CA Certificate is not valid, (SN: {serial}): {why}");
    let issuers = pool
        .only_chain(ca)
        .map_err(|why| invalid(format!("could not obtain certification chain: {why}")))?;
    match issuers.first() {
        Some(parent) => revocation::check(crls, ca, parent).map_err(invalid),
        None => Ok(()),
    }
}

/// `setupCrypto`. Stock takes any name here and fails when the first identity is read; we say it at once.
fn identifier_hash(config: Option<&FabricCryptoConfig>) -> Result<&'static digest::Algorithm, String> {
    let (family, hash) = config.map_or(("", ""), |config| {
        (
            &config.signature_hash_family[..],
            &config.identity_identifier_hash_function[..],
        )
    });
    if !matches!(family, "" | "SHA2") {
        return Err(format!(
            "signature hash family {family:?} is not supported; use \"SHA2\""
        ));
    }
    match hash {
        "" | "SHA256" => Ok(&digest::SHA256),
        "SHA384" => Ok(&digest::SHA384),
        "SHA3_256" => Ok(&digest::SHA3_256),
        "SHA3_384" => Ok(&digest::SHA3_384),
        _ => Err(format!(
            "identity identifier hash {hash:?} is not supported; use \"SHA256\""
        )),
    }
}
