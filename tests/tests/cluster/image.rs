//! The node's image, in a pod.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use entente_tests::cluster::{self, Image, Namespace};
use entente_tests::executables;

use crate::pods;

#[test]
fn the_node_runs_without_privileges_and_finds_others_by_name() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "image").await?;
        pods::web_and_client(cluster, &namespace).await?;
        let image = cluster.image(Image::Node).await?;
        let version = pods::pod("version", &image, &["--version"], "");
        // It answers every path, the one of a node's health too.
        let asks = pods::pod("asks", &image, &["probe", "--address", "web:80"], "");

        namespace.apply(&format!("{version}{asks}")).await?;

        let version = pods::output(&namespace, "version").await?;
        assert_eq!(version, format!("entente-node {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(pods::output(&namespace, "asks").await?, "");
        Ok(())
    });
}

#[test]
fn stock_nodes_run_as_any_user_in_an_image_made_on_the_spot() {
    let test = "stock_nodes_run_as_any_user_in_an_image_made_on_the_spot";
    if executables::stock_fabric_or_skip(test).is_none() {
        return;
    }
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "stock").await?;
        let peer = cluster.image(Image::StockPeer).await?;
        let orderer = cluster.image(Image::StockOrderer).await?;

        let peer = pods::pod("peer", &peer, &["peer", "version"], "");
        let orderer = pods::pod("orderer", &orderer, &["orderer", "version"], "");
        namespace.apply(&format!("{peer}{orderer}")).await?;

        assert!(pods::output(&namespace, "peer").await?.starts_with("peer:\n Version: "));
        assert!(
            pods::output(&namespace, "orderer")
                .await?
                .starts_with("orderer:\n Version: ")
        );
        Ok(())
    });
}

#[test]
fn a_static_program_resolves_names_of_the_cluster_and_of_its_own_hosts_file() {
    cluster::test(async |cluster| {
        if !cluster.is_ours_or_skip("a_static_program_resolves_names_of_the_cluster_and_of_its_own_hosts_file") {
            return Ok(());
        }
        let namespace = Namespace::create(cluster, "lookup").await?;
        let folder = tempfile::tempdir()?;
        let image = cluster.import(&lookup(folder.path())?).await?;
        let names = [
            "kubernetes.default",
            "kubernetes.default.svc.cluster.local",
            "localhost",
        ];

        namespace.apply(&pods::pod("lookup", &image, &names, "")).await?;

        let found = pods::output(&namespace, "lookup").await?;
        assert_eq!(
            found,
            "kubernetes.default 10.96.0.1\nkubernetes.default.svc.cluster.local 10.96.0.1\nlocalhost 127.0.0.1\n"
        );
        Ok(())
    });
}

/// The image of `lookup.rs`, linked as the released executables are.
fn lookup(folder: &Path) -> anyhow::Result<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (program, archive) = (folder.join("lookup"), folder.join("lookup.tar"));
    run(Command::new("rustc")
        .args(["--edition=2024", "-Ctarget-feature=+crt-static", "-o"])
        .arg(&program)
        .arg(tests.join("cluster/lookup.rs")))?;
    run(Command::new(tests.join("../node-image/archive"))
        .args([
            "--static",
            "--name=cluster.entente.dev/lookup:1",
            "--entrypoint=/lookup",
            "--out",
        ])
        .arg(&archive)
        .arg(format!("{}=/lookup", program.display())))?;
    Ok(archive)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
