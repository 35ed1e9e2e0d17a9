//! Who reaches whom, by packets.

use std::net::IpAddr;
use std::time::Duration;

use entente_tests::cluster::{self, Namespace};
use entente_tests::wait;

use crate::pods;

const DENY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
";

const ALLOW_CLIENT: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: http}]}]
";

#[test]
fn a_pod_and_a_program_outside_of_pods_find_a_service_by_name() {
    cluster::test(async |cluster| {
        if !cluster.is_ours_or_skip("a_pod_and_a_program_outside_of_pods_find_a_service_by_name") {
            return Ok(());
        }
        let namespace = Namespace::create(cluster, "names").await?;
        pods::web_and_client(cluster, &namespace).await?;
        let address = "--output=jsonpath={.spec.clusterIP}";
        let address: IpAddr = namespace.kubectl(&["get", "service", "web", address]).await?.parse()?;
        let name = format!("web.{}.svc.cluster.local", namespace.name());

        let from_pod = pods::probe(&namespace, &["lookup", &name]).await?;
        let from_here: Vec<_> = tokio::net::lookup_host((name.as_str(), 80)).await?.collect();

        assert_eq!(from_pod, format!("{address}\n"));
        assert_eq!(from_here, [(address, 80).into()]);
        tokio::net::TcpStream::connect((name, 80)).await?;
        Ok(())
    });
}

#[test]
fn a_policy_drops_packets_and_another_lets_them_through_again() {
    cluster::test(async |cluster| {
        if !cluster.is_ours_or_skip("a_policy_drops_packets_and_another_lets_them_through_again") {
            return Ok(());
        }
        let namespace = Namespace::create(cluster, "policies").await?;
        pods::web_and_client(cluster, &namespace).await?;
        reachable(&namespace, true, "before any policy").await;

        namespace.apply(DENY).await?;
        reachable(&namespace, false, "with a policy that allows nobody").await;

        namespace.apply(ALLOW_CLIENT).await?;
        reachable(&namespace, true, "with a policy that allows it").await;

        namespace.kubectl(&["delete", "networkpolicy", "--all"]).await?;
        reachable(&namespace, true, "without policies").await;
        Ok(())
    });
}

/// Waits until `web` is, or is not, within the reach of `client`.
async fn reachable(namespace: &Namespace, expected: bool, when: &str) {
    let what = format!("web to be {}reachable {when}", if expected { "" } else { "un" });
    wait::until(&what, Duration::from_secs(30), async || {
        let answered = pods::probe(namespace, &["dial", "web:80"]).await.is_ok();
        (answered == expected).then_some(())
    })
    .await;
}
