//! Each organization's certificate authority, served by the platform over Fabric CA's REST API.
//!
//! One listener for all of them, because the official clients name an authority in the request: `bank` for an
//! organization of the installation's own tenant, `tenant.bank` for one of another. It issues with the keys that the
//! operator keeps in the vault, so that an organization's chains take what it issues; what it revokes goes into the
//! organization's resource, and from there the operator brings it to every channel.

mod directory;
mod listener;
mod revocations;

use std::path::PathBuf;

pub use directory::{Authorities, REGISTRAR};
pub use listener::{Listener, bind};

/// Why an organization's authority cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error("{} cannot be {action}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        source: std::io::Error,
    },
    #[error("organizations cannot be read or written")]
    Registry(#[from] entente_operator::registry::RegistryError),
    #[error(transparent)]
    Pki(#[from] entente_operator::pki::PkiError),
    #[error("the organization's key")]
    Key(#[from] entente_ca::keys::signer::SignerError),
    #[error("the organization's issuer")]
    Issuer(#[from] entente_ca::issuer::IssuerError),
    #[error(transparent)]
    Store(#[from] entente_ca::store::StoreError),
    #[error("the registrar's secret")]
    Bootstrap(#[from] entente_ca::authority::BootstrapError),
    #[error("the TLS certificate of the certificate authorities")]
    Tls(#[from] entente_fabric::tls::TlsError),
    #[error("the key that certificate authorities are served with")]
    Seal(#[from] crate::seal::SealError),
    #[error("revocations: {0}")]
    Revocations(String),
}
