//! The administrator's token: random, made once, in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::cli::CliError;

/// What is shorter can be guessed.
const SHORTEST: usize = 20;

/// 256 random bits; the prefix lets scanners of leaked secrets recognize it.
fn generate() -> String {
    format!("ent_admin_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// Makes the file. One that is there is from a start that was cut short, and nobody has used it.
pub fn make(path: &Path) -> Result<(), CliError> {
    write(path, &generate())
}

/// Writes a secret into a file that only its owner can read, as a whole or not at all.
pub fn write(path: &Path, secret: &str) -> Result<(), CliError> {
    let unfinished = path.with_extension("new");
    let failed = |error| CliError::failed(format!("the secret in {} cannot be written: {error}", path.display()));
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(failed)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished);
    file.and_then(|mut file| {
        file.write_all(format!("{secret}\n").as_bytes())?;
        file.sync_all()
    })
    .and_then(|()| fs::rename(&unfinished, path))
    .map_err(failed)
}

/// Reads a token from a file that whoever runs the platform has put there.
pub fn read(path: &Path) -> Result<String, CliError> {
    let failed = |reason: &str| {
        CliError::failed(format!(
            "the administrator's token in {} cannot be used: {reason}",
            path.display()
        ))
    };
    let text = fs::read_to_string(path).map_err(|error| failed(&error.to_string()))?;
    match text.trim() {
        token if token.len() < SHORTEST => Err(failed("it is too short to be one")),
        token => Ok(token.to_owned()),
    }
}

/// That the file is there, holds something, and is nobody else's to read.
pub fn check(path: &Path) -> Result<(), CliError> {
    let failed = |reason: &str| CliError::Failed {
        message: format!("the token in {} cannot be read: {reason}", path.display()),
        hint: Some("Put a long random text into the file, with mode 0600, to set a new token.".to_owned()),
    };
    let text = fs::read_to_string(path).map_err(|error| failed(&error.to_string()))?;
    if text.trim().len() < SHORTEST {
        return Err(failed("it is too short to be one"));
    }
    let mode = fs::metadata(path)
        .map_err(|error| failed(&error.to_string()))?
        .permissions()
        .mode()
        & 0o077;
    if mode != 0 {
        return Err(failed("others on this machine may read the file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_random_and_private() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin-token");

        make(&path).unwrap();
        let first = fs::read_to_string(&path).unwrap();
        make(&path).unwrap();
        let second = fs::read_to_string(&path).unwrap();

        assert_eq!(first.trim().len(), "ent_admin_".len() + 43);
        assert_ne!(first, second);
        assert!(check(&path).is_ok());
    }

    #[test]
    fn a_given_token_is_read_without_the_line_end_and_must_be_long() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");

        fs::write(&path, "a-token-of-our-own-making\n").unwrap();
        let given = read(&path).unwrap();
        fs::write(&path, "short\n").unwrap();
        let short = read(&path).unwrap_err();

        assert_eq!(given, "a-token-of-our-own-making");
        assert!(short.to_string().contains("it is too short to be one"), "{short}");
    }

    #[test]
    fn a_token_that_others_can_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("admin-token");
        make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        assert!(
            check(&path)
                .unwrap_err()
                .to_string()
                .contains("others on this machine may read the file")
        );
    }
}
