//! The installation's data key: made once, kept in the vault under a name that no organization can have.
//!
//! On one machine that is a file of the data folder, on a cluster a Secret in the platform's own namespace.

use entente_ca::keys::data_key::{UnwrapError, WrappedDataKey, fresh};
use entente_ca::keys::master::MasterKey;
use entente_operator::vault::{Bundle, BundleId, Vault, VaultError};

use super::{Seal, SealError};

/// Of the bundle, and on one machine of its tenant: no name of a namespace or an organization begins so.
pub const PLATFORM: &str = "_platform";
/// Path of the bundle. The chart names the Secret that it becomes, in the role of the API.
pub const PATH: &str = "data-key";
const FILE: &str = "data-key.json";

/// Why there is no data key.
#[derive(Debug, thiserror::Error)]
pub enum DataKeyError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("{id}: {source}")]
    Unwrap { id: BundleId, source: UnwrapError },
    #[error("{0} cannot be read; restore it from a backup")]
    Damaged(BundleId),
    #[error("secrets of this installation are sealed: start it with the master key {0} (--master-key-file)")]
    NoMasterKey(String),
    #[error("this installation has no data key: it has never run with a master key")]
    Absent,
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Where the data key of an installation lies: `namespace` is the platform's on a cluster, [`PLATFORM`] on one machine.
fn id(namespace: &str) -> BundleId {
    BundleId::new(namespace, PLATFORM, PATH)
}

/// Opens the data key with the master key, making it when there is none yet.
pub async fn ensure(vault: &dyn Vault, namespace: &str, master: &MasterKey) -> Result<Seal, DataKeyError> {
    if let Some(seal) = find(vault, namespace, master).await? {
        return Ok(seal);
    }
    let key = fresh().ok_or(SealError::Seal)?;
    let wrapped = WrappedDataKey::seal(&key, master).ok_or(SealError::Seal)?;
    // Another replica may be faster; the one that is kept counts.
    vault.create(&id(namespace), bundle(&wrapped, namespace)?).await?;
    find(vault, namespace, master).await?.ok_or(DataKeyError::Absent)
}

/// Opens the data key with the master key; `None` when nothing was ever sealed.
pub async fn find(vault: &dyn Vault, namespace: &str, master: &MasterKey) -> Result<Option<Seal>, DataKeyError> {
    let Some(wrapped) = wrapped(vault, namespace).await? else {
        return Ok(None);
    };
    let key = wrapped.sealing_key(master);
    let key = key.map_err(|source| DataKeyError::Unwrap {
        id: id(namespace),
        source,
    })?;
    Ok(Some(Seal::new(key)))
}

/// # Errors
/// When there is a data key: then there are secrets that nobody can read without the master key.
pub async fn refuse_sealed(vault: &dyn Vault, namespace: &str) -> Result<(), DataKeyError> {
    match wrapped(vault, namespace).await? {
        Some(wrapped) => Err(DataKeyError::NoMasterKey(wrapped.master_key)),
        None => Ok(()),
    }
}

/// Seals the data key under another master key; nothing else changes. One that was cut off can be repeated.
pub async fn rotate(
    vault: &dyn Vault,
    namespace: &str,
    old: &MasterKey,
    new: &MasterKey,
) -> Result<(), DataKeyError> {
    let held = wrapped(vault, namespace).await?.ok_or(DataKeyError::Absent)?;
    let unwrap = |source| DataKeyError::Unwrap {
        id: id(namespace),
        source,
    };
    if held.master_key == new.id {
        return held.open(new).map(|_| ()).map_err(unwrap);
    }
    let key = held.open(old).map_err(unwrap)?;
    let wrapped = WrappedDataKey::seal(&key, new).ok_or(SealError::Seal)?;
    Ok(vault.replace(&id(namespace), bundle(&wrapped, namespace)?).await?)
}

async fn wrapped(vault: &dyn Vault, namespace: &str) -> Result<Option<WrappedDataKey>, DataKeyError> {
    let id = id(namespace);
    let Some(bundle) = vault.read(&id).await? else {
        return Ok(None);
    };
    let read = bundle.get(FILE).and_then(|file| serde_json::from_slice(file).ok());
    read.map(Some).ok_or(DataKeyError::Damaged(id))
}

fn bundle(wrapped: &WrappedDataKey, namespace: &str) -> Result<Bundle, DataKeyError> {
    let content = serde_json::to_vec(wrapped).map_err(|_| DataKeyError::Damaged(id(namespace)))?;
    Ok(Bundle::from([(FILE.to_owned(), content)]))
}

#[cfg(test)]
mod tests {
    use entente_operator::vault::Local;

    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_text(&hex::encode([byte; 32])).unwrap()
    }

    #[tokio::test]
    async fn the_data_key_outlives_the_rotation_of_the_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let (vault, old, new) = (Local::new(folder.path()), master(1), master(2));
        let before = ensure(&vault, PLATFORM, &old).await.unwrap();
        let sealed = before.seal("a secret", b"secret").unwrap().into_bytes();

        rotate(&vault, PLATFORM, &old, &new).await.unwrap();
        rotate(&vault, PLATFORM, &old, &new).await.unwrap();

        let after = ensure(&vault, PLATFORM, &new).await.unwrap();
        let refused = ensure(&vault, PLATFORM, &old).await.unwrap_err().to_string();
        assert_eq!(
            super::super::open(Some(&after), "a secret", sealed),
            Ok(b"secret".to_vec())
        );
        assert_eq!(
            refused,
            format!(
                "_platform/_platform/data-key: the data key is sealed under the master key {}, and the one given is {}",
                new.id, old.id
            )
        );
    }

    #[test]
    fn the_chart_lets_the_api_read_the_secret_that_the_data_key_becomes() {
        let roles = include_str!("../../../charts/entente/templates/api/rbac.yaml");

        let secret = entente_api::names::bundle(PLATFORM, PATH);

        assert!(roles.contains(&format!("resourceNames: [{secret}]")), "{secret}");
    }

    #[tokio::test]
    async fn an_installation_with_sealed_secrets_does_not_start_without_its_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Local::new(folder.path());

        let before = refuse_sealed(&vault, PLATFORM).await;
        ensure(&vault, PLATFORM, &master(1)).await.unwrap();
        let after = refuse_sealed(&vault, PLATFORM).await;

        assert!(before.is_ok());
        assert_eq!(
            after.unwrap_err().to_string(),
            format!(
                "secrets of this installation are sealed: start it with the master key {} (--master-key-file)",
                master(1).id
            )
        );
    }
}
