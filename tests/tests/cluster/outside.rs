//! A client outside of every pod: it has what `entente chain connect` writes, and a port of the machine.

use std::process::Command;

use anyhow::{Context as _, ensure};
use entente_tests::clients;
use entente_tests::cluster::{self, Image, Namespace};

use crate::platform::{Api, Process};

const CHAIN: &str = "apiVersion: entente.dev/v1alpha1
kind: Chain
metadata: {name: ledger}
spec:
  members: [{organization: bank}]
  ordering: {replicas: 1}
  contracts: [{name: evidence, template: evidence}]
  access: {type: NodePort, host: HOST}
  deletionPolicy: Delete
";

#[test]
fn the_official_node_client_commits_through_a_port_of_the_machine() {
    cluster::test(async |cluster| {
        cluster.define_resources().await?;
        let namespace = Namespace::create(cluster, "outside").await?;
        let image = cluster.image(Image::Node).await?;
        let own = ["--namespace", namespace.name(), "--lease-namespace", namespace.name()];
        let operator = Process::start("operator", &[&own[..], &["--node-image", &image]].concat())?;
        let api = Api::start(&namespace).await?;
        let address = "--output=jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}";
        let host = cluster.kubectl(&["get", "nodes", address]).await?;

        namespace.apply(&CHAIN.replace("HOST", &host)).await?;
        let ready = ["wait", "--for=condition=Ready", "--timeout=180s", "chain/ledger"];
        namespace.kubectl(&ready).await?;
        let home = tempfile::tempdir()?;
        let connect = api
            .command(&["chain", "connect", "ledger", "--out"])
            .arg(home.path())
            .output()?;
        ensure!(connect.status.success(), "{}", String::from_utf8_lossy(&connect.stderr));
        let connection = home.path().join("connection.json");
        let written: serde_json::Value = serde_json::from_slice(&std::fs::read(&connection)?)?;
        let endpoint = written["endpoint"].as_str().context("it has an endpoint")?;
        let folder = clients::folder("gateway")?;
        let digest = "ab".repeat(32);
        let submitted = Command::new(folder.join("node_modules/.bin/node"))
            .args(["submit.mjs", "Certify", &digest, "from outside"])
            .current_dir(&folder)
            .env("CONNECTION", &connection)
            .output()?;

        let port = endpoint
            .strip_prefix(&format!("{host}:"))
            .and_then(|port| port.parse::<u16>().ok());
        assert!(
            port.is_some_and(|port| port >= 30000),
            "{endpoint} is no port of {host}"
        );
        ensure!(
            submitted.status.success(),
            "{}",
            String::from_utf8_lossy(&submitted.stderr)
        );
        namespace
            .kubectl(&["delete", "chains,organizations", "--all", "--timeout=120s"])
            .await?;
        api.leave(cluster, &namespace).await?;
        drop(operator);
        Ok(())
    });
}
