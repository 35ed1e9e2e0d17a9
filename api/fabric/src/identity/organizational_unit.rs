//! Which organizational units an MSP asks of its identities, and which of them mean a role
//! (`setupOUs` and `setupNodeOUsV142` in `msp/mspimplsetup.go`).

use std::sync::Arc;

use super::MspVersion;
use super::certificate::Certificate;
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::msp::{FabricNodeOUs, FabricOuIdentifier};

/// A unit's name together with a hash of the CA chain that must vouch for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationalUnit {
    pub name: String,
    pub certifiers: Vec<u8>,
}

/// The units that tell roles apart.
#[derive(Debug, Default)]
pub struct NodeUnits {
    /// Whether identities must carry exactly one of the units.
    pub enforced: bool,
    roles: Vec<(MspRoleType, NodeUnit)>,
}

/// `certifiers` is `None` when any CA of the MSP may vouch for the unit.
#[derive(Debug)]
struct NodeUnit {
    name: String,
    certifiers: Option<Vec<u8>>,
}

impl NodeUnits {
    /// `certifiers` computes the identifier of a CA named in PEM, which must be one of the MSP's.
    pub fn read(
        definition: Option<&FabricNodeOUs>,
        version: MspVersion,
        certifiers: impl Fn(&[u8]) -> Result<Vec<u8>, String>,
    ) -> Result<NodeUnits, String> {
        let Some(definition) = definition else {
            return Ok(NodeUnits::default());
        };
        let only_clients_and_peers = version < MspVersion::V1_4_3;
        let declared = [
            (MspRoleType::Client, &definition.client_ou_identifier),
            (MspRoleType::Peer, &definition.peer_ou_identifier),
            (MspRoleType::Admin, &definition.admin_ou_identifier),
            (MspRoleType::Orderer, &definition.orderer_ou_identifier),
        ];
        let declared = &declared[..if only_clients_and_peers { 2 } else { 4 }];
        let mut roles = Vec::new();
        for (role, unit) in declared {
            let named = unit
                .as_ref()
                .filter(|unit| !unit.organizational_unit_identifier.is_empty());
            if only_clients_and_peers && named.is_none() {
                let role = if *role == MspRoleType::Client {
                    "ClientOU"
                } else {
                    "PeerOU"
                };
                return Err(format!("Failed setting up NodeOUs. {role} must be different from nil."));
            }
            if let Some(unit) = unit {
                let certificate = Some(&unit.certificate).filter(|pem| !pem.is_empty());
                let certifiers = certificate.map(|pem| certifiers(pem)).transpose()?;
                roles.push((
                    *role,
                    NodeUnit {
                        name: unit.organizational_unit_identifier.clone(),
                        certifiers,
                    },
                ));
            }
        }
        Ok(NodeUnits {
            enforced: definition.enable && !roles.is_empty(),
            roles,
        })
    }

    pub fn defines(&self, role: MspRoleType) -> bool {
        self.roles.iter().any(|(defined, _)| *defined == role)
    }

    /// Whether an identity with `units` has the role (`hasOURoleInternal` in `msp/mspimpl.go`).
    pub fn check_role(&self, msp: &str, role: MspRoleType, units: &[OrganizationalUnit]) -> Result<(), String> {
        if !self.enforced {
            return Err("NodeOUs not activated. Cannot tell apart identities.".into());
        }
        let text = role.as_str_name();
        let Some((_, unit)) = self.roles.iter().find(|(defined, _)| *defined == role) else {
            return Err(format!(
                "cannot test for classification, node ou for type [{text}], not defined, msp: [{msp}]"
            ));
        };
        if units.iter().any(|carried| carried.name == unit.name) {
            return Ok(());
        }
        Err(format!("The identity does not contain OU [{text}], MSP: [{msp}]"))
    }

    /// Demands exactly one of the units, vouched for as defined (`validateIdentityOUsV142` and `V11` in
    /// `msp/mspimplvalidate.go`). Where two roles share a name, the later one's certifiers count, as in stock.
    pub fn check_one(&self, msp: &str, version: MspVersion, units: &[OrganizationalUnit]) -> Result<(), String> {
        if !self.enforced {
            return Ok(());
        }
        let mut found = 0;
        for carried in units {
            let defined = self.lookup(version, &carried.name);
            let Some(unit) = defined else { continue };
            if unit
                .certifiers
                .as_ref()
                .is_some_and(|certifiers| *certifiers != carried.certifiers)
            {
                return Err(format!(
                    "certifiersIdentifier does not match: {}, MSP: [{msp}]",
                    describe(units)
                ));
            }
            found += 1;
        }
        let old = version < MspVersion::V1_4_3;
        match found {
            1 => Ok(()),
            0 if old => Err(format!(
                "the identity does not have an OU that resolves to client or peer. OUs: {}, MSP: [{msp}]",
                describe(units)
            )),
            0 => Err(format!(
                "the identity does not have an OU that resolves to client, peer, orderer, or admin role. OUs: {}, MSP: [{msp}]",
                describe(units)
            )),
            _ if old => Err(format!(
                "the identity must be a client or a peer identity to be valid, not a combination of them. OUs: {}, MSP: [{msp}]",
                describe(units)
            )),
            _ => Err(format!(
                "the identity must have a client, a peer, an orderer, or an admin OU role to be valid, not a combination of them. OUs: {}, MSP: [{msp}]",
                describe(units)
            )),
        }
    }

    fn lookup(&self, version: MspVersion, name: &str) -> Option<&NodeUnit> {
        let mut named = self
            .roles
            .iter()
            .filter(|(_, unit)| unit.name == name)
            .map(|(_, unit)| unit);
        if version < MspVersion::V1_4_3 {
            named.next()
        } else {
            named.next_back()
        }
    }
}

/// Stock stops counting at the second unit; a third with wrong certifiers changes only the message.
pub fn describe(units: &[OrganizationalUnit]) -> String {
    let each = units.iter().map(|unit| {
        let shown = &unit.certifiers[..unit.certifiers.len().min(8)];
        format!("{}({})", unit.name, hex::encode_upper(shown))
    });
    format!("[{}]", each.collect::<Vec<_>>().join(" "))
}

/// Reads the units of which identities must have one, without repetitions. Empty: any unit, or none, will do.
pub fn required(
    definitions: &[FabricOuIdentifier],
    certifiers: impl Fn(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<Vec<OrganizationalUnit>, String> {
    let mut units = Vec::new();
    for definition in definitions {
        let name = definition.organizational_unit_identifier.clone();
        let certifiers = certifiers(&definition.certificate)
            .map_err(|why| format!("failed getting certificate for [{name}]: {why}"))?;
        let unit = OrganizationalUnit { name, certifiers };
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    Ok(units)
}

/// The units of a certificate whose issuers hash to `certifiers`.
pub fn carried_by(certificate: &Arc<Certificate>, certifiers: &[u8]) -> Vec<OrganizationalUnit> {
    let unit = |name: &String| OrganizationalUnit {
        name: name.clone(),
        certifiers: certifiers.to_vec(),
    };
    certificate.organizational_units.iter().map(unit).collect()
}
