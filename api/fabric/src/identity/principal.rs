//! Whom a policy means: roles, units, single identities, and combinations (`SatisfiesPrincipal` in `msp/mspimpl.go`).

use prost::Message as _;

use super::identity::Identity;
use super::{IdentityError, MspVersion};
use crate::proto::common::msp_identity_anonymity::MspIdentityAnonymityType;
use crate::proto::common::msp_principal::Classification;
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::common::{CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, MspRole, OrganizationUnit};
use crate::proto::msp::SerializedIdentity;

/// How deep combined principals may be nested. Stock has no limit but that of its decoder.
const MAX_NESTING: usize = 32;

pub fn check(identity: &Identity, principal: &MspPrincipal) -> Result<(), IdentityError> {
    check_nested(identity, principal, 0)
}

fn check_nested(identity: &Identity, principal: &MspPrincipal, depth: usize) -> Result<(), IdentityError> {
    let bytes = &principal.principal[..];
    match Classification::try_from(principal.principal_classification) {
        Ok(Classification::Role) => role(identity, &decode(bytes, "MSPRole")?),
        Ok(Classification::OrganizationUnit) => unit(identity, &decode(bytes, "OrganizationUnit")?),
        Ok(Classification::Identity) => same_identity(identity, bytes),
        Ok(Classification::Anonymity) => nominal(&decode(bytes, "MSPIdentityAnonymity")?),
        Ok(Classification::Combined) => {
            let combined: CombinedPrincipal = decode(bytes, "CombinedPrincipal")?;
            if combined.principals.is_empty() {
                return refuse("No principals in CombinedPrincipal");
            }
            if depth == MAX_NESTING {
                return refuse("combined principals are nested too deeply");
            }
            combined
                .principals
                .iter()
                .try_for_each(|each| check_nested(identity, each, depth + 1))
        }
        Err(_) => refuse(format!("invalid principal type {}", principal.principal_classification)),
    }
}

fn decode<M: prost::Message + Default>(bytes: &[u8], name: &str) -> Result<M, IdentityError> {
    M::decode(bytes)
        .map_err(|why| IdentityError::Principal(format!("could not unmarshal {name} from principal: {why}")))
}

fn refuse(why: impl Into<String>) -> Result<(), IdentityError> {
    Err(IdentityError::Principal(why.into()))
}

fn check_msp(identity: &Identity, expected: &str) -> Result<(), IdentityError> {
    let msp = identity.msp_id();
    if expected == msp {
        return Ok(());
    }
    refuse(format!(
        "the identity is a member of a different MSP (expected {expected}, got {msp})"
    ))
}

fn role(identity: &Identity, role: &MspRole) -> Result<(), IdentityError> {
    check_msp(identity, &role.msp_identifier)?;
    let msp = identity.msp();
    let modern = msp.version >= MspVersion::V1_4_3 && msp.node_units.enforced;
    match MspRoleType::try_from(role.role) {
        Ok(MspRoleType::Member) => identity.validate(),
        Ok(MspRoleType::Admin) if msp.is_admin(identity) => Ok(()),
        Ok(MspRoleType::Admin) if !modern => refuse("This identity is not an admin"),
        Ok(MspRoleType::Orderer) if !modern => refuse(format!("invalid MSP role type {}", role.role)),
        Ok(role) => {
            let (id, name) = (msp.id(), role.as_str_name());
            let article = if role == MspRoleType::Admin {
                "an admin".to_owned()
            } else {
                format!("a [{name}]")
            };
            identity.validate().map_err(|why| {
                IdentityError::Principal(format!("The identity is not valid under this MSP [{id}]: {why}"))
            })?;
            identity.check_role(role).map_err(|why| {
                IdentityError::Principal(format!("The identity is not {article} under this MSP [{id}]: {why}"))
            })
        }
        Err(_) => refuse(format!("invalid MSP role type {}", role.role)),
    }
}

fn unit(identity: &Identity, unit: &OrganizationUnit) -> Result<(), IdentityError> {
    check_msp(identity, &unit.msp_identifier)?;
    identity.validate()?;
    let matches = identity.units().iter().any(|carried| {
        carried.name == unit.organizational_unit_identifier && carried.certifiers == unit.certifiers_identifier
    });
    if matches {
        Ok(())
    } else {
        refuse("The identities do not match")
    }
}

fn same_identity(identity: &Identity, serialized: &[u8]) -> Result<(), IdentityError> {
    let invalid =
        |why: String| IdentityError::Principal(format!("invalid identity principal, not a certificate: {why}"));
    let named = SerializedIdentity::decode(serialized)
        .map_err(|why| invalid(format!("could not deserialize a SerializedIdentity: {why}")))?;
    let msp = identity.msp();
    if named.mspid != msp.id() {
        return Err(invalid(format!(
            "expected MSP ID {}, received {}",
            msp.id(),
            named.mspid
        )));
    }
    let named = msp
        .deserialize(&named.id_bytes)
        .map_err(|why| invalid(why.to_string()))?;
    if named.certificate_der() != identity.certificate_der() {
        return refuse("The identities do not match");
    }
    identity.validate()
}

fn nominal(anonymity: &MspIdentityAnonymity) -> Result<(), IdentityError> {
    match MspIdentityAnonymityType::try_from(anonymity.anonymity_type) {
        Ok(MspIdentityAnonymityType::Nominal) => Ok(()),
        Ok(MspIdentityAnonymityType::Anonymous) => {
            refuse("Principal is anonymous, but X.509 MSP does not support anonymous identities")
        }
        Err(_) => refuse(format!(
            "Unknown principal anonymity type: {}",
            anonymity.anonymity_type
        )),
    }
}
