//! Programs from the Python package index that tests use, in a virtual environment of their own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::skip::skip;

/// Tests of one process install one after the other.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// The folder of the programs that `tests/<folder>/requirements.txt` pins, installed below `$HOME/.cache/entente` the first
/// time. `None`, with a line that says which test is skipped, where there is no Python or no package index.
///
/// # Errors
/// When the cache cannot be written.
pub async fn programs_or_skip(test: &str, folder: &str) -> anyhow::Result<Option<PathBuf>> {
    let _one_at_a_time = INSTALLING.lock().await;
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join("requirements.txt");
    let pinned = std::fs::read_to_string(&requirements).context("reading the requirements")?;
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    let environment = Path::new(&home).join(".cache/entente/python").join(folder);
    let (programs, installed) = (environment.join("bin"), environment.join("installed.txt"));
    if std::fs::read_to_string(&installed).is_ok_and(|known| known == pinned) {
        return Ok(Some(programs));
    }
    let made = run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&environment))
    .await;
    let made = match made {
        Ok(()) => {
            run(Command::new(programs.join("pip"))
                .args(["install", "--quiet", "-r"])
                .arg(&requirements))
            .await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = made {
        skip(test, &format!("no Python environment: {error:#}"));
        return Ok(None);
    }
    std::fs::write(&installed, pinned)?;
    Ok(Some(programs))
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.trim());
    Ok(())
}
