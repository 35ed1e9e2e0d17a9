//! Bundles as folders of this machine: folders with mode 0700, files with mode 0600.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Bundle, BundleId, IsSame, Vault, VaultError};

/// A vault in a folder.
#[derive(Debug, Clone)]
pub struct Local {
    root: PathBuf,
}

impl Local {
    pub fn new(root: &Path) -> Local {
        Local { root: root.to_owned() }
    }

    /// The folder of a bundle, for nodes that read their files from it.
    pub fn folder(&self, id: &BundleId) -> Result<PathBuf, VaultError> {
        let path = id
            .path
            .split('/')
            .chain([&*id.namespace, &*id.organization])
            .all(is_plain);
        if !path {
            return Err(VaultError::Name(id.clone()));
        }
        Ok(self.root.join(&id.namespace).join(&id.organization).join(&id.path))
    }
}

/// A single folder name that cannot climb out of its parent, nor be taken for an unfinished write.
fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[async_trait]
impl Vault for Local {
    async fn read(&self, id: &BundleId) -> Result<Option<Bundle>, VaultError> {
        let folder = self.folder(id)?;
        blocking(move || {
            if !folder.is_dir() {
                return Ok(None);
            }
            let mut bundle = Bundle::new();
            collect(&folder, "", &mut bundle).map_err(failed(&folder, "read"))?;
            Ok(Some(bundle))
        })
        .await
    }

    async fn create(&self, id: &BundleId, bundle: Bundle) -> Result<bool, VaultError> {
        let folder = self.folder(id)?;
        blocking(move || store(&folder, &bundle).map_err(failed(&folder, "stored"))).await
    }

    async fn replace(&self, id: &BundleId, files: Bundle) -> Result<(), VaultError> {
        let folder = self.folder(id)?;
        blocking(move || {
            for (name, content) in &files {
                let path = folder.join(name);
                let unfinished = path.with_extension("new");
                write_file(&unfinished, content)
                    .and_then(|()| fs::rename(&unfinished, &path))
                    .map_err(failed(&path, "replaced"))?;
            }
            sync_folder(&folder).map_err(failed(&folder, "replaced"))
        })
        .await
    }

    async fn recast(&self, id: &BundleId, bundle: Bundle, _: IsSame<'_>) -> Result<(), VaultError> {
        // Each file has its new form before its old one goes.
        self.replace(id, bundle).await
    }

    async fn remove(&self, id: &BundleId) -> Result<(), VaultError> {
        let folder = self.folder(id)?;
        let root = self.root.clone();
        blocking(move || {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&folder, "removed")(error));
                }
                _ => {}
            }
            // Parents that became empty go with it; the first that is not empty ends this.
            let parents = folder
                .ancestors()
                .skip(1)
                .take_while(|parent| parent.starts_with(&root) && *parent != root);
            for parent in parents {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
            Ok(())
        })
        .await
    }
}

/// Writes the bundle beside its place, then moves it there: a crash leaves no half bundle under the real name.
fn store(folder: &Path, bundle: &Bundle) -> io::Result<bool> {
    if folder.exists() {
        return Ok(false);
    }
    let parent = folder.parent().unwrap_or(folder);
    private_folder(parent)?;
    let unfinished = parent.join(format!(".{}", uuid::Uuid::new_v4()));
    for (name, content) in bundle {
        let path = unfinished.join(name);
        let folder = path.parent().unwrap_or(&unfinished);
        private_folder(folder)?;
        write_file(&path, content)?;
        sync_folder(folder)?;
    }
    match fs::rename(&unfinished, folder) {
        Ok(()) => sync_folder(parent).map(|()| true),
        Err(error) => {
            fs::remove_dir_all(&unfinished).ok();
            if folder.exists() { Ok(false) } else { Err(error) }
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A name that was given or changed outlives a power failure only when its folder is written too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn collect(folder: &Path, prefix: &str, bundle: &mut Bundle) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => collect(&entry.path(), &format!("{name}/"), bundle)?,
            false => {
                bundle.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(())
}

fn failed(path: &Path, action: &'static str) -> impl Fn(io::Error) -> VaultError {
    let path = path.to_owned();
    move |source| VaultError::Io {
        path: path.clone(),
        action,
        source,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|interrupted| Err(VaultError::Interrupted(interrupted)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn bundle(content: &str) -> Bundle {
        Bundle::from([("keystore/key.pem".to_owned(), content.as_bytes().to_vec())])
    }

    #[tokio::test]
    async fn the_first_bundle_stays_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Local::new(folder.path());
        let id = BundleId::new("hebei", "bank", "nodes/ledger/peer0-bank");

        let first = vault.create(&id, bundle("one")).await.unwrap();
        let second = vault.create(&id, bundle("two")).await.unwrap();

        let file = vault.folder(&id).unwrap().join("keystore/key.pem");
        assert_eq!((first, second), (true, false));
        assert_eq!(vault.read(&id).await.unwrap(), Some(bundle("one")));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[tokio::test]
    async fn a_removed_bundle_leaves_no_folder_behind() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Local::new(folder.path());
        let id = BundleId::new("hebei", "bank", "nodes/ledger/peer0-bank");
        vault.create(&id, bundle("one")).await.unwrap();

        vault.remove(&id).await.unwrap();
        vault.remove(&id).await.unwrap();

        assert_eq!(vault.read(&id).await.unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_name_cannot_climb_out_of_the_vault() {
        let vault = Local::new(Path::new("/nowhere"));

        let refused = vault.read(&BundleId::new("..", "bank", "ca")).await.unwrap_err();

        assert_eq!(refused.to_string(), "../bank/ca cannot name key material");
    }
}
