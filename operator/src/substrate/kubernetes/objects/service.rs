//! Services: one whose address is the node's, and a headless one that names its pod.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Kind, Object, metadata, name, role, selector};
use crate::substrate::kubernetes::addresses::{self, ADMIN, OPERATIONS};
use crate::substrate::{NodePlan, Role, SubstrateError};

/// The ports that others reach, by name.
pub fn ports(role: Role) -> Vec<(&'static str, u16)> {
    let services = ("grpc", addresses::services(role));
    match role {
        Role::Orderer => vec![services, ("admin", ADMIN), ("operations", OPERATIONS)],
        Role::Peer => vec![services, ("operations", OPERATIONS)],
        Role::Contract => vec![services],
    }
}

pub fn all(plan: &NodePlan) -> Result<Vec<Object>, SubstrateError> {
    let mut services = vec![service(plan, name(&plan.id), None)?];
    if role(plan) != Role::Contract {
        services.push(service(plan, addresses::headless(&name(&plan.id)), Some("None"))?);
    }
    Ok(services)
}

fn service(plan: &NodePlan, name: String, cluster_ip: Option<&str>) -> Result<Object, SubstrateError> {
    let port = |(name, port): (&str, u16)| ServicePort {
        name: Some(name.to_owned()),
        port: port.into(),
        target_port: Some(IntOrString::String(name.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    };
    let spec = ServiceSpec {
        cluster_ip: cluster_ip.map(str::to_owned),
        selector: Some(selector(&plan.id)),
        ports: Some(ports(role(plan)).into_iter().map(port).collect()),
        // A node gets ready by what others tell it: orderers elect a leader, the operator joins channels.
        publish_not_ready_addresses: Some(true),
        ..ServiceSpec::default()
    };
    let service = Service {
        metadata: metadata(plan, name),
        spec: Some(spec),
        status: None,
    };
    Object::new(Kind::Service, &service)
}
