//! The node's image, in a pod.

use entente_tests::cluster::{self, Image, Namespace};

use crate::pods;

#[test]
fn the_node_runs_without_privileges_and_finds_others_by_name() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "image").await?;
        pods::web_and_client(cluster, &namespace).await?;
        let image = cluster.image(Image::Node).await?;
        let version = pods::pod("version", &image, &["--version"], "");
        // It answers every path, this one too.
        let asks = pods::pod("asks", &image, &["probe", "--address", "web:80"], "");

        namespace.apply(&format!("{version}{asks}")).await?;

        let version = pods::output(&namespace, "version").await?;
        assert_eq!(version, format!("entente-node {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(pods::output(&namespace, "asks").await?, "");
        Ok(())
    });
}
