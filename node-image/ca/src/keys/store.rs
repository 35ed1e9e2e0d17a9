//! Private keys as files of one folder, sealed when there is a master key.
//!
//! Envelope encryption: each authority has a data key of its own that seals its private keys; the master key seals the
//! data key alone, so that a new master key costs one small file, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::data_key::{self, UnwrapError, WrappedDataKey};
use super::envelope::{DoesNotOpen, KEY_BYTES, SealingKey};
use super::master::MasterKey;
use super::signer::{Signer, SignerError, SoftwareKey};

/// Gives the keys that an authority signs with, by label. PKCS#11 and its like implement this.
pub trait KeyProvider: Send + Sync {
    /// `None` when there is no key of this label yet.
    fn open(&self, label: &str) -> Result<Option<Arc<dyn Signer>>, KeyError>;
    /// Makes a key and keeps it under the label.
    fn create(&self, label: &str) -> Result<Arc<dyn Signer>, KeyError>;
}

/// Why a private key cannot be kept or read. Never says anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{} cannot be {action}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        source: io::Error,
    },
    #[error("{} is damaged; restore it from a backup", path.display())]
    Damaged { path: PathBuf },
    #[error("{} is sealed under the master key {wanted}, and the one given is {given}", path.display())]
    OtherMasterKey {
        path: PathBuf,
        wanted: String,
        given: String,
    },
    #[error("the keys in {} are sealed: configure the master key {wanted}", path.display())]
    NoMasterKey { path: PathBuf, wanted: String },
    #[error("the keys in {} are not sealed: they were made without a master key", path.display())]
    NotSealed { path: PathBuf },
    #[error("{}: {source}", path.display())]
    Sealed { path: PathBuf, source: DoesNotOpen },
    #[error("nothing can be sealed")]
    Seal,
    #[error("{}: {source}", path.display())]
    Key { path: PathBuf, source: SignerError },
}

/// Keys of this process' own, in a folder.
pub struct SoftwareKeys {
    folder: PathBuf,
    data_key: Option<SealingKey>,
}

const DATA_KEY: &str = "data-key.json";

impl SoftwareKeys {
    /// Opens the folder, making it when it is absent. Without a master key, keys rest as they are, mode 0600.
    pub fn open(folder: &Path, master: Option<&MasterKey>) -> Result<SoftwareKeys, KeyError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed(folder, "made"))?;
        let path = folder.join(DATA_KEY);
        let data_key = match (wrapped(&path)?, master) {
            (None, None) => None,
            (Some(wrapped), None) => {
                return Err(KeyError::NoMasterKey {
                    path: folder.to_owned(),
                    wanted: wrapped.master_key,
                });
            }
            (Some(wrapped), Some(master)) => Some(unwrap(&path, &wrapped, master)?),
            (None, Some(master)) => {
                let has_keys = fs::read_dir(folder)
                    .map_err(failed(folder, "read"))?
                    .flatten()
                    .any(|entry| entry.path().extension().is_some_and(|extension| extension == "key"));
                if has_keys {
                    return Err(KeyError::NotSealed {
                        path: folder.to_owned(),
                    });
                }
                let fresh = data_key::fresh().ok_or(KeyError::Seal)?;
                wrap(&path, &fresh, master)?;
                Some(fresh)
            }
        };
        let data_key = match data_key {
            Some(bytes) => Some(SealingKey::new(&bytes).ok_or(KeyError::Seal)?),
            None => None,
        };
        Ok(SoftwareKeys {
            folder: folder.to_owned(),
            data_key,
        })
    }

    /// Seals the data key under another master key. Private keys stay as they are.
    pub fn rotate(folder: &Path, old: &MasterKey, new: &MasterKey) -> Result<(), KeyError> {
        let path = folder.join(DATA_KEY);
        let Some(wrapped) = wrapped(&path)? else {
            return Err(KeyError::NotSealed {
                path: folder.to_owned(),
            });
        };
        // A rotation that was cut off after its one write is finished, not an error.
        if wrapped.master_key == new.id {
            return unwrap(&path, &wrapped, new).map(|_| ());
        }
        let data_key = unwrap(&path, &wrapped, old)?;
        wrap(&path, &data_key, new)
    }

    fn path(&self, label: &str) -> PathBuf {
        self.folder.join(format!("{label}.key"))
    }
}

impl KeyProvider for SoftwareKeys {
    fn open(&self, label: &str) -> Result<Option<Arc<dyn Signer>>, KeyError> {
        let path = self.path(label);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, "read")(error)),
        };
        let text = match &self.data_key {
            None => text,
            Some(key) => {
                let sealed = |source| KeyError::Sealed {
                    path: path.clone(),
                    source,
                };
                String::from_utf8(key.open(label, &text).map_err(sealed)?)
                    .map_err(|_| KeyError::Damaged { path: path.clone() })?
            }
        };
        match SoftwareKey::from_pem(&text) {
            Ok(key) => Ok(Some(Arc::new(key))),
            Err(source) => Err(KeyError::Key { path, source }),
        }
    }

    fn create(&self, label: &str) -> Result<Arc<dyn Signer>, KeyError> {
        let path = self.path(label);
        let wrong = |source| KeyError::Key {
            path: path.clone(),
            source,
        };
        let text = SoftwareKey::generate().map_err(wrong)?;
        let key = SoftwareKey::from_pem(&text).map_err(wrong)?;
        let content = match &self.data_key {
            None => text,
            Some(data_key) => data_key.seal(label, text.as_bytes()).ok_or(KeyError::Seal)?,
        };
        write_whole(&path, content.as_bytes()).map_err(failed(&path, "written"))?;
        Ok(Arc::new(key))
    }
}

fn wrapped(path: &Path) -> Result<Option<WrappedDataKey>, KeyError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| KeyError::Damaged { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "read")(error)),
    }
}

fn unwrap(path: &Path, wrapped: &WrappedDataKey, master: &MasterKey) -> Result<[u8; KEY_BYTES], KeyError> {
    let path = path.to_owned();
    wrapped.open(master).map_err(|error| match error {
        UnwrapError::OtherMasterKey { wanted, given } => KeyError::OtherMasterKey { path, wanted, given },
        UnwrapError::DoesNotOpen(source) => KeyError::Sealed { path, source },
        UnwrapError::Damaged => KeyError::Damaged { path },
    })
}

fn wrap(path: &Path, data_key: &[u8; KEY_BYTES], master: &MasterKey) -> Result<(), KeyError> {
    let wrapped = WrappedDataKey::seal(data_key, master).ok_or(KeyError::Seal)?;
    let content = serde_json::to_vec_pretty(&wrapped).map_err(|_| KeyError::Seal)?;
    write_whole(path, &content).map_err(failed(path, "written"))
}

/// Writes a file, mode 0600, that is there whole or not at all, and survives a power failure.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io {
        path: path.clone(),
        action,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey::from_text(&hex::encode([byte; 32])).unwrap()
    }

    #[test]
    fn a_sealed_key_outlives_the_rotation_of_the_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (master(1), master(2));
        let first = SoftwareKeys::open(folder.path(), Some(&old)).unwrap();
        let key = first.create("identity").unwrap();

        SoftwareKeys::rotate(folder.path(), &old, &new).unwrap();
        SoftwareKeys::rotate(folder.path(), &old, &new).unwrap();

        let again = SoftwareKeys::open(folder.path(), Some(&new)).unwrap();
        let found = again.open("identity").unwrap().unwrap();
        assert_eq!(found.public_key_info(), key.public_key_info());
        assert!(again.open("tls").unwrap().is_none());
        let refused = SoftwareKeys::open(folder.path(), Some(&old)).err().unwrap().to_string();
        let file = folder.path().join(DATA_KEY);
        assert_eq!(
            refused,
            format!(
                "{} is sealed under the master key {}, and the one given is {}",
                file.display(),
                new.id,
                old.id
            )
        );
        let on_disk = fs::read_to_string(folder.path().join("identity.key")).unwrap();
        assert!(!on_disk.contains("PRIVATE"), "{on_disk}");
    }

    #[test]
    fn sealed_keys_ask_for_their_master_key_by_name() {
        let folder = tempfile::tempdir().unwrap();
        SoftwareKeys::open(folder.path(), Some(&master(1))).unwrap();

        let refused = SoftwareKeys::open(folder.path(), None).err().unwrap().to_string();

        assert_eq!(
            refused,
            format!(
                "the keys in {} are sealed: configure the master key {}",
                folder.path().display(),
                master(1).id
            )
        );
    }

    #[test]
    fn without_a_master_key_only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let keys = SoftwareKeys::open(folder.path(), None).unwrap();

        keys.create("identity").unwrap();

        let mode = fs::metadata(folder.path().join("identity.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
