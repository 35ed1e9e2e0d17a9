//! `entente rotate-master-key`: seals the data key under another master key.
//!
//! What the data key has sealed stays as it is, so this is one small write, and a platform that runs goes on.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use entente_ca::keys::master::MasterKeySource;
use entente_operator::metrics::Metrics;
use entente_operator::vault::{self, Vault};

use super::data_key::{self, PLATFORM};
use super::{SealArgs, args};
use crate::cli::{CliError, Console, Exit};
use crate::operate;
use crate::rest::problem::chain_of;
use crate::up::layout::Layout;

/// Options of `entente rotate-master-key`.
#[derive(Debug, Clone, Args)]
pub struct RotateArgs {
    /// Data folder of the platform, which may run
    #[arg(long, env = "DATA", default_value = ".entente", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Namespace of the platform in the cluster that `kubectl` would use, in place of the folder
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub seal: SealArgs,
    /// File with the new master key
    #[arg(long, value_name = "FILE", required_unless_present = "new_key_env")]
    pub new_key_file: Option<PathBuf>,
    /// Environment variable that holds the new master key
    #[arg(long, value_name = "NAME", conflicts_with = "new_key_file")]
    pub new_key_env: Option<String>,
}

/// Rotates, and says what to do next.
pub async fn run(args: &RotateArgs, console: &mut Console) -> Exit {
    console.conclude(rotate(args).await)
}

async fn rotate(args: &RotateArgs) -> Result<String, CliError> {
    let old = args.seal.master_key()?.ok_or_else(|| {
        CliError::usage("give the master key that is in use, with --master-key-file or --master-key-env")
    })?;
    let new = MasterKeySource::given(args.new_key_file.as_deref(), args.new_key_env.as_deref());
    let new = args::read(&new.ok_or_else(|| CliError::usage("give --new-key-file or --new-key-env"))?)?;
    let (vault, namespace): (Arc<dyn Vault>, &str) = match &args.namespace {
        Some(namespace) => {
            let client = operate::connect(&Metrics::default()).await?;
            (Arc::new(vault::Kubernetes::new(client)), namespace)
        }
        None => (Arc::new(vault::Local::new(&Layout::new(&args.data).vault())), PLATFORM),
    };
    data_key::rotate(&*vault, namespace, &old, &new)
        .await
        .map_err(|error| CliError::failed(chain_of(&error)))?;
    Ok(format!(
        "Secrets are sealed under the master key {} now, no longer under {}. Give it to every start from now on.",
        new.id, old.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_start_takes_the_new_key_and_no_longer_the_old_one() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (old, new) = (file("old", &"01".repeat(32)), file("new", &"02".repeat(32)));
        let seal = |file: &PathBuf| SealArgs {
            master_key_file: Some(file.clone()),
            master_key_env: None,
        };
        let keys = vault::Local::new(&Layout::new(home.path()).vault());
        let master = |file: &PathBuf| seal(file).master_key().unwrap().unwrap();
        data_key::ensure(&keys, PLATFORM, &master(&old)).await.unwrap();
        let args = RotateArgs {
            data: home.path().to_owned(),
            namespace: None,
            seal: seal(&old),
            new_key_file: Some(new.clone()),
            new_key_env: None,
        };

        let told = rotate(&args).await.unwrap();

        assert!(told.contains(&master(&new).id), "{told}");
        assert!(data_key::ensure(&keys, PLATFORM, &master(&new)).await.is_ok());
        assert!(data_key::ensure(&keys, PLATFORM, &master(&old)).await.is_err());
    }
}
