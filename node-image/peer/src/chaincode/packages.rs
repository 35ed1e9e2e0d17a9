//! Installed packages on disk (`core/chaincode/persistence/persistence.go`): `<label>.<hash>.tar.gz` in one folder, as
//! a stock peer keeps them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use entente_fabric::package::{self, Connection};
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::connection::Target;
use crate::failure::Failure;

/// Why the package folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the package folder {path} cannot be read")]
pub struct PackagesError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub package_id: String,
    pub label: String,
}

/// The packages that this peer has.
pub struct Packages {
    dir: PathBuf,
    /// Values for the templates in connection.json.
    builder_config: Map<String, Value>,
    by_id: Mutex<BTreeMap<String, Entry>>,
}

struct Entry {
    label: String,
    /// As the package has it; read when it is first needed.
    connection: Option<Connection>,
}

impl Packages {
    /// Opens or creates the folder. `builder_config` is the JSON object for the templates.
    pub fn open(dir: &Path, builder_config: Map<String, Value>) -> Result<Packages, PackagesError> {
        let failed = |source| PackagesError {
            path: dir.to_owned(),
            source,
        };
        fs::create_dir_all(dir).map_err(failed)?;
        let mut by_id = BTreeMap::new();
        for file in fs::read_dir(dir).map_err(failed)? {
            let name = file.map_err(failed)?.file_name();
            // A file that a crash left half-written has another ending.
            let Some((label, hash)) = name.to_str().and_then(from_file_name) else {
                continue;
            };
            by_id.insert(
                format!("{label}:{hash}"),
                Entry {
                    label: label.to_owned(),
                    connection: None,
                },
            );
        }
        Ok(Packages {
            dir: dir.to_owned(),
            builder_config,
            by_id: Mutex::new(by_id),
        })
    }

    /// Checks a package, expands its connection.json once to see that it works, and stores it.
    pub fn install(&self, bytes: &[u8]) -> Result<Installed, Failure> {
        let opened = package::open(bytes)
            .map_err(|reason| Failure(format!("could not parse as a chaincode install package: {reason}")))?;
        let package_id = package::id(&opened.label, bytes);
        if self.by_id.lock().contains_key(&package_id) {
            return Err(Failure(format!(
                "chaincode already successfully installed (package ID '{package_id}')"
            )));
        }
        if opened.kind != "ccaas" {
            let kind = opened.kind;
            return Err(Failure(format!(
                "could not build chaincode: a package of type '{kind}' cannot run here; this peer runs chaincode as a service (type 'ccaas')"
            )));
        }
        self.expand(&opened.connection)
            .and_then(|connection| Target::new(&connection))
            .map_err(|failure| failure.within("could not build chaincode"))?;
        self.save(&package_id, bytes).map_err(|error| {
            tracing::error!(package = package_id, %error, "a package cannot be stored");
            Failure(format!(
                "could not save cc install package: error writing chaincode install package: {error}"
            ))
        })?;
        let entry = Entry {
            label: opened.label.clone(),
            connection: Some(opened.connection),
        };
        if self.by_id.lock().insert(package_id.clone(), entry).is_some() {
            // Installed by somebody else meanwhile; the file is the same.
            return Err(Failure(format!(
                "chaincode already successfully installed (package ID '{package_id}')"
            )));
        }
        Ok(Installed {
            package_id,
            label: opened.label,
        })
    }

    /// All packages, by id.
    pub fn list(&self) -> Vec<Installed> {
        let by_id = self.by_id.lock();
        by_id
            .iter()
            .map(|(id, entry)| Installed {
                package_id: id.clone(),
                label: entry.label.clone(),
            })
            .collect()
    }

    pub fn get(&self, package_id: &str) -> Option<Installed> {
        let by_id = self.by_id.lock();
        by_id.get(package_id).map(|entry| Installed {
            package_id: package_id.to_owned(),
            label: entry.label.clone(),
        })
    }

    /// A package's bytes; `None` when it is not installed.
    pub fn load(&self, package_id: &str) -> Result<Option<Vec<u8>>, Failure> {
        if !self.by_id.lock().contains_key(package_id) {
            return Ok(None);
        }
        let bytes = fs::read(self.path(package_id)).map_err(|error| {
            Failure(format!(
                "could not load cc install package: error reading chaincode install package: {error}"
            ))
        })?;
        Ok(Some(bytes))
    }

    /// Where a package's contract listens.
    pub fn target(&self, package_id: &str) -> Result<Target, Failure> {
        let known = self.by_id.lock().get(package_id).map(|entry| entry.connection.clone());
        let connection = match known {
            Some(Some(connection)) => connection,
            Some(None) => self.read_connection(package_id)?,
            None => return Err(Failure(format!("chaincode install package '{package_id}' not found"))),
        };
        Target::new(&self.expand(&connection)?)
    }

    fn read_connection(&self, package_id: &str) -> Result<Connection, Failure> {
        let bytes = self.load(package_id)?.unwrap_or_default();
        let connection = package::open(&bytes)
            .map_err(|reason| Failure(reason.to_string()))?
            .connection;
        if let Some(entry) = self.by_id.lock().get_mut(package_id) {
            entry.connection = Some(connection.clone());
        }
        Ok(connection)
    }

    fn expand(&self, connection: &Connection) -> Result<Connection, Failure> {
        connection
            .expand(&self.builder_config)
            .map_err(|reason| Failure(reason.to_string()))
    }

    fn path(&self, package_id: &str) -> PathBuf {
        self.dir.join(format!("{}.tar.gz", package_id.replacen(':', ".", 1)))
    }

    /// Under another name first: the final name never holds half a package.
    fn save(&self, package_id: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(package_id);
        let partial = self
            .dir
            .join(format!("{}.partial", hex::encode(rand::random::<[u8; 8]>())));
        let written = File::create_new(&partial).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(error) = written.and_then(|()| fs::rename(&partial, &path)) {
            // What is left of it does no harm.
            let _ = fs::remove_file(&partial);
            return Err(error);
        }
        File::open(&self.dir)?.sync_all()
    }
}

fn from_file_name(name: &str) -> Option<(&str, &str)> {
    let (label, hash) = name.strip_suffix(".tar.gz")?.rsplit_once('.')?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (is_hash && !label.is_empty()).then_some((label, hash))
}
