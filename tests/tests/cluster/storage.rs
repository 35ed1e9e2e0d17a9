//! Volumes: written by a process without privileges, grown, and gone with their claim.

use std::time::Duration;

use entente_tests::cluster::{self, Image, Namespace};
use entente_tests::wait;

use crate::pods;

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
---
";

const MOUNT: &str = "      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]";

#[test]
fn a_volume_is_written_without_privileges_grows_and_goes_with_its_claim() {
    cluster::test(async |cluster| {
        let namespace = Namespace::create(cluster, "storage").await?;
        let image = cluster.image(Image::Probe).await?;
        let pod = pods::pod("writer", &image, &["serve", ":8080", "/data/name"], MOUNT);

        namespace.apply(&format!("{CLAIM}{pod}")).await?;
        namespace
            .kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "pod/writer"])
            .await?;
        namespace.apply(&CLAIM.replace("10Mi", "20Mi")).await?;
        namespace
            .kubectl(&[
                "wait",
                "--for=jsonpath={.status.capacity.storage}=20Mi",
                "--timeout=60s",
                "pvc/data",
            ])
            .await?;
        let volume = namespace
            .kubectl(&["get", "pvc", "data", "--output=jsonpath={.spec.volumeName}"])
            .await?;
        namespace.kubectl(&["delete", "pod/writer", "pvc/data"]).await?;

        wait::until("the volume to be removed", Duration::from_secs(30), async || {
            cluster.kubectl(&["get", "pv", &volume]).await.err()
        })
        .await;
        Ok(())
    });
}
