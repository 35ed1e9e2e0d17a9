//! Where certificates and keys are kept: small bundles of files, each owned by one organization.
//!
//! On a cluster a bundle is a Secret in its owner's namespace, [`Kubernetes`]; on one machine it is a folder, [`Local`].

mod kubernetes;
mod local;

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;

pub use kubernetes::Kubernetes;
pub use local::Local;

/// The files of one bundle, by relative path such as `signcerts/cert.pem`.
pub type Bundle = BTreeMap<String, Vec<u8>>;

/// Names a bundle: an organization's, by tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleId {
    pub namespace: String,
    pub organization: String,
    /// Path within the organization, for example `ca` or `nodes/ledger/orderer0`.
    pub path: String,
}

impl BundleId {
    pub fn new(namespace: &str, organization: &str, path: &str) -> BundleId {
        BundleId {
            namespace: namespace.to_owned(),
            organization: organization.to_owned(),
            path: path.to_owned(),
        }
    }
}

impl std::fmt::Display for BundleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.organization, self.path)
    }
}

/// Why key material could not be stored or found.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("{0} cannot name key material")]
    Name(BundleId),
    #[error("{id} is too large to be kept: {bytes} bytes of at most {most}")]
    TooLarge { id: BundleId, bytes: usize, most: usize },
    #[error("the Secret {secret} stands where the key material {id} should be, and is not the platform's; remove it")]
    Foreign { id: BundleId, secret: String },
    #[error("{id}: key material cannot be {action}")]
    Cluster {
        id: BundleId,
        action: &'static str,
        source: Box<kube::Error>,
    },
    #[error("{id}: key material cannot be {action}: the Kubernetes API server gives no answer")]
    Silent { id: BundleId, action: &'static str },
    #[error("the Secret {secret} should be the key material {id} in another form, and is not; remove it")]
    NotTheSame { id: BundleId, secret: String },
    #[error("{id}: {reason}")]
    Sealed { id: BundleId, reason: String },
    #[error("the access to key material was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
    #[error("{path}: key material cannot be {action}", path = path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        source: std::io::Error,
    },
}

/// Whether a bundle is the key material that it should be.
pub type IsSame<'a> = &'a (dyn Fn(&Bundle) -> bool + Send + Sync);

/// Keeps bundles. What one write stores is seen whole or not at all.
#[async_trait]
pub trait Vault: Send + Sync {
    async fn read(&self, id: &BundleId) -> Result<Option<Bundle>, VaultError>;
    /// Stores a bundle that does not exist yet. `false`: somebody else stored one first, and theirs stays.
    async fn create(&self, id: &BundleId, bundle: Bundle) -> Result<bool, VaultError>;
    /// Replaces single files of a bundle, one after the other.
    async fn replace(&self, id: &BundleId, files: Bundle) -> Result<(), VaultError>;
    /// Puts the same key material in another form in the place of the whole bundle, also of one that never changes. The old
    /// form goes once `is_same` has been said of what is stored then: at every moment there is one of the two.
    async fn recast(&self, id: &BundleId, bundle: Bundle, is_same: IsSame<'_>) -> Result<(), VaultError>;
    /// Removes the bundle and everything under its path. Removing what is not there succeeds.
    async fn remove(&self, id: &BundleId) -> Result<(), VaultError>;
}
