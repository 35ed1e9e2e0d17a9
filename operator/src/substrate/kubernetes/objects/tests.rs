//! Whole objects, as the API server gets them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use entente_api::access::Access;
use entente_api::node_release::{Engine, Images};
use kube::api::DynamicObject;

use super::*;
use crate::substrate::kubernetes::addresses;
use crate::substrate::{Program, Setting};

fn id(name: &str) -> NodeId {
    NodeId {
        namespace: "hebei".to_owned(),
        chain: "ledger".to_owned(),
        name: name.to_owned(),
    }
}

fn settings() -> Settings {
    Settings {
        platform_namespace: Some("entente".to_owned()),
        monitoring_namespace: Some("monitoring".to_owned()),
        ..Settings::new("entente/node:1")
    }
}

fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let file = |(path, content): &(&str, &str)| ((*path).to_owned(), content.as_bytes().to_vec());
    files.iter().map(file).collect()
}

fn plan(id: NodeId, organization: &str, workload: Workload) -> NodePlan {
    NodePlan {
        id,
        organization: organization.to_owned(),
        workload,
        files: files(&[("node.json", "{}"), ("tls/cert.pem", "certificate")]),
        keys: files(&[("tls/key.pem", "key")]),
        storage: 10 << 30,
        siblings: 3,
        access: Access::default(),
        neighbours: BTreeMap::from([("tax".to_owned(), "ledger.hebei".to_owned())]),
    }
}

fn orderer() -> NodePlan {
    let id = id("orderer0");
    let listen = addresses::of(&id, Role::Orderer, "cluster.local").listen;
    let workload = Workload::Node {
        engine: Engine::Native,
        role: NodeRole::Orderer,
        listen,
        images: None,
    };
    plan(id, "ledger.ordering", workload)
}

fn stock_peer() -> NodePlan {
    let id = id("peer0-bank");
    let listen = addresses::of(&id, Role::Peer, "cluster.local").listen;
    let images = Images {
        peer: "hyperledger/fabric-peer@sha256:aa".to_owned(),
        orderer: "hyperledger/fabric-orderer@sha256:bb".to_owned(),
        ..Images::default()
    };
    let workload = Workload::Node {
        engine: Engine::Fabric,
        role: NodeRole::Peer,
        listen,
        images: Some(images),
    };
    plan(id, "bank", workload)
}

fn contract(program: Program) -> NodePlan {
    let environment = BTreeMap::from([
        ("CHAINCODE_ID".to_owned(), Setting::Text("pay_1.0:ab".to_owned())),
        ("CHAINCODE_TLS_KEY".to_owned(), Setting::File("tls/key.pem".to_owned())),
        ("GREETING".to_owned(), Setting::Text("$(HOME)".to_owned())),
    ]);
    let workload = Workload::Contract {
        program,
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, addresses::CONTRACT)),
        environment,
    };
    plan(id("contract-main-pay-0a1b2c3d"), "ledger.ordering", workload)
}

/// All objects in the order in which they are applied.
fn written(plan: &NodePlan) -> Vec<DynamicObject> {
    let Objects {
        secret,
        before,
        workload,
        ..
    } = of(plan, &settings()).unwrap();
    let all = [secret].into_iter().chain(before).chain([workload]);
    all.map(|object| object.content).collect()
}

#[test]
fn a_native_orderer_is_a_stateful_set_with_all_around_it() {
    insta::assert_yaml_snapshot!(written(&orderer()));
}

#[test]
fn a_stock_peer_runs_the_unmodified_image_after_ours_has_prepared_it() {
    insta::assert_yaml_snapshot!(written(&stock_peer()));
}

#[test]
fn a_template_is_a_deployment_that_peers_alone_may_reach() {
    let program = Program::Template {
        name: "evidence".to_owned(),
        image: None,
    };

    insta::assert_yaml_snapshot!(written(&contract(program)));
}

#[test]
fn somebodys_own_image_runs_as_its_entry_point_has_it() {
    let plan = contract(Program::Image("registry/pay@sha256:cc".to_owned()));

    let deployment = of(&plan, &settings()).unwrap().workload.content;

    let container = &deployment.data["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry/pay@sha256:cc");
    assert_eq!(container.get("args"), None);
    assert_eq!(container.get("command"), None);
}

#[test]
fn a_change_of_a_key_makes_another_pod_and_a_larger_disk_does_not() {
    let before = of(&orderer(), &settings()).unwrap();
    let mut renewed = orderer();
    renewed.keys = files(&[("tls/key.pem", "another key")]);
    let mut larger = orderer();
    larger.storage = 20 << 30;

    let renewed = of(&renewed, &settings()).unwrap();
    let larger = of(&larger, &settings()).unwrap();

    assert_ne!(before.plan, renewed.plan);
    assert_eq!(before.plan, larger.plan);
    assert_ne!(before.workload.digest, larger.workload.digest);
}

#[test]
fn a_stock_release_without_images_is_refused() {
    let mut plan = stock_peer();
    if let Workload::Node { images, .. } = &mut plan.workload {
        *images = None;
    }

    let refused = of(&plan, &settings()).unwrap_err();

    assert!(refused.to_string().contains("names no images"), "{refused}");
}

#[test]
fn a_node_alone_has_no_budget() {
    let kinds = |siblings| {
        let plan = NodePlan { siblings, ..orderer() };
        let before = of(&plan, &settings()).unwrap().before;
        before.into_iter().map(|object| object.kind).collect::<Vec<_>>()
    };

    assert!(!kinds(1).contains(&Kind::PodDisruptionBudget));
    assert!(kinds(3).contains(&Kind::PodDisruptionBudget));
}

#[test]
fn sizes_are_written_in_the_largest_unit_that_fits() {
    assert_eq!(size(10 << 30).0, "10Gi");
    assert_eq!(size((10 << 30) + 1).0, "10737418241");
    assert_eq!(size(0).0, "0");
}

#[test]
fn a_way_in_from_outside_is_a_service_that_waits_for_the_node() {
    let access = "{type: LoadBalancer, domain: example.com, annotations: {cloud/kind: internal}}";
    let plan = NodePlan {
        access: serde_yaml::from_str(access).unwrap(),
        ..stock_peer()
    };

    let service = outside::service(&plan).unwrap().unwrap();

    insta::assert_yaml_snapshot!(service.content);
}

#[test]
fn a_gateway_passes_tls_through_to_the_node_of_that_name() {
    let access = "{type: Gateway, domain: example.com, gateway: {name: edge, namespace: infra, listener: tls}}";
    let plan = NodePlan {
        access: serde_yaml::from_str(access).unwrap(),
        ..orderer()
    };

    insta::assert_yaml_snapshot!(route(&plan, "v1alpha2", "some-uid").unwrap());
}
