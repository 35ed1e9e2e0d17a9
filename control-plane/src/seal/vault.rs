//! A vault whose private keys rest sealed. What nodes read is not in the vault but beside them, in copies of their own.

use std::sync::Arc;

use async_trait::async_trait;
use entente_operator::vault::{Bundle, BundleId, IsSame, Vault, VaultError};

use super::{Seal, SealError, is_sealed, open};

/// Seals what comes into another vault and holds a private key, and opens it on its way out.
pub struct Sealed {
    inner: Arc<dyn Vault>,
    /// `None`: nothing is sealed, and what is cannot be opened.
    seal: Option<Seal>,
    /// Whether what was kept before there was a master key is sealed when it is read.
    adopts: bool,
}

impl Sealed {
    /// For whoever writes the vault.
    pub fn new(inner: Arc<dyn Vault>, seal: Option<Seal>) -> Sealed {
        Sealed {
            inner,
            seal,
            adopts: true,
        }
    }

    /// For whoever only reads it, and may not do more.
    pub fn reader(inner: Arc<dyn Vault>, seal: Option<Seal>) -> Sealed {
        Sealed {
            adopts: false,
            ..Sealed::new(inner, seal)
        }
    }

    /// The files with their private keys sealed.
    fn sealed(&self, id: &BundleId, files: Bundle) -> Result<Bundle, VaultError> {
        let Some(seal) = &self.seal else { return Ok(files) };
        files
            .into_iter()
            .map(|(file, content)| {
                if !holds_key(&content) {
                    return Ok((file, content));
                }
                let sealed = seal.seal(&purpose(id, &file), &content).map_err(failed(id, &file))?;
                Ok((file, sealed.into_bytes()))
            })
            .collect()
    }

    /// The files as they were before they were sealed.
    fn opened(&self, id: &BundleId, files: Bundle) -> Result<Bundle, VaultError> {
        let opened = files.into_iter().map(|(file, content)| {
            if !is_sealed(&content) {
                return Ok((file, content));
            }
            let content = open(self.seal.as_ref(), &purpose(id, &file), content).map_err(failed(id, &file))?;
            Ok((file, content))
        });
        opened.collect()
    }

    async fn adopt(&self, id: &BundleId, held: &Bundle) {
        if self.seal.is_none() || !self.adopts {
            return;
        }
        if !held.values().any(|content| holds_key(content)) {
            return;
        }
        let is_same = |stored: &Bundle| {
            let is_sealed = !stored.values().any(|content| holds_key(content));
            let opened = |bundle: &Bundle| self.opened(id, bundle.clone()).ok();
            is_sealed && opened(stored).is_some_and(|stored| Some(stored) == opened(held))
        };
        let recast = match self.sealed(id, held.clone()) {
            Ok(sealed) => self.inner.recast(id, sealed, &is_same).await,
            Err(error) => Err(error),
        };
        if let Err(error) = recast {
            tracing::warn!(bundle = %id, %error, "keys from before the master key stay unsealed");
        }
    }
}

#[async_trait]
impl Vault for Sealed {
    async fn read(&self, id: &BundleId) -> Result<Option<Bundle>, VaultError> {
        let Some(held) = self.inner.read(id).await? else {
            return Ok(None);
        };
        self.adopt(id, &held).await;
        self.opened(id, held).map(Some)
    }

    async fn create(&self, id: &BundleId, bundle: Bundle) -> Result<bool, VaultError> {
        self.inner.create(id, self.sealed(id, bundle)?).await
    }

    async fn replace(&self, id: &BundleId, files: Bundle) -> Result<(), VaultError> {
        self.inner.replace(id, self.sealed(id, files)?).await
    }

    async fn recast(&self, id: &BundleId, bundle: Bundle, is_same: IsSame<'_>) -> Result<(), VaultError> {
        let is_same = |stored: &Bundle| self.opened(id, stored.clone()).is_ok_and(|opened| is_same(&opened));
        self.inner.recast(id, self.sealed(id, bundle)?, &is_same).await
    }

    async fn remove(&self, id: &BundleId) -> Result<(), VaultError> {
        self.inner.remove(id).await
    }
}

/// Whether there is a private key in PEM (RFC 7468 and the forms before it) among the bytes.
fn holds_key(content: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    content.windows(MARK.len()).any(|window| window == MARK)
}

fn purpose(id: &BundleId, file: &str) -> String {
    format!("vault {id}/{file}")
}

fn failed(id: &BundleId, file: &str) -> impl Fn(SealError) -> VaultError {
    let (id, file) = (id.clone(), file.to_owned());
    move |error| VaultError::Sealed {
        id: id.clone(),
        reason: format!("{file}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::SystemTime;

    use entente_operator::pki::OrganizationPki;
    use entente_operator::vault::Local;

    use super::super::tests::seal;
    use super::*;

    /// Files below a folder that hold a private key which anybody who reads the disk can use.
    fn bare(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path().is_dir() {
                true => found.extend(bare(&entry.path())),
                false if holds_key(&std::fs::read(entry.path()).unwrap()) => found.push(entry.path()),
                false => {}
            }
        }
        found.sort();
        found
    }

    async fn bank(vault: Sealed) -> OrganizationPki {
        let bank = OrganizationPki::ensure(Arc::new(vault), "hebei", "bank", "BankMSP", SystemTime::now())
            .await
            .unwrap();
        bank.admin(SystemTime::now()).await.unwrap();
        bank
    }

    #[tokio::test]
    async fn no_key_of_an_organization_rests_unsealed_and_its_roots_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let local = Arc::new(Local::new(folder.path()));

        let first = bank(Sealed::new(local.clone(), Some(seal(1)))).await;
        let second = bank(Sealed::new(local.clone(), Some(seal(1)))).await;

        let (one, two) = (first.authorities(), second.authorities());
        assert_eq!((&one.0.key_pem, &one.1.key_pem), (&two.0.key_pem, &two.1.key_pem));
        assert_eq!(bare(folder.path()), Vec::<PathBuf>::new());
        let refused = Sealed::new(local, None)
            .read(&BundleId::new("hebei", "bank", "ca"))
            .await
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "hebei/bank/ca: ca.key: it is sealed; start the platform with its master key (--master-key-file)"
        );
    }

    #[tokio::test]
    async fn keys_from_before_the_master_key_are_sealed_when_they_are_next_read() {
        let folder = tempfile::tempdir().unwrap();
        let local = Arc::new(Local::new(folder.path()));
        let before = bank(Sealed::new(local.clone(), None)).await;
        let unsealed = bare(folder.path()).len();

        let looked = bank(Sealed::reader(local.clone(), Some(seal(1)))).await;
        let still = bare(folder.path()).len();
        let after = bank(Sealed::new(local, Some(seal(1)))).await;

        assert_eq!((unsealed, still), (4, 4));
        assert_eq!(bare(folder.path()), Vec::<PathBuf>::new());
        let keys = |pki: &OrganizationPki| pki.authorities().0.key_pem.clone();
        assert_eq!((keys(&before), keys(&before)), (keys(&looked), keys(&after)));
    }

    #[tokio::test]
    async fn a_sealed_key_is_of_no_use_in_another_place() {
        let folder = tempfile::tempdir().unwrap();
        let local = Arc::new(Local::new(folder.path()));
        bank(Sealed::new(local.clone(), Some(seal(1)))).await;
        let (own, other) = (
            BundleId::new("hebei", "bank", "ca"),
            BundleId::new("hebei", "rival", "ca"),
        );
        let stolen = local.read(&own).await.unwrap().unwrap();
        local.create(&other, stolen).await.unwrap();

        let refused = Sealed::new(local, Some(seal(1))).read(&other).await.unwrap_err();

        assert!(
            refused.to_string().contains("the sealed bytes do not open"),
            "{refused}"
        );
    }
}
