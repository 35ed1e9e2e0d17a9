//! The platform's own chain, asked for over REST.

use std::time::Instant;

use anyhow::ensure;
use entente_tests::platform::Platform;
use futures::future::try_join_all;
use serde_json::{Value, json};

use crate::table::Figures;

fn consortium() -> Value {
    json!({
        "members": [{ "organization": "province-finance" }, { "organization": "city-finance" }],
        "contracts": [{ "name": "evidence", "template": "evidence" }],
    })
}

/// Provisions the consortium on a platform of its own.
pub async fn measure(with_load: bool) -> anyhow::Result<Figures> {
    let mut platform = Platform::start().await?;
    let began = Instant::now();
    platform.create_chain("bench", consortium()).await?;
    platform
        .submit("bench", "evidence", "Certify", &[&"0".repeat(64), "first"])
        .await?;
    let seconds = began.elapsed().as_secs_f64();
    tokio::time::sleep(super::REST).await;
    let pids: Vec<u32> = platform.processes("bench").into_iter().map(|(_, pid)| pid).collect();
    ensure!(
        pids.len() == 6,
        "expected three orderers, two peers and a contract: {pids:?}"
    );
    let mut figures = Figures {
        seconds,
        memory: super::sum(&pids),
        ..Figures::default()
    };
    if with_load {
        figures
            .load(&platform.connect("bench", "province-finance", "evidence").await?)
            .await?;
    }
    platform.interrupt().await?;
    Ok(figures)
}

/// Seconds until ten chains that are requested at once are all ready.
pub async fn ten_chains() -> anyhow::Result<f64> {
    let mut platform = Platform::start().await?;
    let names: Vec<String> = (0..10).map(|n| format!("bench-{n}")).collect();
    let began = Instant::now();
    try_join_all(names.iter().map(|name| platform.create_chain(name, consortium()))).await?;
    let seconds = began.elapsed().as_secs_f64();
    platform.interrupt().await?;
    Ok(seconds)
}
