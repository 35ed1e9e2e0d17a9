//! `entente migrate`: brings the platform's tables up to date, as every start does, or says what that would change.
//!
//! Migrations go forward only. Where several replicas share a database, the first that starts with a newer version runs them,
//! and the others wait; this command lets an operator choose the moment.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{CliError, Console, Exit};
use crate::rest::problem::chain_of;
use crate::store::Db;
use crate::up::data::Data;
use crate::up::layout::Layout;

/// Options of `entente migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// Data folder of the platform, which must not run
    #[arg(long, env = "DATA", default_value = ".entente", value_name = "FOLDER")]
    pub data: PathBuf,
    /// File with the address of a shared PostgreSQL database, in place of the folder
    #[arg(long, env = "ENTENTE_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Only say what is missing; fails when anything is
    #[arg(long)]
    pub check: bool,
}

/// Migrates, or checks.
pub async fn run(args: &MigrateArgs, console: &mut Console) -> Exit {
    let outcome = migrate(args).await;
    let (text, exit) = match outcome {
        Ok((text, exit)) => (text, exit),
        Err(error) => {
            console.note(&error.to_string());
            return error.exit();
        }
    };
    match console.line(&text) {
        Ok(()) => exit,
        Err(error) => error.exit(),
    }
}

async fn migrate(args: &MigrateArgs) -> Result<(String, Exit), CliError> {
    let (url, _held) = match &args.database_url_file {
        Some(file) => (shared(file)?, None),
        None => {
            let data = existing(&args.data)?;
            (Db::address(&data.layout.platform()), Some(data))
        }
    };
    let unusable = |error| CliError::failed(format!("the database cannot be used: {}", chain_of(&error)));
    let missing = Db::missing(&url).await.map_err(unusable)?;
    if missing.is_empty() {
        return Ok(("The tables are up to date.".to_owned(), Exit::Success));
    }
    let list = missing.join("\n  ");
    if args.check {
        return Ok((format!("The tables lack:\n  {list}"), Exit::Failed));
    }
    Db::connect(&url).await.map_err(unusable)?.close().await;
    Ok((
        format!("The tables are up to date now. They lacked:\n  {list}"),
        Exit::Success,
    ))
}

/// A folder that a platform has made and that nobody uses.
fn existing(folder: &Path) -> Result<Data, CliError> {
    if Layout::new(folder).version().is_file() {
        return Data::open(folder);
    }
    Err(CliError::Failed {
        message: format!("{} is not a data folder of Entente", folder.display()),
        hint: Some(
            "Name the one that the platform runs on, with --data, or a database with --database-url-file.".to_owned(),
        ),
    })
}

/// The address of the database that replicas share.
pub fn shared(file: &Path) -> Result<String, CliError> {
    let url = std::fs::read_to_string(file)
        .map_err(|error| CliError::failed(format!("the address in {} cannot be read: {error}", file.display())))?;
    Ok(url.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(data: &Path, check: bool) -> MigrateArgs {
        MigrateArgs {
            data: data.to_owned(),
            database_url_file: None,
            check,
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_told_first_and_there_afterwards() {
        let home = tempfile::tempdir().unwrap();
        drop(Data::open(home.path()).unwrap());

        let before = migrate(&args(home.path(), true)).await.unwrap();
        let migrated = migrate(&args(home.path(), false)).await.unwrap();
        let after = migrate(&args(home.path(), true)).await.unwrap();

        assert!(before.0.starts_with("The tables lack:\n  0001 "), "{}", before.0);
        assert_eq!(before.1, Exit::Failed);
        assert!(
            migrated.0.starts_with("The tables are up to date now."),
            "{}",
            migrated.0
        );
        assert_eq!(after, ("The tables are up to date.".to_owned(), Exit::Success));
    }

    #[tokio::test]
    async fn a_folder_that_no_platform_has_made_is_left_alone() {
        let home = tempfile::tempdir().unwrap();

        let refused = migrate(&args(home.path(), false)).await.unwrap_err().to_string();

        assert!(refused.contains("is not a data folder of Entente"), "{refused}");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
