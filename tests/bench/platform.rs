//! The platform itself, with many tenants and chains in its store, as callers of its API see it: one request after the
//! other. Its chains ask for a release that is not there, so that none of them runs anything.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use entente_api::chain::{ChainMember, ChainSpec};
use entente_api::tenant::TenantSpec;
use entente_api::{Chain, Tenant};
use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::local::memory;
use entente_tests::platform::{Platform, http_client};
use entente_tests::wait;
use futures::StreamExt as _;
use futures::stream;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

const TENANTS: usize = 1_000;
/// In each tenant.
const CHAINS: usize = 10;
const CALLS: usize = 2_000;
/// At rest is who takes less of a core than this,
const AT_REST: f64 = 0.05;
/// over this long.
const LOOK: Duration = Duration::from_secs(3);

/// What was measured.
pub struct Report {
    /// Until the platform with its full store answers.
    start: Duration,
    /// Proportional set size at rest, in bytes.
    memory: u64,
    latencies: Vec<(&'static str, Latency)>,
}

/// Of one request at a time.
struct Latency {
    p50: Duration,
    p99: Duration,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a platform of {TENANTS} tenants with {CHAINS} chains each answers {:.1} s after its start, and takes {:.0} MB at rest; \
             milliseconds a request, p50 and p99:",
            self.start.as_secs_f64(),
            self.memory as f64 / 1e6
        )?;
        for (what, latency) in &self.latencies {
            let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
            write!(f, "\n  {what:42}{:>8.2}{:>8.2}", ms(latency.p50), ms(latency.p99))?;
        }
        Ok(())
    }
}

pub async fn measure() -> anyhow::Result<Report> {
    let mut platform = Platform::start().await?;
    platform.interrupt().await?;
    fill(&platform).await?;
    let begun = Instant::now();
    platform.resume().await?;
    let start = begun.elapsed();
    let pid = platform.pid().context("the platform runs")?;
    wait::until(
        "the operator to have looked at everything",
        Duration::from_secs(900),
        async || {
            let before = cpu(pid)?;
            tokio::time::sleep(LOOK).await;
            (cpu(pid)?.saturating_sub(before).as_secs_f64() < AT_REST * LOOK.as_secs_f64()).then_some(())
        },
    )
    .await;
    let memory = memory(pid).context("the platform's memory can be read")?;

    let (http, url, token) = (http_client(), platform.url(), platform.token()?);
    let of_tenant = |n: usize, path: &str| {
        let request = http.get(format!("{url}{path}")).bearer_auth(&token);
        request.header("entente-tenant", format!("tenant-{:04}", n % TENANTS))
    };
    let mut latencies = vec![
        (
            "get a chain",
            calls(|n| of_tenant(n, &format!("/v1/chains/chain-{}", n % CHAINS))).await?,
        ),
        ("list a tenant's chains", calls(|n| of_tenant(n, "/v1/chains")).await?),
        (
            "search a tenant's chains",
            calls(|n| of_tenant(n, "/v1/chains?q=chain-7")).await?,
        ),
        (
            "list tenants, a page of 50",
            calls(|n| of_tenant(n, "/v1/admin/tenants")).await?,
        ),
        (
            "search tenants",
            calls(|n| of_tenant(n, "/v1/admin/tenants?q=0777")).await?,
        ),
    ];
    latencies.extend(authentication(&platform, &http).await?);
    platform.interrupt().await?;
    Ok(Report {
        start,
        memory,
        latencies,
    })
}

/// The same small answer for callers who say in different ways who they are.
async fn authentication(platform: &Platform, http: &Client) -> anyhow::Result<Vec<(&'static str, Latency)>> {
    let wish = json!({"name": "bench", "scopes": ["chains:read"], "validDays": 1});
    let key = platform.call(reqwest::Method::POST, "/v1/api-keys", Some(wish)).await?;
    let key = key["key"].as_str().context("a key")?;
    let exchange = http.post(format!("{}/v1/token", platform.url())).bearer_auth(key);
    let exchanged: Value = serde_json::from_str(&exchange.send().await?.error_for_status()?.text().await?)?;
    let jwt = exchanged["token"].as_str().context("a token")?;
    let token = platform.token()?;
    let open = http.get(format!("{}/v1/sign-in", platform.url()));
    let closed = http.get(format!("{}/v1/version", platform.url()));
    let again = |request: &RequestBuilder| request.try_clone().context("a request without a body");
    let mut latencies = vec![(
        "no authentication",
        calls(|_| again(&open).unwrap_or_else(|_| http.get(""))).await?,
    )];
    for (who, token) in [
        ("the installation's token", token.as_str()),
        ("an API key", key),
        ("a JWT", jwt),
    ] {
        let request = again(&closed)?.bearer_auth(token);
        let few = CALLS / 4;
        latencies.push((
            who,
            some_calls(few, |_| again(&request).unwrap_or_else(|_| http.get(""))).await?,
        ));
    }
    Ok(latencies)
}

async fn calls(request: impl Fn(usize) -> RequestBuilder) -> anyhow::Result<Latency> {
    some_calls(CALLS, request).await
}

async fn some_calls(count: usize, request: impl Fn(usize) -> RequestBuilder) -> anyhow::Result<Latency> {
    let mut times = Vec::with_capacity(count);
    for n in 0..count {
        let begun = Instant::now();
        let answer = request(n).send().await?;
        let (status, url) = (answer.status(), answer.url().clone());
        answer.bytes().await?;
        ensure!(status.is_success(), "{url}: {status}");
        times.push(begun.elapsed());
    }
    times.sort();
    let at = |share: usize| times.get(count * share / 100).copied().unwrap_or_default();
    Ok(Latency {
        p50: at(50),
        p99: at(99),
    })
}

/// Writes the tenants and chains, as the platform would.
async fn fill(platform: &Platform) -> anyhow::Result<()> {
    let registry = Registry::new(std::sync::Arc::new(
        Embedded::open(&platform.data().join("registry.db")).await?,
    ));
    let (registry, all) = (&registry, &Scope::All);
    let filled = stream::iter(0..TENANTS).map(|n| async move {
        let name = format!("tenant-{n:04}");
        registry.create(all, &Tenant::new(&name, TenantSpec::default())).await?;
        for n in 0..CHAINS {
            let spec = ChainSpec {
                members: vec![ChainMember::new("bank", 1)],
                release: Some("none".to_owned()),
                ..serde_json::from_value(json!({}))?
            };
            let chain = Chain::new(&format!("chain-{n}"), spec);
            registry.create(&Scope::namespace(&name), &chain).await?;
        }
        anyhow::Ok(())
    });
    let mut filled = filled.buffer_unordered(8);
    while let Some(tenant) = filled.next().await {
        tenant?;
    }
    Ok(())
}

/// The time that a process has computed so far.
fn cpu(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields 14 and 15, in ticks (proc_pid_stat(5)); the second field ends with the last parenthesis.
    let fields = stat.rsplit_once(')')?.1;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    let per_second = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}
