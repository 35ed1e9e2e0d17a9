//! Measures a consortium of two organizations and three orderers, side by side with stock Fabric where it is present:
//! seconds from the request to the first committed transaction, memory at rest, load through the official Node client,
//! ten chains at once, certificates per second, and a platform with many tenants. `make bench` builds the release executables
//! and runs it; `entente-bench ca` and `entente-bench platform` measure the last two alone.

mod ca;
mod load;
mod native;
mod platform;
mod table;

use std::path::Path;
use std::time::Duration;

use entente_operator::substrate::local::memory;
use entente_tests::by_hand::{Network, Setup};
use entente_tests::executables;

use table::{Figures, Table};

/// How often provisioning is measured; the median counts.
const RUNS: usize = 3;
/// For garbage collectors and compactions to come to rest before memory is read.
const REST: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut table = Table::default();
    match std::env::args().nth(1).as_deref() {
        Some("ca") => {
            table.note(&ca::measure().await?.to_string());
            return table.print();
        }
        Some("platform") => {
            table.note(&platform::measure().await?.to_string());
            return table.print();
        }
        Some(other) => {
            anyhow::bail!("\"{other}\" is nothing to measure: give ca, platform, or nothing for everything")
        }
        None => {}
    }
    let mut native = Vec::new();
    let mut stock = Vec::new();
    let fabric = executables::stock_fabric();
    for run in 0..RUNS {
        // In turns, so that a machine whose speed drifts drifts for both; load once, at the end.
        let last = run + 1 == RUNS;
        native.push(native::measure(last).await?);
        if let Some(bin) = &fabric {
            stock.push(measure_stock(bin, last).await?);
        }
    }
    table.add("native", native);
    match fabric {
        Some(_) => table.add("stock", stock),
        None => table.note("stock Fabric is not here: set ENTENTE_FABRIC_BIN to compare"),
    }
    table.note(&format!(
        "ten chains requested at once were all ready after {:.1} s",
        native::ten_chains().await?
    ));
    table.note(&ca::measure().await?.to_string());
    table.note(&platform::measure().await?.to_string());
    table.print()
}

/// The same consortium, set up with the stock tools one step after the other.
async fn measure_stock(bin: &Path, with_load: bool) -> anyhow::Result<Figures> {
    let work = tempfile::tempdir()?;
    let serve = format!(
        "exec {} contract evidence",
        executables::entente("entente-node").display()
    );
    let digest = "0".repeat(64);
    let network = Network::start(&Setup {
        stock: bin,
        work: work.path(),
        ports: 17000,
        orderers: ["stock"; 3],
        peers: ["stock"; 2],
        contract: "evidence",
        serve: &serve,
        first: &["Certify", &digest, "first"],
    })
    .await?;
    tokio::time::sleep(REST).await;
    let mut figures = Figures {
        seconds: network.seconds(),
        memory: sum(&network.pids),
        ..Figures::default()
    };
    if with_load {
        figures.load(&network.connection(1)).await?;
    }
    network.end().await?;
    Ok(figures)
}

fn sum(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| memory(*pid)).sum()
}
