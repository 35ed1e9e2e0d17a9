//! The master key, which is kept apart from what it protects.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::envelope::{KEY_BYTES, SealingKey};

/// More than 32 bytes in any of the forms; a wrong path must not fill the memory.
const LARGEST: u64 = 4096;

/// Where the master key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum MasterKeySource {
    /// A file with 32 bytes in hexadecimal or base64; on Kubernetes one that a Secret is mounted to.
    File(PathBuf),
    /// A variable of the environment, in the same form.
    Environment(String),
}

impl MasterKeySource {
    /// From the two options that a command has for it, of which the file counts first; `None` when neither is given.
    pub fn given(file: Option<&Path>, variable: Option<&str>) -> Option<MasterKeySource> {
        match (file, variable) {
            (Some(file), _) => Some(MasterKeySource::File(file.to_owned())),
            (None, variable) => variable.map(|name| MasterKeySource::Environment(name.to_owned())),
        }
    }
}

/// Why there is no master key. Never repeats what was found.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("the master key file {} cannot be read", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("the environment variable {0} with the master key is not set")]
    Environment(String),
    #[error(
        "the master key from {0} is not 32 bytes in hexadecimal or base64; make one with `openssl rand -base64 32`"
    )]
    Form(String),
}

/// A master key with the name that wrapped keys know it by.
pub struct MasterKey {
    pub(crate) sealing: SealingKey,
    /// The first bytes of its digest: tells which key is missing, and nothing about it.
    pub id: String,
}

impl MasterKey {
    pub fn read(source: &MasterKeySource) -> Result<MasterKey, MasterKeyError> {
        let (text, place) = match source {
            MasterKeySource::File(path) => {
                let failed = |source| MasterKeyError::File {
                    path: path.clone(),
                    source,
                };
                if std::fs::metadata(path).map_err(failed)?.len() > LARGEST {
                    return Err(MasterKeyError::Form(path.display().to_string()));
                }
                let bytes = std::fs::read(path).map_err(failed)?;
                (String::from_utf8_lossy(&bytes).into_owned(), path.display().to_string())
            }
            MasterKeySource::Environment(name) => {
                let text = std::env::var(name).map_err(|_| MasterKeyError::Environment(name.clone()))?;
                (text, name.clone())
            }
        };
        MasterKey::from_text(&text).ok_or(MasterKeyError::Form(place))
    }

    /// 32 bytes in hexadecimal or base64.
    pub fn from_text(text: &str) -> Option<MasterKey> {
        let text = text.trim();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
        let bytes = <[u8; KEY_BYTES]>::try_from(bytes).ok()?;
        let id = digest::digest(&digest::SHA256, &[b"entente master key ", &bytes[..]].concat());
        Some(MasterKey {
            sealing: SealingKey::new(&bytes)?,
            id: hex::encode(&id.as_ref()[..8]),
        })
    }
}
