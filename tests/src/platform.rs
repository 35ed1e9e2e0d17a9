//! A platform of a test's own: `entente up` on an empty folder and a free port.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{executables, wait};

/// Longest time that a chain may take to do as it is told. Far more than it should, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A platform, running or between two runs. Ends with the test, and its nodes with it.
pub struct Platform {
    home: TempDir,
    port: u16,
    process: Option<Child>,
    http: reqwest::Client,
    settings: Vec<(String, String)>,
}

impl Platform {
    /// Starts a platform on an empty folder, without the demo chain.
    pub async fn start() -> anyhow::Result<Platform> {
        Platform::start_with(&[]).await
    }

    /// The same, with more settings in its environment.
    pub async fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Platform> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut platform = Platform {
            home: tempfile::tempdir()?,
            port,
            process: None,
            http: http_client(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        platform.resume().await?;
        Ok(platform)
    }

    /// Starts the platform again on what it left.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.path().join("platform.log"))?;
        let mut command = Command::new(executables::entente("entente"));
        command
            .arg("up")
            .env("DATA", self.data())
            .env("PORT", self.port.to_string())
            .env("DEMO", "0")
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(stock) = executables::stock_fabric() {
            command.env("ENTENTE_FABRIC_BIN", stock);
        }
        self.process = Some(command.spawn().context("starting `entente up`")?);
        wait::until("the platform to answer", PATIENCE, async || {
            self.get("/v1/version").await.ok()
        })
        .await;
        Ok(())
    }

    /// The platform's data folder.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A folder for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// Of the platform's own process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The administrator's token, as the first start left it.
    pub fn token(&self) -> anyhow::Result<String> {
        let file = self.data().join("admin-token");
        Ok(std::fs::read_to_string(&file)
            .with_context(|| format!("reading {}", file.display()))?
            .trim()
            .to_owned())
    }

    /// What the platform has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("platform.log")).unwrap_or_default()
    }

    /// Runs a command of the CLI against this platform.
    pub async fn cli(&self, args: &[&str]) -> anyhow::Result<std::process::Output> {
        let output = Command::new(executables::entente("entente"))
            .args(args)
            .env("ENTENTE_DATA", self.data())
            .kill_on_drop(true)
            .output();
        Ok(output.await?)
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// Sends a change and waits for its operation to succeed; gives the answer of the request.
    pub async fn change(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let answer = self.call(method, path, body).await?;
        if let Some(id) = answer["operation"]["id"].as_str() {
            self.succeeded(id).await?;
        }
        Ok(answer)
    }

    /// Waits for an operation to succeed.
    pub async fn succeeded(&self, operation: &str) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let state = self
                .get(&format!("/v1/operations/{operation}:wait?timeout=10s"))
                .await?;
            match state["state"].as_str() {
                Some("succeeded") => return Ok(()),
                Some("pending" | "running") if tokio::time::Instant::now() < deadline => {}
                _ => bail!("the operation did not succeed: {state:#}\n{}", self.log()),
            }
        }
    }

    /// Creates a chain and waits until it is ready.
    pub async fn create_chain(&self, name: &str, spec: Value) -> anyhow::Result<Value> {
        self.change(
            reqwest::Method::POST,
            "/v1/chains",
            Some(json!({ "name": name, "spec": spec })),
        )
        .await
    }

    /// Changes a chain by JSON Merge Patch and waits until it is ready again.
    pub async fn patch_chain(&self, name: &str, patch: Value) -> anyhow::Result<Value> {
        self.change(reqwest::Method::PATCH, &format!("/v1/chains/{name}"), Some(patch))
            .await
    }

    /// Submits a transaction of channel `main` and gives the answer.
    pub async fn submit(&self, chain: &str, contract: &str, function: &str, args: &[&str]) -> anyhow::Result<Value> {
        let path = format!("/v1/chains/{chain}/channels/main/contracts/{contract}:submit");
        self.call(
            reqwest::Method::POST,
            &path,
            Some(json!({ "function": function, "arguments": args })),
        )
        .await
    }

    /// Evaluates a function of a contract on channel `main`.
    pub async fn evaluate(
        &self,
        chain: &str,
        contract: &str,
        function: &str,
        args: &[&str],
    ) -> anyhow::Result<Value> {
        let path = format!("/v1/chains/{chain}/channels/main/contracts/{contract}:evaluate");
        self.call(
            reqwest::Method::POST,
            &path,
            Some(json!({ "function": function, "arguments": args })),
        )
        .await
    }

    /// One request; an answer that is no success is an error with its body.
    pub async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url()))
            .bearer_auth(self.token()?);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{method} {path}: {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Enrolls an application of an organization and gives its connection file, for the clients of `tests/clients`.
    pub async fn connect(&self, chain: &str, organization: &str, contract: &str) -> anyhow::Result<PathBuf> {
        let out = self.home.path().join(format!("{chain}-{organization}-{contract}"));
        let folder = out.to_str().context("the folder's name is UTF-8")?;
        let args = [
            "chain",
            "connect",
            chain,
            "--organization",
            organization,
            "--contract",
            contract,
            "--out",
            folder,
        ];
        let output = self.cli(&args).await?;
        ensure!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(out.join("connection.json"))
    }

    /// Ends the platform as Ctrl-C does.
    pub async fn interrupt(&mut self) -> anyhow::Result<ExitStatus> {
        let mut process = self.process.take().context("the platform does not run")?;
        signal(process.id().context("the platform has ended")?, Signal::SIGINT)?;
        Ok(tokio::time::timeout(PATIENCE, process.wait()).await??)
    }

    /// Ends the platform as a power failure does; its nodes live on.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the platform does not run")?;
        process.kill().await?;
        Ok(())
    }

    /// Processes of the chain's nodes and contracts, by node name.
    pub fn processes(&self, chain: &str) -> Vec<(String, u32)> {
        let root = self.data();
        let found = processes_below(&root);
        let name = |folder: &Path| Some(folder.file_name()?.to_str()?.to_owned());
        found
            .into_iter()
            .filter(|(folder, _)| folder.parent().is_some_and(|parent| parent.ends_with(chain)))
            .filter_map(|(folder, pid)| Some((name(&folder)?, pid)))
            .collect()
    }

    /// The process of one node.
    pub fn process(&self, chain: &str, node: &str) -> anyhow::Result<u32> {
        let processes = self.processes(chain);
        let found = processes.iter().find(|(name, _)| name == node);
        Ok(found
            .with_context(|| format!("{node} does not run; {processes:?} do"))?
            .1)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // The nodes outlive their platform by design; they must not outlive the test.
        drop(self.process.take());
        for (_, pid) in processes_below(&self.data()) {
            let _ = signal(pid, Signal::SIGKILL);
        }
    }
}

/// A client for plain HTTP on loopback. It wants a TLS provider all the same.
pub fn http_client() -> reqwest::Client {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::new()
}

/// Sends a signal to a process.
pub fn signal(pid: u32, signal: Signal) -> anyhow::Result<()> {
    Ok(kill(Pid::from_raw(pid.try_into()?), signal)?)
}

/// Node processes whose folder is below `root`, found by the environment that the substrate gives them.
fn processes_below(root: &Path) -> Vec<(PathBuf, u32)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let folder = environment
            .split('\0')
            .find_map(|entry| entry.strip_prefix("ENTENTE_NODE_FOLDER="))?;
        let folder = PathBuf::from(folder);
        folder.starts_with(root).then_some((folder, pid))
    })
    .collect()
}
