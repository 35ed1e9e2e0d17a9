//! Several processes of the API on one PostgreSQL are one platform.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use entente_postgres::Postgres;
use entente_tests::cluster::{self, Cluster, Namespace};
use entente_tests::platform::http_client;
use entente_tests::skip::{measured, skip};
use entente_tests::wait;
use futures::future::try_join_all;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::platform::Process;

const PATIENCE: Duration = Duration::from_secs(60);

/// Replicas, with what they share.
struct Replicas {
    processes: Vec<Process>,
    http: Client,
    token: String,
    _home: TempDir,
}

/// An answer, with its body.
struct Answer {
    status: StatusCode,
    is_replayed: bool,
    body: Value,
}

impl Replicas {
    async fn start(namespace: &Namespace, postgres: &Postgres, count: usize) -> anyhow::Result<Replicas> {
        let home = tempfile::tempdir()?;
        let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        let (database, token_file, password) = (path("database-url"), path("token"), path("password"));
        // The platform is in the cluster's network, and gone with the test.
        let token = format!("ent_admin_{}", "0123456789abcdef".repeat(4));
        std::fs::write(&database, postgres.url())?;
        std::fs::write(&token_file, &token)?;
        std::fs::write(&password, "of a test, and of no other use")?;
        let mut replicas = Replicas {
            processes: Vec::new(),
            http: http_client(),
            token,
            _home: home,
        };
        for number in 0..count {
            let data = replicas._home.path().join(format!("replica-{number}"));
            let data = data.to_str().context("the folder's name is UTF-8")?;
            let options = [
                ["--data", data],
                ["--namespace", namespace.name()],
                ["--database-url-file", &database],
                ["--admin-token-file", &token_file],
                ["--admin-password-file", &password],
            ];
            replicas
                .processes
                .push(Process::start("serve", options.as_flattened())?);
        }
        for number in 0..count {
            wait::until("a replica to answer", PATIENCE, async || {
                replicas.get(number, "/v1/version").await.ok()
            })
            .await;
        }
        Ok(replicas)
    }

    async fn ask(
        &self,
        replica: usize,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let process = self
            .processes
            .get(replica % self.processes.len())
            .context("a replica")?;
        let mut request = self.http.request(method, process.url(path)).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok(Answer {
            status: answer.status(),
            is_replayed: answer.headers().contains_key("idempotency-replayed"),
            body: answer.json().await?,
        })
    }

    async fn get(&self, replica: usize, path: &str) -> anyhow::Result<Answer> {
        self.ask(replica, Method::GET, path, None, None).await
    }

    /// Says how many requests the tenant may make in a second.
    async fn limit(&self, namespace: &Namespace, per_second: u32) -> anyhow::Result<()> {
        let path = format!("/v1/admin/tenants/{}", namespace.name());
        let body = json!({"spec": {"quotas": {"requestsPerSecond": per_second}}});
        let answer = self.ask(0, Method::PATCH, &path, None, Some(&body)).await?;
        ensure!(answer.status.is_success(), "{}", answer.body);
        let quotas = async |replica| {
            let tenant = self.get(replica, &path).await.ok()?.body;
            (tenant["spec"]["quotas"]["requestsPerSecond"] == per_second).then_some(())
        };
        for replica in 0..self.processes.len() {
            wait::until("a replica to know the quota", PATIENCE, async || quotas(replica).await).await;
        }
        Ok(())
    }

    /// Requests that are answered in a second, of `callers` who each ask one replica again and again.
    async fn requests_per_second(&self, callers: usize, within: Duration) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let asked = (0..callers).map(|caller| async move {
            let mut answered = 0_u32;
            while begun.elapsed() < within {
                let answer = self.get(caller, "/v1/chains").await?;
                ensure!(answer.status == StatusCode::OK, "{}", answer.body);
                answered += 1;
            }
            Ok(answered)
        });
        let answered: u32 = try_join_all(asked).await?.into_iter().sum();
        Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
    }

    async fn leave(self, cluster: &Cluster, namespace: &Namespace) -> anyhow::Result<()> {
        drop(self);
        let deleted = ["delete", "tenant", namespace.name(), "--wait=false"];
        cluster.kubectl(&deleted).await.map(drop)
    }
}

#[test]
fn two_replicas_on_one_postgresql_count_requests_and_remember_keys_together_and_survive_lost_connections() {
    cluster::test(async |cluster| {
        let Some(postgres) = Postgres::start()? else {
            skip("two replicas", "there is no PostgreSQL on this machine");
            return Ok(());
        };
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "replicas").await?;
        let replicas = Replicas::start(&namespace, &postgres, 2).await?;

        // Both are asked the same at once: one does it, and then both say so.
        let body = json!({"name": "bank", "spec": {}});
        let create = |replica| replicas.ask(replica, Method::POST, "/v1/organizations", Some("once"), Some(&body));
        let answers = try_join_all((0..6).map(create)).await?;
        let done: Vec<&Answer> = answers
            .iter()
            .filter(|answer| answer.status.is_success() && !answer.is_replayed)
            .collect();
        ensure!(done.len() == 1, "{} have done it", done.len());
        for replica in 0..2 {
            let again = create(replica).await?;
            ensure!(
                again.is_replayed && Some(&again.body) == done.first().map(|answer| &answer.body),
                "{}",
                again.body
            );
        }

        // Readers notice nothing of lost connections; who writes is told to repeat it, at worst.
        let ended = AtomicBool::new(false);
        let disconnect = async {
            let mut times = 0;
            while !ended.load(Ordering::Relaxed) {
                postgres.disconnect_everybody()?;
                times += 1;
                // Not to wait for anything: connections must live long enough to be in use when they are cut.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            anyhow::Ok(times)
        };
        let read = async |replica| {
            for _ in 0..100 {
                let answer = replicas.get(replica, "/v1/operations").await?;
                ensure!(answer.status == StatusCode::OK, "{}", answer.body);
            }
            ended.store(true, Ordering::Relaxed);
            anyhow::Ok(())
        };
        let (times, ..) = tokio::try_join!(disconnect, read(0), read(1))?;
        ensure!(times > 1, "connections were ended {times} times");

        // A minute's worth for both together, and what each has set aside.
        replicas.limit(&namespace, 1).await?;
        let (begun, mut taken) = (Instant::now(), 0);
        for replica in 0..200 {
            taken += u64::from(replicas.get(replica, "/v1/version").await?.status == StatusCode::OK);
        }
        let most = 60 + 2 + begun.elapsed().as_secs() + 1;
        ensure!(taken <= most, "{taken} requests in {:?}", begun.elapsed());
        replicas.leave(cluster, &namespace).await
    });
}

#[test]
#[ignore = "it measures: `make bench-cluster` runs it"]
fn requests_a_second_are_measured_with_one_replica_and_with_three() {
    cluster::test(async |cluster| {
        let postgres = Postgres::start()?.context("there is a PostgreSQL on this machine")?;
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "load").await?;
        for count in [1, 3] {
            let replicas = Replicas::start(&namespace, &postgres, count).await?;
            replicas.limit(&namespace, 1_000_000).await?;
            replicas.requests_per_second(12, Duration::from_secs(3)).await?;
            let figure = replicas.requests_per_second(12, Duration::from_secs(10)).await?;
            measured(&format!(
                "{count} replicas on one PostgreSQL answer {figure:.0} requests a second"
            ));
            drop(replicas);
        }
        cluster
            .kubectl(&["delete", "tenant", namespace.name(), "--wait=false"])
            .await
            .map(drop)
    });
}
