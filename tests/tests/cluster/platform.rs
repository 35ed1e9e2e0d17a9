//! The operator and the API as the processes they are, on a cluster: what `kubectl` and the API each make is the same.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use entente_tests::cluster::{self, Cluster, Namespace};
use entente_tests::platform::{http_client, signal};
use entente_tests::skip::say;
use entente_tests::{executables, wait};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A process of the platform, with a port of its own on loopback.
pub struct Process {
    child: Child,
    port: u16,
}

impl Process {
    pub fn start(name: &str, options: &[&str]) -> anyhow::Result<Process> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = std::env::var_os("ENTENTE_LOG").unwrap_or_else(|| "warn".into());
        let child = Command::new(executables::entente("entente"))
            .arg(name)
            .args(options)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("ENTENTE_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("starting `entente {name}`"))?;
        Ok(Process { child, port })
    }

    /// An operator for one namespace, which takes turns with others of it.
    fn operator(namespace: &Namespace) -> anyhow::Result<Process> {
        let own = ["--namespace", namespace.name(), "--lease-namespace", namespace.name()];
        // No chain of these tests runs a node.
        Process::start("operator", &[&own[..], &["--node-image", "none.example/none"]].concat())
    }

    /// The address of something that it serves.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn get(&self, path: &str) -> anyhow::Result<String> {
        let answer = http_client().get(self.url(path)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// The value of one of its metrics; the sum of all when there are several of the name.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics").await.ok()?;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    async fn leads(&self) -> bool {
        self.metric("entente_operator_leader").await == Some(1.0)
    }

    pub async fn leading(&self) {
        wait::until("an operator to lead", PATIENCE, async || {
            self.leads().await.then_some(())
        })
        .await;
    }

    /// Waits until it could lead.
    pub async fn ready(&self) {
        wait::until("an operator to be ready", PATIENCE, async || {
            self.get("/readyz").await.ok()
        })
        .await;
    }

    /// Seconds of processor time that it has taken (proc(5), `stat`, fields 14 and 15 in hundredths).
    fn processor(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").context("a process has a name")?;
        let ticks: Vec<f64> = fields.split(' ').skip(11).take(2).flat_map(str::parse).collect();
        Ok(ticks.iter().sum::<f64>() / 100.0)
    }

    /// Waits until it has made this many passes.
    async fn has_looked_at(&self, resources: usize) {
        wait::until("all to be looked at", PATIENCE * 2, async || {
            let passes = self.metric("entente_operator_reconciles_total").await?;
            (passes >= resources as f64).then_some(())
        })
        .await;
    }

    /// Ends it as a kubelet does.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        signal(self.child.id(), Signal::SIGTERM)?;
        let ended = self.child.wait()?;
        ensure!(ended.success(), "it ended with {ended}");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The API with its folder.
pub struct Api {
    process: Process,
    home: TempDir,
}

impl Api {
    pub async fn start(namespace: &Namespace) -> anyhow::Result<Api> {
        let home = tempfile::tempdir()?;
        let data = home.path().to_str().context("the folder's name is UTF-8")?;
        let process = Process::start("serve", &["--data", data, "--namespace", namespace.name()])?;
        wait::until("the API to answer", PATIENCE, async || {
            process.get("/healthz").await.ok()
        })
        .await;
        Ok(Api { process, home })
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let token = std::fs::read_to_string(self.home.path().join("admin-token"))?;
        let url = format!("http://127.0.0.1:{}{path}", self.process.port);
        let mut request = http_client().request(method, url).bearer_auth(token.trim());
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?.json().await?)
    }

    /// Deletes the tenant that it has made for itself, which is the whole cluster's to see.
    pub async fn leave(self, cluster: &Cluster, namespace: &Namespace) -> anyhow::Result<()> {
        drop(self);
        let deleted = ["delete", "tenant", namespace.name(), "--timeout=60s"];
        cluster.kubectl(&deleted).await.map(drop)
    }

    /// The command line, as its administrator.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(executables::entente("entente"));
        command
            .args(args)
            .env("ENTENTE_SERVER", format!("http://127.0.0.1:{}", self.process.port))
            .env("ENTENTE_TOKEN_FILE", self.home.path().join("admin-token"));
        command
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(reqwest::Method::GET, path, None).await
    }
}

/// A chain that runs no node, and leaves nothing.
fn resting(name: &str) -> String {
    format!(
        "apiVersion: entente.dev/v1alpha1
kind: Chain
metadata: {{name: {name}}}
spec:
  suspended: true
  deletionPolicy: Delete
  members: [{{organization: bank}}, {{organization: tax}}]
  contracts: [{{name: evidence, template: evidence}}]
---
"
    )
}

async fn suspended(namespace: &Namespace, names: &[String]) -> anyhow::Result<()> {
    let chains: Vec<String> = names.iter().map(|name| format!("chain/{name}")).collect();
    let mut args = vec!["wait", "--for=jsonpath={.status.state}=suspended", "--timeout=180s"];
    args.extend(chains.iter().map(String::as_str));
    namespace.kubectl(&args).await?;
    Ok(())
}

#[test]
fn what_kubectl_makes_the_api_shows_and_the_reverse() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "both").await?;
        let operator = Process::operator(&namespace)?;
        let api = Api::start(&namespace).await?;

        namespace.apply(&resting("ours")).await?;
        suspended(&namespace, &["ours".to_owned()]).await?;
        let shown = api.get("/v1/chains/ours").await?;
        let table = namespace.kubectl(&["get", "chains"]).await?;
        let manifest = tempfile::NamedTempFile::new()?;
        std::fs::write(manifest.path(), resting("ours"))?;
        let path = manifest.path().to_str().context("the file's name is UTF-8")?;
        let difference = namespace
            .kubectl(&["diff", "--server-side", "--filename", path])
            .await?;
        let body = json!({"name": "theirs", "spec": {
            "members": [{"organization": "bank"}], "suspended": true, "deletionPolicy": "Delete",
        }});
        let accepted = api.call(reqwest::Method::POST, "/v1/chains", Some(body)).await?;
        let operation = accepted["operation"]["id"].as_str().context("an operation is begun")?;
        let ended = api.get(&format!("/v1/operations/{operation}:wait?timeout=60s")).await?;
        let columns = "custom-columns=A:.metadata.name,B:.status.state,C:.status.memberCount";
        let listed = namespace
            .kubectl(&["get", "chains", "--no-headers", "-o", columns])
            .await?;

        // Whoever else writes to it, what kubectl would change is nothing.
        assert_eq!(difference, "");
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            rows[0],
            [
                "NAME", "READY", "STATE", "MEMBERS", "ORDERERS", "HEIGHT", "ENGINE", "AGE", "MESSAGE"
            ]
        );
        assert_eq!(rows[1][..5], ["ours", "False", "suspended", "2", "3"]);
        assert_eq!(
            (&shown["state"], &shown["status"]["memberCount"]),
            (&json!("suspended"), &json!(2))
        );
        assert_eq!(ended["state"], "succeeded");
        let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows, [["ours", "suspended", "2"], ["theirs", "suspended", "1"]]);

        let wrong =
            json!({"name": "wrong", "spec": {"members": [{"organization": "bank"}], "storage": {"size": "10GB"}}});
        let refused = api.call(reqwest::Method::POST, "/v1/chains", Some(wrong)).await?;
        assert_eq!(
            (
                &refused["code"],
                &refused["errors"][0]["pointer"],
                &refused["errors"][0]["detail"]
            ),
            (
                &json!("validation_failed"),
                &json!("/spec/storage/size"),
                &json!("use a number with a unit, such as 10Gi")
            )
        );

        namespace
            .kubectl(&["delete", "chains", "--all", "--timeout=60s"])
            .await?;
        namespace
            .kubectl(&["delete", "organizations", "--all", "--timeout=60s"])
            .await?;
        let kinds = "chains,organizations,members,contracts,identities,secrets,pods,services,configmaps,persistentvolumeclaims";
        let left = namespace.kubectl(&["get", kinds, "--output=name"]).await?;
        assert_eq!(left, "configmap/kube-root-ca.crt\n");
        assert_eq!(api.get("/v1/chains").await?["items"], json!([]));
        api.leave(cluster, &namespace).await?;
        drop(operator);
        Ok(())
    });
}

#[test]
fn kubectl_describe_tells_the_story_once() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "story").await?;
        let mut operator = Process::operator(&namespace)?;
        namespace.apply(&resting("ledger")).await?;
        suspended(&namespace, &["ledger".to_owned()]).await?;
        operator.stop()?;
        // The second goes on with what the first has not come to; what it finds done is no news.
        let mut operator = Process::operator(&namespace)?;
        let kinds = [("chains,members,contracts", "suspended"), ("organizations", "ready")];
        for (kinds, state) in kinds {
            let state = format!("--for=jsonpath={{.status.state}}={state}");
            namespace
                .kubectl(&["wait", kinds, "--all", &state, "--timeout=60s"])
                .await?;
        }
        // A chain, its contract, two members, three organizations.
        operator.has_looked_at(7).await;
        operator.stop()?;

        let columns = "jsonpath={range .items[*]}{.regarding.kind}/{.regarding.name} {.type} {.reason}{'\\n'}{end}";
        let told = namespace
            .kubectl(&["get", "events.events.k8s.io", "-o", columns])
            .await?;
        let mut told: Vec<&str> = told.lines().filter(|line| !line.starts_with("Lease/")).collect();
        told.sort_unstable();

        assert_eq!(
            told,
            [
                "Chain/ledger Normal AuthoritiesPrepared",
                "Chain/ledger Normal NodesStopped",
                "Chain/ledger Normal Suspended",
                "Contract/ledger.main.evidence Normal NodesStopped",
                "Contract/ledger.main.evidence Normal Suspended",
                "Member/ledger.bank Normal NodesStopped",
                "Member/ledger.bank Normal Suspended",
                "Member/ledger.tax Normal NodesStopped",
                "Member/ledger.tax Normal Suspended",
                "Organization/bank Normal AuthoritiesPrepared",
                "Organization/bank Normal Ready",
                "Organization/ledger.ordering Normal AuthoritiesPrepared",
                "Organization/ledger.ordering Normal Ready",
                "Organization/tax Normal AuthoritiesPrepared",
                "Organization/tax Normal Ready",
            ]
        );
        let operator = Process::operator(&namespace)?;
        namespace
            .kubectl(&["delete", "chain", "ledger", "--timeout=60s"])
            .await?;
        drop(operator);
        Ok(())
    });
}

#[test]
fn of_two_operators_one_works_and_the_other_takes_over() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "turns").await?;
        let mut first = Process::operator(&namespace)?;
        first.leading().await;
        let second = Process::operator(&namespace)?;
        second.ready().await;

        namespace.apply(&resting("one")).await?;
        suspended(&namespace, &["one".to_owned()]).await?;
        let idle = second.metric("entente_operator_reconciles_total").await;
        let began = Instant::now();
        first.stop()?;
        second.leading().await;
        let took = began.elapsed();
        namespace.apply(&resting("two")).await?;
        suspended(&namespace, &["two".to_owned()]).await?;

        // Nothing at all was counted.
        ensure!(idle.unwrap_or_default() == 0.0, "the second has worked too: {idle:?}");
        ensure!(took < Duration::from_secs(3), "the second led only after {took:?}");
        namespace
            .kubectl(&["delete", "chains", "--all", "--timeout=60s"])
            .await?;
        drop(second);
        Ok(())
    });
}

#[test]
fn two_hundred_chains_at_rest_cost_next_to_nothing() {
    const CHAINS: usize = 200;
    /// Long enough for anything that runs in circles to show.
    const REST: Duration = Duration::from_secs(30);

    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "many").await?;
        let mut operator = Process::operator(&namespace)?;
        operator.leading().await;
        let (began, names) = (
            Instant::now(),
            (0..CHAINS).map(|n| format!("chain-{n}")).collect::<Vec<_>>(),
        );
        let all: String = names.iter().map(|name| resting(name)).collect();

        namespace.apply(&all).await?;
        suspended(&namespace, &names).await?;
        say(&format!(
            "{CHAINS} chains rest after {:.1} s",
            began.elapsed().as_secs_f64()
        ));
        let made = measure(&operator).await?;
        tokio::time::sleep(REST).await;
        let rested = measure(&operator).await?;
        let per_second = (rested.requests - made.requests) / REST.as_secs_f64();
        let (megabytes, per_chain) = (rested.memory / 1e6, made.requests / CHAINS as f64);
        let busy = (rested.processor - made.processor) / REST.as_secs_f64() * 100.0;
        say(&format!(
            "{per_chain:.1} requests a chain, {per_second:.2} a second and {busy:.2} % of a core at rest, {megabytes:.0} MB"
        ));

        operator.stop()?;
        let again = Process::operator(&namespace)?;
        again.leading().await;
        again.has_looked_at(CHAINS * 5).await;
        let restarted = measure(&again).await?;
        say(&format!(
            "{:.1} requests a chain for a restart",
            restarted.requests / CHAINS as f64
        ));

        ensure!(per_second < 1.0, "{per_second} requests a second at rest");
        ensure!(rested.memory < 200e6, "{} bytes of memory", rested.memory);
        // The authorities of two organizations a chain are read, in their turn, and nothing is written.
        ensure!(
            restarted.requests < CHAINS as f64 * 3.0,
            "{} requests for a restart",
            restarted.requests
        );
        Ok(())
    });
}

struct Measured {
    requests: f64,
    memory: f64,
    /// Seconds of processor time.
    processor: f64,
}

async fn measure(operator: &Process) -> anyhow::Result<Measured> {
    let requests = operator.metric("entente_operator_api_requests_total").await;
    let memory = operator.metric("process_resident_memory_bytes").await;
    Ok(Measured {
        requests: requests.context("requests are counted")?,
        memory: memory.context("memory is measured")?,
        processor: operator.processor()?,
    })
}
