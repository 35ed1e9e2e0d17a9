//! Where the master key comes from.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use entente_ca::keys::master::{MasterKey, MasterKeySource};
use entente_operator::vault::Vault;

use super::Seal;
use super::data_key::{self, DataKeyError, PLATFORM};
use crate::cli::CliError;
use crate::rest::problem::chain_of;

/// How long the operator of a new installation may take to make the data key.
const A_MINUTE: Duration = Duration::from_secs(60);

/// Options of everything that keeps secrets. Without them secrets rest as they are, readable by their owner alone.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Secrets at rest")]
pub struct SealArgs {
    /// File with the master key that seals private keys and secrets at rest, such as one of a mounted Secret: 32 bytes in
    /// hexadecimal or base64
    #[arg(long, env = "ENTENTE_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Environment variable that holds the master key, in place of a file
    #[arg(
        long,
        env = "ENTENTE_MASTER_KEY_ENV",
        value_name = "NAME",
        conflicts_with = "master_key_file"
    )]
    pub master_key_env: Option<String>,
}

impl SealArgs {
    /// # Errors
    /// When a master key is asked for and cannot be read.
    pub fn master_key(&self) -> Result<Option<MasterKey>, CliError> {
        let source = MasterKeySource::given(self.master_key_file.as_deref(), self.master_key_env.as_deref());
        source.as_ref().map(read).transpose()
    }

    /// For the one process of one machine, which sees by itself whether there are sealed secrets.
    pub async fn on_one_machine(&self, vault: &dyn Vault) -> Result<Option<Seal>, CliError> {
        let found = match self.master_key()? {
            Some(master) => data_key::ensure(vault, PLATFORM, &master).await.map(Some),
            None => data_key::refuse_sealed(vault, PLATFORM).await.map(|()| None),
        };
        found.map_err(|error| refused(&error))
    }

    /// For the operator of a cluster, which makes the data key.
    pub async fn for_operator(&self, vault: &dyn Vault, namespace: &str) -> Result<Option<Seal>, CliError> {
        let Some(master) = self.master_key()? else {
            return Ok(None);
        };
        let made = data_key::ensure(vault, namespace, &master).await;
        made.map(Some).map_err(|error| refused(&error))
    }

    /// For the API on a cluster, which only reads the data key; on a new installation it waits for the operator a little.
    pub async fn for_api(&self, vault: &dyn Vault, namespace: &str) -> Result<Option<Seal>, CliError> {
        let Some(master) = self.master_key()? else {
            return Ok(None);
        };
        let deadline = tokio::time::Instant::now() + A_MINUTE;
        loop {
            let found = data_key::find(vault, namespace, &master).await;
            if let Some(seal) = found.map_err(|error| refused(&error))? {
                return Ok(Some(seal));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(CliError::Failed {
                    message: DataKeyError::Absent.to_string(),
                    hint: Some("`entente operator` makes it; start that with the same master key.".to_owned()),
                });
            }
            // A vault tells nobody of what is new in it.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

fn refused(error: &DataKeyError) -> CliError {
    CliError::failed(chain_of(error))
}

/// Reads a master key.
pub(super) fn read(source: &MasterKeySource) -> Result<MasterKey, CliError> {
    MasterKey::read(source).map_err(|error| CliError::failed(chain_of(&error)))
}
