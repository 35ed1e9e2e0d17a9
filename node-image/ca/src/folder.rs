//! An authority in a folder: keys, certificates, database. What `entente-node ca` serves.
//!
//! `keys/` private keys, sealed when there is a master key; `ca-chain.pem` and `tls-ca-chain.pem` the issuers; `ca.db`
//! the database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::authority::{BootstrapError, CertificateAuthority, Settings, now};
use crate::csr::Subject;
use crate::issuer::{Issuer, IssuerError};
use crate::keys::signer::{Signer, SignerError, SoftwareKey};
use crate::keys::{KeyError, KeyProvider};
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

/// Fabric CA's default life of a root: 131400 hours.
const ROOT_LIFE: i64 = 131_400 * 3600;
const BACKDATE: i64 = 300;

/// Where an issuer's certificates and key come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Made here at the first start: a self-signed root of this name.
    Own { common_name: String, organization: String },
    /// Brought along: the issuer's certificate with those above it, and its key, in PEM.
    Brought { chain: PathBuf, key: PathBuf },
}

/// Why an authority could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{} cannot be {action}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        source: io::Error,
    },
    #[error("{}: {source}", path.display())]
    Key { path: PathBuf, source: SignerError },
    #[error("the key of {} is gone from the keys; restore it from a backup", path.display())]
    KeyMissing { path: PathBuf },
    #[error("the issuer in {}", path.display())]
    Issuer { path: PathBuf, source: IssuerError },
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the first identity cannot be registered")]
    Bootstrap(#[from] BootstrapError),
}

/// Opens the authority of a folder, making what is not there yet.
pub async fn open(
    folder: &Path,
    settings: Settings,
    (identity, tls): (&Origin, &Origin),
    keys: &dyn KeyProvider,
    metrics: Arc<Metrics>,
) -> Result<CertificateAuthority, FolderError> {
    let identity = issuer(folder, "ca-chain.pem", "identity", identity, keys)?;
    let tls = issuer(folder, "tls-ca-chain.pem", "tls", tls, keys)?;
    let store = Store::open(&folder.join("ca.db")).await?;
    Ok(CertificateAuthority::new(settings, store, identity, tls, metrics))
}

fn issuer(
    folder: &Path,
    file: &str,
    label: &str,
    origin: &Origin,
    keys: &dyn KeyProvider,
) -> Result<Issuer, FolderError> {
    let (path, chain, key) = match origin {
        Origin::Brought { chain, key } => {
            let wrong = |source| FolderError::Key {
                path: key.clone(),
                source,
            };
            let signer: Arc<dyn Signer> = Arc::new(SoftwareKey::from_pem(&read(key)?).map_err(wrong)?);
            (chain.clone(), read(chain)?, signer)
        }
        Origin::Own {
            common_name,
            organization,
        } => {
            let path = folder.join(file);
            let (chain, key) = own(&path, label, common_name, organization, keys)?;
            (path, chain, key)
        }
    };
    Issuer::new(&chain, key, now()).map_err(|source| FolderError::Issuer { path, source })
}

/// The certificate is written after its key: a start that was cut off in between makes a certificate for the same key.
fn own(
    path: &Path,
    label: &str,
    common_name: &str,
    organization: &str,
    keys: &dyn KeyProvider,
) -> Result<(String, Arc<dyn Signer>), FolderError> {
    let found = keys.open(label)?;
    if path.exists() {
        let key = found.ok_or_else(|| FolderError::KeyMissing { path: path.to_owned() })?;
        return Ok((read(path)?, key));
    }
    let key = match found {
        Some(key) => key,
        None => keys.create(label)?,
    };
    let subject = Subject {
        organization: Some(organization.to_owned()),
        common_name: common_name.to_owned(),
        ..Subject::default()
    };
    let root =
        Issuer::root(&subject, &*key, now() - BACKDATE, now() + ROOT_LIFE).map_err(|source| FolderError::Key {
            path: path.to_owned(),
            source,
        })?;
    write(path, root.as_bytes())?;
    Ok((root, key))
}

pub use crate::keys::write_whole as write_file;

/// Writes a file, mode 0600, that is there whole or not at all.
pub fn write(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    crate::keys::write_whole(path, content).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        action: "written",
        source,
    })
}

fn read(path: &Path) -> Result<String, FolderError> {
    std::fs::read_to_string(path).map_err(|source| FolderError::Io {
        path: path.to_owned(),
        action: "read",
        source,
    })
}
