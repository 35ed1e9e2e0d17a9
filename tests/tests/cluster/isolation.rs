//! Who reaches a chain's nodes, by packets: its own nodes, its owner's pods, the platform; nobody else.

use entente_tests::cluster::{self, Cluster, Image, Namespace};

use crate::operator::Operator;
use crate::pods;

const CHAIN: &str = "
members: [{organization: bank}]
ordering: {replicas: 1}
contracts: [{name: evidence, template: evidence}]
deletionPolicy: Delete
";

/// Starts a pod that sleeps, to dial from.
async fn client(cluster: &Cluster, namespace: &Namespace) -> anyhow::Result<()> {
    let image = cluster.image(Image::Probe).await?;
    namespace.apply(&pods::pod("client", &image, &["sleep"], "")).await?;
    let waited = ["wait", "--for=condition=Ready", "--timeout=60s", "pod/client"];
    namespace.kubectl(&waited).await.map(drop)
}

/// Which of the addresses can be dialled from the namespace's pod, in order.
async fn reached<'a>(namespace: &Namespace, addresses: &[&'a str]) -> Vec<&'a str> {
    let dials = addresses.iter().map(async |address| {
        let answer = pods::probe(namespace, &["dial", address]).await;
        answer.is_ok().then_some(*address)
    });
    let answers = futures::future::join_all(dials).await;
    answers.into_iter().flatten().collect()
}

#[test]
fn nodes_are_closed_to_everybody_who_has_no_business_with_them() {
    cluster::test(async |cluster| {
        let owner = Namespace::create(cluster, "owner").await?;
        let stranger = Namespace::create(cluster, "stranger").await?;
        let platform = Namespace::create(cluster, "platform").await?;
        let image = cluster.image(Image::Node).await?;
        let operator = Operator::start_for(&owner, &image, Some(&platform)).await?;
        let chain = operator.create("ledger", CHAIN).await?;
        for namespace in [&owner, &stranger, &platform] {
            client(cluster, namespace).await?;
        }
        let contract = operator.contract_address(&chain, "evidence").await?;
        let at = |node: &str, port: u16| format!("ledger-{node}.{}.svc.cluster.local:{port}", owner.name());
        let peer = [at("peer0-bank", 7051), at("peer0-bank", 9443)];
        let orderer = [at("orderer0", 7050), at("orderer0", 7053), at("orderer0", 9443)];
        let all: Vec<&str> = peer
            .iter()
            .chain(&orderer)
            .chain([&contract])
            .map(String::as_str)
            .collect();

        let by_owner = reached(&owner, &all).await;
        let by_stranger = reached(&stranger, &all).await;
        let by_platform = reached(&platform, &all).await;

        assert_eq!(by_owner, [&peer[0], &orderer[0]]);
        assert_eq!(by_stranger, [""; 0]);
        assert_eq!(by_platform, [&peer[0], &peer[1], &orderer[0], &orderer[1], &orderer[2]]);
        // What is allowed goes on: nodes reach each other and the contract.
        operator.transacts(&chain, "main", "behind closed doors").await?;
        operator.delete("ledger").await?;
        operator.stop().await
    });
}

#[test]
fn a_namespace_is_prepared_without_taking_over_somebody_elses() {
    use entente_operator::substrate::kubernetes::tenancy::{self, Tenancy};

    cluster::test(async |cluster| {
        let theirs = Namespace::create(cluster, "theirs").await?;
        let client = kube::Client::try_default().await?;
        let name = format!("ours-{}", std::process::id());
        let objects = async |namespace: &str| {
            let kinds = "resourcequotas,limitranges,networkpolicies";
            cluster
                .kubectl(&["--namespace", namespace, "get", kinds, "--output=name"])
                .await
        };
        let before = cluster
            .kubectl(&[
                "get",
                "namespace",
                theirs.name(),
                "--output=jsonpath={.metadata.labels}",
            ])
            .await?;

        let ours = tenancy::prepare(&client, &name, &Tenancy::default(), None).await?;
        let again = tenancy::prepare(&client, &name, &Tenancy::default(), None).await?;
        let taken = tenancy::prepare(&client, theirs.name(), &Tenancy::default(), None).await?;

        assert_eq!((ours, again, taken), (true, true, false));
        assert_eq!(
            objects(&name).await?,
            "resourcequota/entente\nlimitrange/entente\nnetworkpolicy.networking.k8s.io/entente\n"
        );
        assert_eq!(
            objects(theirs.name()).await?,
            "networkpolicy.networking.k8s.io/entente\n"
        );
        let after = cluster
            .kubectl(&[
                "get",
                "namespace",
                theirs.name(),
                "--output=jsonpath={.metadata.labels}",
            ])
            .await?;
        assert_eq!(before, after);
        for namespace in [name.as_str(), theirs.name()] {
            tenancy::release(&client, namespace, None).await?;
            assert_eq!(objects(namespace).await?, "");
        }
        cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]).await?;
        Ok(())
    });
}
