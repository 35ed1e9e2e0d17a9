//! A real Kubernetes for tests (`tests/cluster`).
//!
//! A test that needs one gives its body to [`test`]. The first such test of a test program brings a cluster up; all of
//! the program share it, each in namespaces of its own; it ends with the program, however that ends.
//!
//! Pods, ClusterIPs and the API server can be reached only from within the cluster's network. So the test program runs
//! itself once more for each test, inside (`tests/cluster/run -- PROGRAM --exact TEST`), and the body is only run there:
//! to it and to all that it starts, `kubectl`'s KUBECONFIG is set, and the cluster's addresses and names are plain ones.
//!
//! | environment variable | |
//! |---|---|
//! | `ENTENTE_TEST_KUBECONFIG` | use the cluster of this file, in the place of one of our own. Tests that need more than its API are skipped |
//! | `ENTENTE_TEST_REGISTRY` | from where that cluster pulls images |
//! | `ENTENTE_TEST_CLUSTER` | use the running cluster of this STATE folder, as made by `make cluster-up` |
//! | `ENTENTE_TEST_IMAGES` | use the images of this folder, as made by `make image`, in the place of ones of the build under test |

mod host;
mod image;
mod namespace;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

pub use image::Image;
pub use namespace::Namespace;

use crate::skip::{self, skip};

/// Set where a body runs: the STATE folder of our cluster, or nothing for a cluster that was given by its kubeconfig.
const INSIDE: &str = "ENTENTE_TEST_INSIDE";

/// Applies what comes by standard input, by server-side apply as the operator does.
const APPLY: [&str; 4] = ["apply", "--server-side", "--filename", "-"];

/// Folder of the cluster's scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster")
}

/// A running cluster, from within its network.
#[derive(Debug)]
pub struct Cluster {
    /// Where our own cluster has its files; `None` for one that was given.
    state: Option<PathBuf>,
}

/// Runs `body`, the whole of a test, on a cluster; or skips the test, with the reason, where there cannot be one.
///
/// # Panics
/// When the test fails.
pub fn test<F: AsyncFnOnce(&Cluster) -> anyhow::Result<()>>(body: F) {
    let name = name_of(&body);
    let Some(state) = env::var_os(INSIDE) else {
        return outside(&name);
    };
    let cluster = Cluster {
        state: (!state.is_empty()).then(|| state.into()),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    if let Err(error) = runtime.block_on(body(&cluster)) {
        panic!("{error:#}");
    }
}

/// The name by which the test's program knows a test: the path of the function that `body` is written in, in its crate.
fn name_of<F>(_body: &F) -> String {
    let path = std::any::type_name::<F>();
    let function = path.split("::{{closure}}").next().unwrap_or(path);
    function.split_once("::").map_or(function, |(_, name)| name).to_owned()
}

/// Runs one test of this program again, inside the cluster.
fn outside(name: &str) {
    let mut inside = match host::command() {
        Ok(command) => command,
        Err(reason) => return skip(name, &reason),
    };
    let output = inside
        .arg(env::current_exe().expect("a running program has an executable"))
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .stdin(Stdio::null())
        .output()
        .expect("the test can be run inside the cluster");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    // A name that matches no test would succeed without having run anything.
    let ran = out.contains("\ntest result: ok. 1 passed;");
    assert!(output.status.success() && ran, "inside the cluster:\n{out}{err}");
    let marks = [skip::SKIPPED, skip::MEASURED];
    for line in err
        .lines()
        .filter(|line| marks.iter().any(|mark| line.starts_with(mark)))
    {
        skip::say(line);
    }
}

impl Cluster {
    /// Runs `kubectl` and gives what it prints.
    pub async fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        run(Command::new("kubectl").args(args), "").await
    }

    /// Applies manifests and gives what `kubectl` prints.
    pub async fn apply(&self, manifests: &str) -> anyhow::Result<String> {
        run(Command::new("kubectl").args(APPLY), manifests).await
    }

    /// Posts a document to a path of the API, for what no command of `kubectl` says.
    pub async fn create_raw(&self, path: &str, document: &str) -> anyhow::Result<String> {
        let mut command = Command::new("kubectl");
        run(command.args(["create", "--raw", path, "--filename", "-"]), document).await
    }

    /// Runs `helm` and gives what it prints.
    pub async fn helm(&self, args: &[&str]) -> anyhow::Result<String> {
        run(Command::new("helm").args(args), "").await
    }

    /// Makes an image known to the node, and gives its name for a pod, by digest.
    pub async fn image(&self, image: Image) -> anyhow::Result<String> {
        match &self.state {
            None => image.published(),
            Some(_) if image == Image::Probe => Ok(image.name()),
            Some(_) => self.import(&image.archive().await?).await,
        }
    }

    /// Makes the image of an archive known to the node, and gives its name for a pod, by digest.
    pub async fn import(&self, archive: &Path) -> anyhow::Result<String> {
        let state = self
            .state
            .as_ref()
            .context("images cannot be given to a cluster that is not ours")?;
        let mut import = Command::new(scripts().join("import"));
        let names = run(import.env("STATE", state).arg(archive), "").await?;
        Ok(names.trim_end().to_owned())
    }

    /// Applies the custom resource definitions of `api/crds`, and waits until the API server serves them.
    pub async fn define_resources(&self) -> anyhow::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/crds");
        let folder = folder.to_str().context("the checkout's path is UTF-8")?;
        self.kubectl(&["apply", "--server-side", "--filename", folder]).await?;
        self.kubectl(&[
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "--filename",
            folder,
        ])
        .await?;
        Ok(())
    }

    /// Whether the cluster's pods and Services can be reached from here, and images given to its node. A test that needs
    /// it says so with this, and is skipped on other clusters.
    pub fn is_ours_or_skip(&self, test: &str) -> bool {
        let ours = self.state.is_some();
        if !ours {
            skip(
                test,
                "needs a cluster of its own; ENTENTE_TEST_KUBECONFIG names another one",
            );
        }
        ours
    }
}

/// Runs a command with `input`, and gives its standard output; its standard error is the error's text.
async fn run(command: &mut Command, input: &str) -> anyhow::Result<String> {
    use tokio::io::AsyncWriteExt as _;

    let what = format!("{command:?}").replace('"', "");
    let mut command = tokio::process::Command::from(std::mem::replace(command, Command::new("true")));
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| what.clone())?;
    if let Some(mut stdin) = process.stdin.take() {
        // A command that does not read has its own reasons, and tells them.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = process.wait_with_output().await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what}: {}", stderr.trim());
    Ok(String::from_utf8(output.stdout)?)
}
