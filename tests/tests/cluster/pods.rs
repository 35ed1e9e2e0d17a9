//! Pods for these tests.

use entente_tests::cluster::{Cluster, Image, Namespace};

/// The manifest of a pod as tenants run them: no privileges, no shell, nothing of its root file system writable.
pub fn pod(name: &str, image: &str, args: &[&str], more: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  securityContext: {{runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: main
      image: {image}
      imagePullPolicy: IfNotPresent
      args: {args:?}
      securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}
{more}
---
"
    )
}

/// Starts two pods, `web` with a Service on port 80, and `client`, and waits for both.
pub async fn web_and_client(cluster: &Cluster, namespace: &Namespace) -> anyhow::Result<()> {
    let image = cluster.image(Image::Probe).await?;
    let port = "      ports: [{name: http, containerPort: 8080}]\n      readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}";
    let service = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";
    let web = pod("web", &image, &["serve", ":8080"], port);
    let client = pod("client", &image, &["sleep"], "");
    namespace.apply(&format!("{web}{client}{service}")).await?;
    namespace
        .kubectl(&[
            "wait",
            "--for=condition=Ready",
            "--timeout=60s",
            "pod/web",
            "pod/client",
        ])
        .await?;
    Ok(())
}

/// Runs the probe in the pod `client`.
pub async fn probe(namespace: &Namespace, args: &[&str]) -> anyhow::Result<String> {
    namespace
        .kubectl(&[&["exec", "client", "--", "/probe"], args].concat())
        .await
}

/// Waits for a pod to have run to its end, and gives what it printed.
pub async fn output(namespace: &Namespace, name: &str) -> anyhow::Result<String> {
    let done = "--for=jsonpath={.status.phase}=Succeeded";
    let pod = format!("pod/{name}");
    namespace.kubectl(&["wait", done, "--timeout=60s", &pod]).await?;
    namespace.kubectl(&["logs", &pod]).await
}
