//! Writes a backup.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::cli::CliError;
use crate::rest::problem::chain_of;
use crate::up::layout::Layout;

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
        if layout.vault().is_dir() {
            archive.append_dir_all("vault", layout.vault())?;
        }
        let file = archive.into_inner()?;
        file.sync_all()?;
        let size = file.metadata()?.len();
        fs::rename(&unfinished, out).map(|()| size)
    })();
    written.map_err(|error: io::Error| cannot(out, &error))
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
