//! An organization's membership definition as a node reads it, from a folder in Fabric's layout.

use super::Issued;
use crate::vault::Bundle;

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
