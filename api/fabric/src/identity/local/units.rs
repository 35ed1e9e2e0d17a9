//! `config.yaml` of an MSP folder: organizational units. Certificates in it are paths inside the folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LocalMspError, folder};
use crate::proto::msp::{FabricMspConfig, FabricNodeOUs, FabricOuIdentifier};

const FILE: &str = "config.yaml";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Configuration {
    #[serde(
        rename = "OrganizationalUnitIdentifiers",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    required: Vec<Unit>,
    #[serde(rename = "NodeOUs", default, skip_serializing_if = "Option::is_none")]
    node_units: Option<NodeUnits>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct NodeUnits {
    #[serde(rename = "Enable", default)]
    enable: bool,
    #[serde(rename = "ClientOUIdentifier", default, skip_serializing_if = "Option::is_none")]
    client: Option<Unit>,
    #[serde(rename = "PeerOUIdentifier", default, skip_serializing_if = "Option::is_none")]
    peer: Option<Unit>,
    #[serde(rename = "AdminOUIdentifier", default, skip_serializing_if = "Option::is_none")]
    admin: Option<Unit>,
    #[serde(rename = "OrdererOUIdentifier", default, skip_serializing_if = "Option::is_none")]
    orderer: Option<Unit>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Unit {
    #[serde(rename = "Certificate", default, skip_serializing_if = "String::is_empty")]
    certificate: String,
    #[serde(rename = "OrganizationalUnitIdentifier", default)]
    name: String,
}

#[derive(Debug, Default)]
pub struct Units {
    pub required: Vec<FabricOuIdentifier>,
    pub node_units: Option<FabricNodeOUs>,
}

pub fn load(dir: &Path) -> Result<Units, LocalMspError> {
    let path = dir.join(FILE);
    if !path.exists() {
        return Ok(Units::default());
    }
    let text = folder::read(&path)?;
    let configuration: Option<Configuration> =
        serde_yaml::from_slice(&text).map_err(|why| LocalMspError::Config {
            path: path.clone(),
            reason: why.to_string(),
        })?;
    let configuration = configuration.unwrap_or_default();
    let required = configuration.required.iter().map(|unit| {
        let certificate = folder::read(&dir.join(&unit.certificate))?;
        Ok(FabricOuIdentifier {
            certificate,
            organizational_unit_identifier: unit.name.clone(),
        })
    });
    let required = required.collect::<Result<_, LocalMspError>>()?;
    // Units that are not enabled do not go into the definition, as in stock.
    let enabled = configuration.node_units.filter(|units| units.enable);
    let node_units = enabled.map(|units| FabricNodeOUs {
        enable: true,
        client_ou_identifier: node_unit(dir, units.client),
        peer_ou_identifier: node_unit(dir, units.peer),
        admin_ou_identifier: node_unit(dir, units.admin),
        orderer_ou_identifier: node_unit(dir, units.orderer),
    });
    Ok(Units { required, node_units })
}

/// A certificate that cannot be read leaves the unit open to every CA of the MSP, as in stock; we say so in the log.
fn node_unit(dir: &Path, unit: Option<Unit>) -> Option<FabricOuIdentifier> {
    let unit = unit.filter(|unit| !unit.name.is_empty())?;
    let path = Some(dir.join(&unit.certificate)).filter(|_| !unit.certificate.is_empty());
    let certificate = path
        .map_or(Ok(Vec::new()), |path| folder::read(&path))
        .unwrap_or_else(|why| {
            tracing::warn!(unit = unit.name, "no certificate restricts this unit: {why}");
            Vec::new()
        });
    Some(FabricOuIdentifier {
        certificate,
        organizational_unit_identifier: unit.name,
    })
}

pub fn write(dir: &Path, definition: &FabricMspConfig) -> Result<(), LocalMspError> {
    let path = dir.join(FILE);
    let unit = |unit: &FabricOuIdentifier| -> Result<Unit, LocalMspError> {
        let certificate = path_of(definition, &unit.certificate).ok_or_else(|| LocalMspError::Config {
            path: path.clone(),
            reason: format!(
                "the certificate of the unit {} is no root or intermediate CA of the MSP",
                unit.organizational_unit_identifier
            ),
        })?;
        Ok(Unit {
            certificate,
            name: unit.organizational_unit_identifier.clone(),
        })
    };
    let optional = |named: &Option<FabricOuIdentifier>| named.as_ref().map(unit).transpose();
    let node_units = |units: &FabricNodeOUs| -> Result<NodeUnits, LocalMspError> {
        Ok(NodeUnits {
            enable: units.enable,
            client: optional(&units.client_ou_identifier)?,
            peer: optional(&units.peer_ou_identifier)?,
            admin: optional(&units.admin_ou_identifier)?,
            orderer: optional(&units.orderer_ou_identifier)?,
        })
    };
    let configuration = Configuration {
        required: definition
            .organizational_unit_identifiers
            .iter()
            .map(unit)
            .collect::<Result<_, _>>()?,
        node_units: definition.fabric_node_ous.as_ref().map(node_units).transpose()?,
    };
    let text = serde_yaml::to_string(&configuration).map_err(|why| LocalMspError::Config {
        path: path.clone(),
        reason: why.to_string(),
    })?;
    folder::write(dir, FILE, text.as_bytes(), folder::PUBLIC)
}

/// Where `super::write` puts a CA. Empty for no certificate, `None` for one that is not written.
fn path_of(definition: &FabricMspConfig, pem: &[u8]) -> Option<String> {
    if pem.is_empty() {
        return Some(String::new());
    }
    let root = definition.root_certs.iter().position(|root| root == pem);
    let intermediate = definition
        .intermediate_certs
        .iter()
        .position(|intermediate| intermediate == pem);
    root.map(|index| format!("cacerts/ca-{index}.pem"))
        .or_else(|| intermediate.map(|index| format!("intermediatecerts/ica-{index}.pem")))
}
