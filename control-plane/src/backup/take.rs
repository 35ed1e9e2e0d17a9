//! Writes a backup.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::cli::CliError;
use crate::rest::problem::chain_of;
use crate::up::layout::Layout;

/// What the certificate authorities are trusted by, beside their databases.
pub(super) const AUTHORITY_ROOT: [&str; 2] = ["ca-tls-root.pem", "ca-tls-root.key"];

/// Copies the platform's own data into `out`; gives its size in bytes.
pub async fn all(data: &Path, out: &Path) -> Result<u64, CliError> {
    let layout = Layout::new(data);
    if !layout.version().is_file() {
        return Err(CliError::Failed {
            message: format!("{} is not a data folder of Entente", data.display()),
            hint: Some("Name the one that the platform runs on, with --data.".to_owned()),
        });
    }
    if out.exists() {
        return Err(CliError::failed(format!("{} exists already", out.display())));
    }
    let copies = tempfile::tempdir_in(data).map_err(|error| cannot(data, &error))?;
    let (registry, platform) = (copies.path().join("registry.db"), copies.path().join("platform.db"));
    snapshot(&layout.registry(), &registry).await?;
    snapshot(&layout.platform(), &platform).await?;
    let authorities = copies.path().join("authorities");
    for database in databases(&layout.authorities()) {
        let copy = authorities.join(&database);
        let folder = copy.parent().unwrap_or(&authorities);
        fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
        snapshot(&layout.authorities().join(&database), &copy).await?;
    }

    // Complete under its own name, or not there.
    let unfinished = out.with_extension("unfinished");
    let written = (|| {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        let mut archive = tar::Builder::new(file);
        for (name, path) in [
            ("version.json", layout.version()),
            ("admin-token", layout.token()),
            ("registry.db", registry),
            ("platform.db", platform),
        ] {
            archive.append_file(name, &mut File::open(path)?)?;
        }
        for name in AUTHORITY_ROOT {
            let path = layout.root.join(name);
            if path.is_file() {
                archive.append_file(name, &mut File::open(path)?)?;
            }
        }
        for (name, folder) in [("authorities", authorities), ("vault", layout.vault())] {
            if folder.is_dir() {
                archive.append_dir_all(name, folder)?;
            }
        }
        let file = archive.into_inner()?;
        file.sync_all()?;
        let size = file.metadata()?.len();
        fs::rename(&unfinished, out).map(|()| size)
    })();
    written.map_err(|error: io::Error| cannot(out, &error))
}

/// The databases of certificate authorities, relative to their folder: `<tenant>/<organization>/ca.db`.
fn databases(folder: &Path) -> Vec<PathBuf> {
    let within = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let organizations = within(folder).into_iter().flat_map(|tenant| within(&tenant));
    let all = organizations
        .map(|organization| organization.join("ca.db"))
        .filter(|database| database.is_file());
    all.filter_map(|database| Some(database.strip_prefix(folder).ok()?.to_owned()))
        .collect()
}

/// A copy of a database as it is at one moment, however much is being written.
async fn snapshot(from: &Path, to: &Path) -> Result<(), CliError> {
    let copy = async {
        let mut connection: SqliteConnection = SqliteConnectOptions::new().filename(from).connect().await?;
        sqlx::query("VACUUM INTO $1")
            .bind(to.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await?;
        connection.close().await
    };
    copy.await.map_err(|error: sqlx::Error| {
        CliError::failed(format!("{} cannot be copied: {}", from.display(), chain_of(&error)))
    })
}

fn cannot(path: &Path, error: &io::Error) -> CliError {
    CliError::failed(format!("{} cannot be written: {error}", path.display()))
}
