//! A namespace of a test's own.

use std::process::{Command, Stdio};

use super::{APPLY, Cluster, run};

/// A namespace that goes, with all that is in it, when the test is done with it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace whose name begins with `prefix`, with the Pod Security level that tenants get.
    pub async fn create(cluster: &Cluster, prefix: &str) -> anyhow::Result<Namespace> {
        // One process runs one test, and a test makes few: the number of the process is enough for a shared cluster.
        let name = format!("{prefix}-{}", std::process::id());
        let manifest = format!(
            "apiVersion: v1\n\
             kind: Namespace\n\
             metadata: {{name: {name}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}\n"
        );
        cluster.apply(&manifest).await?;
        Ok(Namespace { name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `kubectl` in this namespace and gives what it prints.
    pub async fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new("kubectl");
        command.args(["--namespace", &self.name]).args(args);
        run(&mut command, "").await
    }

    /// Applies manifests in this namespace, as [`Cluster::apply`] does.
    pub async fn apply(&self, manifests: &str) -> anyhow::Result<String> {
        let mut command = Command::new("kubectl");
        command.args(["--namespace", &self.name]).args(APPLY);
        run(&mut command, manifests).await
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let deleted = Command::new("kubectl")
            .args(["delete", "namespace", &self.name, "--wait=false"])
            .stdout(Stdio::null())
            .status();
        // The test has its verdict already; at worst an empty namespace is left.
        drop(deleted);
    }
}
