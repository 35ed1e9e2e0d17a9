//! How nodes are reached inside the cluster: by their Service, whose address outlives every pod.

use std::net::{Ipv4Addr, SocketAddr};

use entente_api::names;

use crate::substrate::{Addresses, Listen, NodeId, Role};

/// Stock's own ports.
pub const ORDERER: u16 = 7050;
pub const PEER: u16 = 7051;
pub const CHAINCODE: u16 = 7052;
pub const ADMIN: u16 = 7053;
pub const OPERATIONS: u16 = 9443;
pub const CONTRACT: u16 = 9999;

/// Port of the gRPC services.
pub fn services(role: Role) -> u16 {
    match role {
        Role::Orderer => ORDERER,
        Role::Peer => PEER,
        Role::Contract => CONTRACT,
    }
}

/// The headless Service, which a StatefulSet needs to name its pod.
pub fn headless(object: &str) -> String {
    format!("{object}--pods")
}

/// The addresses of a node. Nothing needs to be kept: they follow from its name.
pub fn of(id: &NodeId, role: Role, cluster_domain: &str) -> Addresses {
    let NodeId { namespace, chain, name } = id;
    let object = names::object(chain, name);
    let host = format!("{object}.{namespace}.svc.{cluster_domain}");
    let everywhere = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let listen = Listen {
        services: everywhere(services(role)),
        operations: everywhere(OPERATIONS),
        admin: everywhere(ADMIN),
        // No chaincode dials a peer: it runs as a service.
        chaincode: SocketAddr::from((Ipv4Addr::LOCALHOST, CHAINCODE)),
    };
    let pods = headless(&object);
    Addresses {
        listen,
        external: format!("{host}:{}", services(role)),
        operations: format!("{host}:{OPERATIONS}"),
        admin: format!("{host}:{ADMIN}"),
        hosts: vec![
            host,
            format!("{object}.{namespace}.svc"),
            format!("{object}.{namespace}"),
            object.clone(),
            format!("{object}-0.{pods}.{namespace}.svc.{cluster_domain}"),
            // Through `kubectl port-forward`.
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_reached_by_its_service() {
        let id = NodeId {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            name: "peer0-bank".to_owned(),
        };

        let addresses = of(&id, Role::Peer, "cluster.local");

        let expected = Addresses {
            listen: Listen {
                services: "0.0.0.0:7051".parse().unwrap(),
                operations: "0.0.0.0:9443".parse().unwrap(),
                admin: "0.0.0.0:7053".parse().unwrap(),
                chaincode: "127.0.0.1:7052".parse().unwrap(),
            },
            external: "ledger-peer0-bank.hebei.svc.cluster.local:7051".to_owned(),
            operations: "ledger-peer0-bank.hebei.svc.cluster.local:9443".to_owned(),
            admin: "ledger-peer0-bank.hebei.svc.cluster.local:7053".to_owned(),
            hosts: [
                "ledger-peer0-bank.hebei.svc.cluster.local",
                "ledger-peer0-bank.hebei.svc",
                "ledger-peer0-bank.hebei",
                "ledger-peer0-bank",
                "ledger-peer0-bank-0.ledger-peer0-bank--pods.hebei.svc.cluster.local",
                "localhost",
                "127.0.0.1",
            ]
            .map(str::to_owned)
            .to_vec(),
        };
        assert_eq!(addresses, expected);
    }
}
