//! A certificate authority of a test's own: `entente-node ca` on an empty folder and free ports.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::platform::{http_client, signal};
use crate::{executables, wait};

const PATIENCE: Duration = Duration::from_secs(60);
/// What the first identity enrols with.
pub const SECRET: &str = "adminpw";

/// An authority, running or between two runs. Ends with the test.
pub struct Authority {
    home: TempDir,
    port: u16,
    operations: u16,
    process: Option<Child>,
}

impl Authority {
    /// Starts the authority `bank`, with more settings on top of the few that a test always needs.
    pub async fn start(settings: Value) -> anyhow::Result<Authority> {
        let home = tempfile::tempdir()?;
        let (port, operations) = (free_port()?, free_port()?);
        std::fs::write(home.path().join("secret"), SECRET)?;
        let mut config = json!({
            "name": "bank",
            "dataDir": "data",
            "listen": format!("127.0.0.1:{port}"),
            "externalEndpoint": format!("localhost:{port}"),
            "operations": { "listen": format!("127.0.0.1:{operations}") },
            "bootstrap": { "secret": { "file": "secret" } },
            "registry": {
                "allowRemoveIdentities": true,
                "allowRemoveAffiliations": true,
                "affiliations": ["lending.retail"],
            },
        });
        let more = settings.as_object().context("settings are an object")?.clone();
        config.as_object_mut().context("it is an object")?.extend(more);
        std::fs::write(home.path().join("ca.json"), config.to_string())?;
        let mut authority = Authority {
            home,
            port,
            operations,
            process: None,
        };
        authority.resume().await?;
        Ok(authority)
    }

    /// Starts the authority again on what it left.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.path().join("ca.log"))?;
        let process = Command::new(executables::entente("entente-node"))
            .args(["ca", "--config"])
            .arg(self.home.path().join("ca.json"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting `entente-node ca`")?;
        self.process = Some(process);
        let http = http_client();
        let health = format!("http://127.0.0.1:{}/healthz", self.operations);
        wait::until("the certificate authority to be healthy", PATIENCE, async || {
            let answer = http.get(&health).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        Ok(())
    }

    /// What the operations endpoint answers.
    pub async fn operations(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.operations);
        Ok(http_client().get(url).send().await?.error_for_status()?.text().await?)
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The URL with the first identity's id and secret, as `fabric-ca-client enroll` takes it.
    pub fn url_of(&self, id: &str, secret: &str) -> String {
        format!("https://{id}:{secret}@localhost:{}", self.port)
    }

    /// What clients have to trust.
    pub fn trust(&self) -> PathBuf {
        self.home.path().join("data/tls-trust.pem")
    }

    /// A folder for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// What the authority has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("ca.log")).unwrap_or_default()
    }

    /// The connection file of `tests/clients/ca`.
    pub fn connection(&self) -> anyhow::Result<PathBuf> {
        let file = self.home.path().join("connection.json");
        let content = json!({
            "url": self.url(),
            "name": "bank",
            "trust": self.trust(),
            "id": "admin",
            "secret": SECRET,
        });
        std::fs::write(&file, content.to_string())?;
        Ok(file)
    }

    /// Runs a command of this authority's executable on its configuration.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = Command::new(executables::entente("entente-node"))
            .arg("ca")
            .args(arguments)
            .arg("--config")
            .arg(self.home.path().join("ca.json"))
            .kill_on_drop(true)
            .output();
        Ok(output.await?)
    }

    /// Runs the stock `fabric-ca-client` with a home of the given name, and gives what it printed.
    pub async fn stock(&self, client: &Path, home: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(client)
            .args(arguments)
            .env("FABRIC_CA_CLIENT_HOME", self.home.path().join(home))
            .env("FABRIC_CA_CLIENT_TLS_CERTFILES", self.trust())
            .kill_on_drop(true)
            .output()
            .await
            .context("fabric-ca-client could not be started")?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(output.status.success(), "fabric-ca-client {arguments:?}: {said}");
        Ok(said)
    }

    /// Ends the authority as the system does.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the authority does not run")?;
        signal(process.id().context("it has ended")?, Signal::SIGTERM)?;
        let status = tokio::time::timeout(PATIENCE, process.wait()).await??;
        ensure!(status.success(), "the authority ended with {status}: {}", self.log());
        Ok(())
    }

    /// Ends the authority as a power failure does.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the authority does not run")?;
        Ok(process.kill().await?)
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
