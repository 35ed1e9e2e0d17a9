//! The master key and the first identity's secret.

use std::io::ErrorKind;

use anyhow::{Context as _, bail};
use entente_api::ca_config::{CaConfig, SecretSource};
use entente_ca::keys::SoftwareKeys;
use entente_ca::keys::master::{MasterKey, MasterKeySource};
use entente_ca::{CertificateAuthority, folder as ca_folder, secret};
use tracing::info;

use crate::{cli, folder};

/// Where the first identity's secret is left when the configuration gives none.
const BOOTSTRAP_SECRET: &str = "bootstrap-secret";

pub fn master_key(config: &CaConfig) -> anyhow::Result<Option<MasterKey>> {
    let Some(source) = &config.master_key else {
        return Ok(None);
    };
    let source = match source {
        SecretSource::File(path) => MasterKeySource::File(path.clone()),
        SecretSource::Environment(name) => MasterKeySource::Environment(name.clone()),
    };
    Ok(Some(MasterKey::read(&source).context("masterKey")?))
}

/// `entente-node ca rotate-master-key`.
#[expect(clippy::print_stdout, reason = "the answer to a command")]
pub fn rotate(config: &CaConfig, asked: &cli::RotateMasterKey) -> anyhow::Result<()> {
    let Some(old) = master_key(config)? else {
        bail!("masterKey is not configured: there is nothing to rotate");
    };
    let new = MasterKeySource::given(asked.new_key_file.as_deref(), asked.new_key_env.as_deref())
        .context("give --new-key-file or --new-key-env")?;
    let new = MasterKey::read(&new)?;
    let _held = folder::hold(&config.data_dir)?;
    SoftwareKeys::rotate(&config.data_dir.join("keys"), &old, &new)?;
    println!(
        "The keys are sealed under the master key {} now, no longer under {}. Configure it as masterKey.",
        new.id, old.id
    );
    Ok(())
}

/// Registers the first identity, unless it is there already.
pub async fn bootstrap(config: &CaConfig, authority: &CertificateAuthority) -> anyhow::Result<()> {
    let id = &config.bootstrap.id;
    if authority.store().identity(id).await?.is_some() {
        return Ok(());
    }
    let secret = match &config.bootstrap.secret {
        Some(SecretSource::File(path)) => std::fs::read_to_string(path)
            .with_context(|| format!("bootstrap.secret: the file {} cannot be read", path.display()))?,
        Some(SecretSource::Environment(name)) => std::env::var(name)
            .with_context(|| format!("bootstrap.secret: the environment variable {name} is not set"))?,
        None => left_secret(config)?,
    };
    let secret = secret.trim();
    if secret.is_empty() || secret.len() > secret::LONGEST {
        bail!("bootstrap.secret: use 1 to {} bytes", secret::LONGEST);
    }
    authority.bootstrap(id, secret).await?;
    info!(id, "the first identity is registered");
    Ok(())
}

/// A secret in the data folder. Written before it is used: a start that was cut off goes on with the same one.
fn left_secret(config: &CaConfig) -> anyhow::Result<String> {
    let path = config.data_dir.join(BOOTSTRAP_SECRET);
    match std::fs::read_to_string(&path) {
        Ok(secret) => return Ok(secret),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
    let secret = secret::generate()?;
    ca_folder::write(&path, secret.as_bytes())?;
    info!(file = %path.display(), "a secret for the first identity was made");
    Ok(secret)
}
