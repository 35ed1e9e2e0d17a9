//! The platforms that somebody has signed in to, in a file of theirs that nobody else can read.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::CliError;

/// What the platform takes as a proof of who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Credential {
    /// A token, or an API key.
    Token(String),
    /// A session: the value of its cookie, and what changes carry beside it.
    #[serde(rename_all = "camelCase")]
    Session { cookie: String, csrf_token: String },
}

/// A platform, and who one is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub server: String,
    /// The user or key, as the platform calls it.
    pub who: String,
    pub credential: Credential,
}

/// All of somebody's profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profiles {
    /// Used where no other is named.
    #[serde(default)]
    pub current: Option<String>,
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
}

/// Where they are kept (XDG Base Directory Specification).
pub fn file() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(folder.join("entente").join("profiles.json"))
}

impl Profiles {
    /// Reads them; there are none where there is no file.
    pub fn read(file: &Path) -> Result<Profiles, CliError> {
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Profiles::default()),
            Err(error) => return Err(unusable(file, &error)),
        };
        serde_json::from_slice(&text).map_err(|error| unusable(file, &error))
    }

    /// Writes them, whole or not at all, for nobody else to read.
    pub fn write(&self, file: &Path) -> Result<(), CliError> {
        let failed = |error: std::io::Error| unusable(file, &error);
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let text = serde_json::to_vec_pretty(self).map_err(CliError::output)?;
        entente_ca::folder::write_file(file, &text).map_err(failed)
    }

    /// The one of that name.
    pub fn find(&self, name: &str) -> Result<&Profile, CliError> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => "Make one with `entente login --server URL`.".to_owned(),
                known => format!("There are: {}.", known.join(", ")),
            };
            CliError::usage_hint(format!("there is no profile \"{name}\""), hint)
        })
    }

    /// The one to use where none is named.
    pub fn current(&self) -> Option<&Profile> {
        self.profiles.get(self.current.as_deref()?)
    }
}

fn unusable(file: &Path, error: &dyn std::error::Error) -> CliError {
    CliError::failed(format!("the profiles in {} cannot be used: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("entente/profiles.json");
        let profile = Profile {
            server: "https://entente.bank.example".to_owned(),
            who: "li@bank.example".to_owned(),
            credential: Credential::Session {
                cookie: "c".to_owned(),
                csrf_token: "t".to_owned(),
            },
        };
        let profiles = Profiles {
            current: Some("bank".to_owned()),
            profiles: BTreeMap::from([("bank".to_owned(), profile.clone())]),
        };

        profiles.write(&file).unwrap();

        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(Profiles::read(&file).unwrap(), profiles);
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        assert_eq!(profiles.current(), Some(&profile));
        assert_eq!(
            profiles.find("rival").unwrap_err().to_string(),
            "error: there is no profile \"rival\"\nhint: There are: bank."
        );
    }

    #[test]
    fn without_a_file_there_are_none() {
        let folder = tempfile::tempdir().unwrap();

        assert_eq!(
            Profiles::read(&folder.path().join("none.json")).unwrap(),
            Profiles::default()
        );
    }
}
