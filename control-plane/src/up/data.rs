//! Takes hold of the data folder: makes it, recognizes it, and keeps a second platform off it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use fs4::fs_std::FileExt as _;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::token;
use crate::cli::CliError;

/// How long a lock is waited for.
const A_MOMENT: Duration = Duration::from_millis(500);

/// Counts the changes of the folder's format that an older program could not read.
const FORMAT: u32 = 1;

/// The data folder, held as long as the value lives.
#[derive(Debug)]
pub struct Data {
    pub layout: Layout,
    /// Made by this very start.
    pub is_new: bool,
    /// Dropping it gives the folder free.
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    format: u32,
    /// Version of the program that made the folder; for people.
    created_by: String,
}

impl Data {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// In the user's words, when it cannot be used.
    pub fn open(root: &Path) -> Result<Data, CliError> {
        let layout = Layout::new(root);
        make_folder(root)?;
        let lock = take_lock(&layout)?;
        let is_new = match read_version(&layout)? {
            Some(_) => false,
            None => {
                make(&layout)?;
                true
            }
        };
        token::check(&layout.token())?;
        // Relative paths end here: nodes run in folders of their own.
        let root = root.canonicalize().map_err(|error| cannot(root, "be used", &error))?;
        Ok(Data {
            layout: Layout::new(&root),
            is_new,
            _lock: lock,
        })
    }
}

fn make_folder(root: &Path) -> Result<(), CliError> {
    if let Ok(found) = fs::metadata(root) {
        return if found.is_dir() {
            Ok(())
        } else {
            Err(refused(root, "is not a folder"))
        };
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(root)
        .map_err(|error| cannot(root, "be made", &error))
}

/// The lock is the operating system's: it ends with the process, however that ends.
fn take_lock(layout: &Layout) -> Result<File, CliError> {
    let path = layout.lock();
    let mut lock = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| cannot(&layout.root, "be written", &error))?;
    match locked(&lock) {
        Ok(true) => {}
        Ok(false) => {
            let mut holder = String::new();
            lock.read_to_string(&mut holder).ok();
            let holder = holder.trim();
            let who = if holder.is_empty() {
                String::new()
            } else {
                format!(" (process {holder})")
            };
            return Err(CliError::Failed {
                message: format!("another platform{who} runs on {}", layout.root.display()),
                hint: Some("Stop it, or choose another folder with DATA=.".to_owned()),
            });
        }
        Err(error) => return Err(cannot(&layout.root, "be locked", &error)),
    }
    lock.set_len(0)
        .and_then(|()| fs::write(&path, std::process::id().to_string()))
        .map_err(|error| cannot(&layout.root, "be written", &error))?;
    Ok(lock)
}

/// Takes the lock, now or within a moment: while a process that held it starts another one, that one holds it, too, until
/// it runs its own program.
fn locked(lock: &File) -> io::Result<bool> {
    let deadline = Instant::now() + A_MOMENT;
    loop {
        match lock.try_lock_exclusive() {
            Ok(false) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            outcome => return outcome,
        }
    }
}

/// The format of a folder that is in use; `None` when it is empty.
fn read_version(layout: &Layout) -> Result<Option<Version>, CliError> {
    let root = &layout.root;
    let text = match fs::read(layout.version()) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let entries = fs::read_dir(root).map_err(|error| cannot(root, "be read", &error))?;
            let foreign = entries
                .flatten()
                .map(|entry| entry.file_name())
                .find(|name| !is_from_making(name));
            return match foreign {
                None => Ok(None),
                Some(name) => Err(CliError::Failed {
                    message: format!(
                        "{} holds {} but no version.json: it is not a data folder of Entente, or only a part of one",
                        root.display(),
                        name.to_string_lossy()
                    ),
                    hint: Some("Choose an empty folder with DATA=, or restore this one as a whole.".to_owned()),
                }),
            };
        }
        Err(error) => return Err(cannot(root, "be read", &error)),
    };
    let version: Version = serde_json::from_slice(&text)
        .map_err(|_| refused(root, "has a version.json that cannot be read; restore it from a backup"))?;
    if version.format != FORMAT {
        let message = format!(
            "{} has data of format {}, made by version {}; this program reads format {FORMAT}",
            root.display(),
            version.format,
            version.created_by
        );
        let hint = "Use the program that made it, or choose another folder with DATA=.".to_owned();
        return Err(CliError::Failed {
            message,
            hint: Some(hint),
        });
    }
    Ok(Some(version))
}

/// What a start that was cut short may leave before `version.json`: nothing that anybody has used.
fn is_from_making(name: &std::ffi::OsStr) -> bool {
    ["lock", "admin-token", "admin-token.new", "version.new"]
        .iter()
        .any(|own| name == *own)
}

fn make(layout: &Layout) -> Result<(), CliError> {
    let root = &layout.root;
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(root, private).map_err(|error| cannot(root, "be made private", &error))?;
    token::make(&layout.token())?;
    let version = Version {
        format: FORMAT,
        created_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let unfinished = layout.version().with_extension("new");
    let text = serde_json::to_vec(&version).map_err(CliError::output)?;
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, layout.version()))
        .map_err(|error| cannot(root, "be written", &error))
}

fn cannot(path: &Path, what: &str, error: &io::Error) -> CliError {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "Give yourself the right to write there, or choose another folder with DATA=."
        }
        io::ErrorKind::StorageFull => "Make room, or choose another folder with DATA=.",
        _ => "Choose another folder with DATA=.",
    };
    CliError::Failed {
        message: format!("{} cannot {what}: {error}", path.display()),
        hint: Some(hint.to_owned()),
    }
}

fn refused(path: &Path, what: &str) -> CliError {
    CliError::Failed {
        message: format!("{} {what}", path.display()),
        hint: Some("Choose another folder with DATA=.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(root: &Path) -> String {
        Data::open(root)
            .unwrap_err()
            .to_string()
            .replace(&root.display().to_string(), "DATA")
    }

    #[test]
    fn a_folder_is_made_private_and_found_again() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("a/data");

        let first = Data::open(&root).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (folder, token) = (mode(&root), mode(&first.layout.token()));
        let made = first.is_new;
        drop(first);
        let second = Data::open(&root).unwrap();

        assert_eq!((made, second.is_new, folder, token), (true, false, 0o700, 0o600));
    }

    #[test]
    fn a_second_platform_is_kept_off() {
        let home = tempfile::tempdir().unwrap();
        let _first = Data::open(home.path()).unwrap();

        assert_eq!(
            refusal(home.path()),
            format!(
                "error: another platform (process {}) runs on DATA\nhint: Stop it, or choose another folder with DATA=.",
                std::process::id()
            )
        );
    }

    #[test]
    fn a_start_that_was_cut_short_is_taken_up_again() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("admin-token"), "half").unwrap();

        assert!(Data::open(home.path()).unwrap().is_new);
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.txt"), "").unwrap();

        assert_eq!(
            refusal(home.path()),
            "error: DATA holds thesis.txt but no version.json: it is not a data folder of Entente, or only a part of one\nhint: Choose an empty folder with DATA=, or restore this one as a whole."
        );
        assert!(!home.path().join("admin-token").exists());
    }

    #[test]
    fn unknown_or_damaged_formats_are_refused() {
        let home = tempfile::tempdir().unwrap();
        fs::write(
            home.path().join("version.json"),
            r#"{"format": 9, "created_by": "7.0.0"}"#,
        )
        .unwrap();
        let newer = refusal(home.path());
        fs::write(home.path().join("version.json"), "{").unwrap();
        let damaged = refusal(home.path());
        fs::write(
            home.path().join("version.json"),
            r#"{"format": 1, "created_by": "0.1.0"}"#,
        )
        .unwrap();
        let without_token = refusal(home.path());

        assert!(
            newer.starts_with(
                "error: DATA has data of format 9, made by version 7.0.0; this program reads format 1\n"
            ),
            "{newer}"
        );
        assert!(
            damaged.starts_with("error: DATA has a version.json that cannot be read; restore it from a backup\n"),
            "{damaged}"
        );
        assert!(
            without_token.starts_with("error: the token in DATA/admin-token cannot be read: "),
            "{without_token}"
        );
    }

    #[test]
    fn a_file_in_the_folders_place_is_named() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("data");
        fs::write(&root, "").unwrap();

        assert_eq!(
            refusal(&root),
            "error: DATA is not a folder\nhint: Choose another folder with DATA=."
        );
    }
}
