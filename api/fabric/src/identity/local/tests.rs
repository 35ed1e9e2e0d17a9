use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::crypto::Signer as _;
use crate::identity::testing::Authority;
use crate::identity::{Msp, MspVersion};
use crate::proto::msp::{FabricNodeOUs, FabricOuIdentifier};

fn unit(name: &str, certificate: &[u8]) -> Option<FabricOuIdentifier> {
    Some(FabricOuIdentifier {
        certificate: certificate.to_vec(),
        organizational_unit_identifier: name.into(),
    })
}

fn definition(root: &Authority) -> FabricMspConfig {
    let ca = root.pem();
    let intermediate = root.authority("ica").pem();
    FabricMspConfig {
        name: "Org1MSP".into(),
        root_certs: vec![ca.clone()],
        intermediate_certs: vec![intermediate.clone()],
        tls_root_certs: vec![Authority::root("tlsca").pem()],
        fabric_node_ous: Some(FabricNodeOUs {
            enable: true,
            client_ou_identifier: unit("client", &intermediate),
            peer_ou_identifier: unit("peer", &ca),
            admin_ou_identifier: unit("admin", b""),
            orderer_ou_identifier: None,
        }),
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".into(),
            identity_identifier_hash_function: "SHA256".into(),
        }),
        ..Default::default()
    }
}

#[test]
fn what_is_written_is_loaded_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = Authority::root("ca");
    let definition = definition(&root);
    let (certificate, key) = root.identity("peer0", &["peer"]);
    let signer = KeyPair {
        certificate_pem: certificate.as_bytes(),
        key_pem: key.as_bytes(),
    };

    write(dir.path(), &definition, Some(signer)).unwrap();
    write(dir.path(), &definition, Some(signer)).unwrap();
    let (loaded, identity) = load(dir.path(), "Org1MSP").unwrap();

    assert_eq!(loaded, definition);
    assert_eq!(identity.certificate_pem(), certificate.as_bytes());
    let mode = fs::metadata(dir.path().join("keystore/key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let msp = Msp::from_definition(&loaded, MspVersion::V3_0).unwrap();
    let read = msp.deserialize(identity.certificate_pem()).unwrap();
    assert!(read.verify(b"message", &identity.sign(b"message").unwrap()).is_ok());
}

#[test]
fn the_key_is_found_among_others_and_other_files_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let root = Authority::root("ca");
    let (certificate, key) = root.identity("peer0", &["peer"]);
    let (_, another) = root.identity("peer1", &["peer"]);
    let signer = KeyPair {
        certificate_pem: certificate.as_bytes(),
        key_pem: key.as_bytes(),
    };
    write(dir.path(), &definition(&root), Some(signer)).unwrap();
    fs::write(dir.path().join("keystore/another_sk"), another).unwrap();
    fs::write(dir.path().join("keystore/README"), "not a key").unwrap();

    assert!(load(dir.path(), "Org1MSP").is_ok());
}

#[test]
fn a_folder_that_cannot_be_used_says_what_is_missing() {
    let root = Authority::root("ca");
    let (certificate, key) = root.identity("peer0", &["peer"]);
    let (_, another) = root.identity("peer1", &["peer"]);
    let signer = KeyPair {
        certificate_pem: certificate.as_bytes(),
        key_pem: another.as_bytes(),
    };
    let dir = tempfile::tempdir().unwrap();
    let message = || {
        load(dir.path(), "Org1MSP")
            .unwrap_err()
            .to_string()
            .replace(&*dir.path().to_string_lossy(), "msp")
    };

    assert_eq!(
        message(),
        "MSP folder: there is no CA certificate in msp/cacerts; put one there as a PEM file"
    );
    write(dir.path(), &definition(&root), None).unwrap();
    assert_eq!(
        message(),
        "MSP folder: there is no signing certificate in msp/signcerts; put one there as a PEM file"
    );
    write(dir.path(), &definition(&root), Some(signer)).unwrap();
    assert_eq!(
        message(),
        "MSP folder: the certificate msp/signcerts/cert.pem cannot be used with a key of msp/keystore"
    );
    fs::write(dir.path().join("keystore/right.pem"), key).unwrap();
    fs::write(dir.path().join("config.yaml"), "NodeOUs: [").unwrap();
    assert!(
        message().starts_with("MSP folder: msp/config.yaml cannot be understood: "),
        "{}",
        message()
    );
}
