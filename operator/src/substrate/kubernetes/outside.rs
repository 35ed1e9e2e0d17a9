//! Where clients outside of the cluster find a node. Pure.

use entente_api::access::{Access, AccessType};
use entente_api::names;

use super::addresses;
use crate::substrate::{NodeId, Outside, Role};

/// Name of what leads in from outside, behind the node's own.
pub fn object(id: &NodeId) -> String {
    format!("{}--out", names::object(&id.chain, &id.name))
}

/// The node's name under a domain: `<node>.<chain>.<domain>`.
pub fn host(id: &NodeId, domain: &str) -> String {
    // A name of an organization may make that of its peer longer than DNS allows.
    let node = match names::check_label(&id.name) {
        Ok(()) => id.name.clone(),
        Err(_) => names::object(&id.chain, &id.name),
    };
    format!("{node}.{}.{domain}", id.chain)
}

/// What the cluster has given to the Service that leads in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Port of every machine.
    pub node_port: Option<u16>,
    /// Name or address of the load balancer.
    pub balancer: Option<String>,
}

/// The way in, as far as it is known yet.
pub fn of(id: &NodeId, role: Role, access: &Access, given: Option<&Given>) -> Outside {
    if role == Role::Contract {
        return Outside::default();
    }
    let domain = access.domain.as_deref().map(|domain| host(id, domain));
    let balancer = given.and_then(|given| given.balancer.clone());
    let (name, port) = match access.kind {
        AccessType::None => (None, None),
        AccessType::NodePort => (access.host.clone(), given.and_then(|given| given.node_port)),
        AccessType::LoadBalancer => (domain.or(balancer), Some(addresses::services(role))),
        AccessType::Gateway => (domain, access.gateway.as_ref().map(|gateway| gateway.port)),
    };
    Outside {
        endpoint: name.clone().zip(port).map(|(name, port)| match name.contains(':') {
            true => format!("[{name}]:{port}"),
            false => format!("{name}:{port}"),
        }),
        hosts: name.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(access: &str, given: Given) -> (Option<String>, Vec<String>) {
        let id = NodeId {
            namespace: "hebei".to_owned(),
            chain: "ledger".to_owned(),
            name: "peer0-bank".to_owned(),
        };
        let access = serde_yaml::from_str(access).unwrap();
        let Outside { endpoint, hosts } = of(&id, Role::Peer, &access, Some(&given));
        (endpoint, hosts)
    }

    fn expected(endpoint: Option<&str>, hosts: &[&str]) -> (Option<String>, Vec<String>) {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        (endpoint.map(str::to_owned), hosts)
    }

    #[test]
    fn each_way_in_has_its_address() {
        let port = Given {
            node_port: Some(30_051),
            balancer: None,
        };
        let balancer = Given {
            node_port: Some(30_051),
            balancer: Some("192.0.2.7".to_owned()),
        };

        assert_eq!(seen("{}", Given::default()), expected(None, &[]));
        assert_eq!(
            seen("{type: NodePort, host: machines.example.com}", port),
            expected(Some("machines.example.com:30051"), &["machines.example.com"])
        );
        // The certificate can name it before the port is known.
        assert_eq!(
            seen("{type: NodePort, host: machines.example.com}", Given::default()),
            expected(None, &["machines.example.com"])
        );
        assert_eq!(
            seen("{type: LoadBalancer}", balancer.clone()),
            expected(Some("192.0.2.7:7051"), &["192.0.2.7"])
        );
        assert_eq!(
            seen("{type: LoadBalancer, domain: example.com}", balancer),
            expected(
                Some("peer0-bank.ledger.example.com:7051"),
                &["peer0-bank.ledger.example.com"]
            )
        );
        assert_eq!(
            seen(
                "{type: Gateway, domain: example.com, gateway: {name: edge}}",
                Given::default()
            ),
            expected(
                Some("peer0-bank.ledger.example.com:443"),
                &["peer0-bank.ledger.example.com"]
            )
        );
    }
}
