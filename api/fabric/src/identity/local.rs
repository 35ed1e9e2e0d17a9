//! An MSP in a folder, laid out as Fabric's tools lay it out (`msp/configbuilder.go`):
//!
//! ```text
//! cacerts/ intermediatecerts/ tlscacerts/ tlsintermediatecerts/   CAs, one PEM file each
//! admincerts/ crls/                                               administrators, revocation lists
//! signcerts/ keystore/                                            the identity that signs, and its key
//! config.yaml                                                     organizational units
//! ```

mod folder;
mod units;

use std::path::{Path, PathBuf};

use super::SigningIdentity;
use crate::crypto::CryptoError;
use crate::proto::msp::{FabricCryptoConfig, FabricMspConfig};
use folder::Item;

/// Why an MSP folder cannot be used, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum LocalMspError {
    #[error("MSP folder: {} cannot be read", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("MSP folder: {} cannot be written", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("MSP folder: {} is larger than {limit} bytes; it should hold one certificate, key or list", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("MSP folder: there is no {what} in {}; put one there as a PEM file", path.display())]
    Missing { what: &'static str, path: PathBuf },
    #[error("MSP folder: {} cannot be understood: {reason}", path.display())]
    Config { path: PathBuf, reason: String },
    #[error("MSP folder: the certificate {} cannot be used with a key of {}", certificate.display(), keystore.display())]
    Identity {
        certificate: PathBuf,
        keystore: PathBuf,
        source: CryptoError,
    },
}

/// Loads an MSP definition and the identity that signs with it. The definition holds no key and can go into a channel
/// configuration as it is.
pub fn load(dir: &Path, msp_id: &str) -> Result<(FabricMspConfig, SigningIdentity), LocalMspError> {
    let definition = load_definition(dir, msp_id)?;
    let certificates = folder::pem_files(&dir.join("signcerts"))?;
    let Some(certificate) = certificates.first() else {
        return Err(LocalMspError::Missing {
            what: "signing certificate",
            path: dir.join("signcerts"),
        });
    };
    Ok((
        definition,
        signing_identity(msp_id, certificate, &dir.join("keystore"))?,
    ))
}

/// Loads an MSP definition only: what others need to know about an organization.
pub fn load_definition(dir: &Path, msp_id: &str) -> Result<FabricMspConfig, LocalMspError> {
    let read = |name: &str| -> Result<Vec<Vec<u8>>, LocalMspError> {
        Ok(folder::pem_files(&dir.join(name))?
            .into_iter()
            .map(|item| item.contents)
            .collect())
    };
    let root_certs = read("cacerts")?;
    if root_certs.is_empty() {
        return Err(LocalMspError::Missing {
            what: "CA certificate",
            path: dir.join("cacerts"),
        });
    }
    let tls_root_certs = read("tlscacerts")?;
    let tls_intermediate_certs = if tls_root_certs.is_empty() {
        Vec::new()
    } else {
        read("tlsintermediatecerts")?
    };
    let units = units::load(dir)?;
    Ok(FabricMspConfig {
        name: msp_id.to_owned(),
        root_certs,
        intermediate_certs: read("intermediatecerts")?,
        admins: read("admincerts")?,
        revocation_list: read("crls")?,
        signing_identity: None,
        organizational_unit_identifiers: units.required,
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".into(),
            identity_identifier_hash_function: "SHA256".into(),
        }),
        tls_root_certs,
        tls_intermediate_certs,
        fabric_node_ous: units.node_units,
    })
}

/// The keystore's key that belongs to the certificate, whatever its file is called.
fn signing_identity(msp_id: &str, certificate: &Item, keystore: &Path) -> Result<SigningIdentity, LocalMspError> {
    let mut refused = None;
    for key in folder::pem_files(keystore)? {
        match SigningIdentity::new(msp_id, &certificate.contents, &key.contents) {
            Ok(identity) => return Ok(identity),
            Err(why) => refused = Some(why),
        }
    }
    let Some(source) = refused else {
        return Err(LocalMspError::Missing {
            what: "private key",
            path: keystore.to_owned(),
        });
    };
    Err(LocalMspError::Identity {
        certificate: certificate.path.clone(),
        keystore: keystore.to_owned(),
        source,
    })
}

/// Certificate and private key of an identity, in PEM.
#[derive(Clone, Copy)]
pub struct KeyPair<'a> {
    pub certificate_pem: &'a [u8],
    pub key_pem: &'a [u8],
}

/// Writes an MSP folder, with the identity that signs when there is one. Files of the same names are replaced, each in
/// one step; the key is readable by its owner only.
pub fn write(dir: &Path, definition: &FabricMspConfig, signer: Option<KeyPair<'_>>) -> Result<(), LocalMspError> {
    let lists = [
        ("cacerts", "ca", &definition.root_certs),
        ("intermediatecerts", "ica", &definition.intermediate_certs),
        ("tlscacerts", "tlsca", &definition.tls_root_certs),
        ("tlsintermediatecerts", "tlsica", &definition.tls_intermediate_certs),
        ("admincerts", "admin", &definition.admins),
        ("crls", "crl", &definition.revocation_list),
    ];
    for (name, prefix, contents) in lists {
        for (index, pem) in contents.iter().enumerate() {
            folder::write(&dir.join(name), &format!("{prefix}-{index}.pem"), pem, folder::PUBLIC)?;
        }
    }
    if let Some(KeyPair {
        certificate_pem,
        key_pem,
    }) = signer
    {
        folder::write(&dir.join("keystore"), "key.pem", key_pem, folder::SECRET)?;
        folder::write(&dir.join("signcerts"), "cert.pem", certificate_pem, folder::PUBLIC)?;
    }
    units::write(dir, definition)
}

#[cfg(test)]
mod tests;
