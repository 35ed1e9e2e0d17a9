//! An organization's membership definition: as a channel carries it, and as a node reads it from a folder.

use entente_fabric::proto::msp::{FabricCryptoConfig, FabricMspConfig, FabricNodeOUs, FabricOuIdentifier};

use super::Issued;
use crate::vault::Bundle;

/// The definition that goes into channel configurations, with roles told by organizational unit.
pub fn definition(msp_id: &str, ca_certificate: &str, tls_ca_certificate: &str) -> FabricMspConfig {
    let unit = |name: &str| {
        Some(FabricOuIdentifier {
            certificate: ca_certificate.as_bytes().to_vec(),
            organizational_unit_identifier: name.to_owned(),
        })
    };
    FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs: vec![ca_certificate.as_bytes().to_vec()],
        tls_root_certs: vec![tls_ca_certificate.as_bytes().to_vec()],
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        }),
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..FabricMspConfig::default()
    }
}

/// The files of an MSP folder, under `prefix`: whom the node trusts, and who it is.
pub fn folder(prefix: &str, ca_certificate: &str, tls_ca_certificate: &str, signing: &Issued) -> Bundle {
    let unit = |kind: &str| {
        let name = kind.to_ascii_lowercase();
        format!("  {kind}OUIdentifier:\n    Certificate: cacerts/ca.pem\n    OrganizationalUnitIdentifier: {name}\n")
    };
    let units: String = ["Client", "Peer", "Admin", "Orderer"].into_iter().map(unit).collect();
    let file = |name: &str, content: &str| (format!("{prefix}{name}"), content.as_bytes().to_vec());
    Bundle::from([
        file("cacerts/ca.pem", ca_certificate),
        file("tlscacerts/tlsca.pem", tls_ca_certificate),
        file("signcerts/cert.pem", &signing.certificate_pem),
        file("keystore/key.pem", &signing.key_pem),
        file("config.yaml", &format!("NodeOUs:\n  Enable: true\n{units}")),
    ])
}
