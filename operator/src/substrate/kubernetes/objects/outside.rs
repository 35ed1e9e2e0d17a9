//! The way in from outside of the cluster: a Service that leads to the node once it is ready, and a route to it.

use std::collections::BTreeMap;

use entente_api::access::{AccessType, GatewayReference};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};

use super::{Kind, Object, metadata, role, selector};
use crate::substrate::kubernetes::{addresses, outside};
use crate::substrate::{NodePlan, Role, SubstrateError};

/// The Service, unless nobody comes from outside.
pub fn service(plan: &NodePlan) -> Result<Option<Object>, SubstrateError> {
    let kind = match plan.access.kind {
        _ if role(plan) == Role::Contract => return Ok(None),
        AccessType::None => return Ok(None),
        AccessType::LoadBalancer => "LoadBalancer",
        AccessType::NodePort => "NodePort",
        AccessType::Gateway => "ClusterIP",
    };
    let mut metadata = metadata(plan, outside::object(&plan.id));
    let mut annotations = match plan.access.kind {
        // There they are meant for the route.
        AccessType::Gateway => BTreeMap::new(),
        _ => plan.access.annotations.clone(),
    };
    annotations.extend(metadata.annotations.take().unwrap_or_default());
    if plan.access.kind == AccessType::LoadBalancer
        && let Some(domain) = &plan.access.domain
    {
        // Read by what keeps DNS in line with a cluster.
        annotations
            .entry("external-dns.alpha.kubernetes.io/hostname".to_owned())
            .or_insert_with(|| outside::host(&plan.id, domain));
    }
    metadata.annotations = Some(annotations);
    let spec = ServiceSpec {
        type_: Some(kind.to_owned()),
        selector: Some(selector(&plan.id)),
        ports: Some(vec![ServicePort {
            name: Some("grpc".to_owned()),
            port: addresses::services(role(plan)).into(),
            target_port: Some(IntOrString::String("grpc".to_owned())),
            protocol: Some("TCP".to_owned()),
            ..ServicePort::default()
        }]),
        ..ServiceSpec::default()
    };
    let service = Service {
        metadata,
        spec: Some(spec),
        status: None,
    };
    Object::new(Kind::Service, &service).map(Some)
}

/// The route of a Gateway: TLS is passed through to the node, which is told apart by the name that clients ask for.
/// `version` is what the cluster serves; `uid` is that of the Service, with which the route goes.
pub fn route(plan: &NodePlan, version: &str, uid: &str) -> Option<DynamicObject> {
    let gateway = plan.access.gateway.as_ref()?;
    let domain = plan.access.domain.as_deref()?;
    let name = outside::object(&plan.id);
    let mut metadata = metadata(plan, name.clone());
    let mut annotations = plan.access.annotations.clone();
    annotations.extend(metadata.annotations.take().unwrap_or_default());
    metadata.annotations = Some(annotations);
    metadata.owner_references = Some(vec![k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        name: name.clone(),
        uid: uid.to_owned(),
        ..Default::default()
    }]);
    let mut route = DynamicObject::new(&name, &route_resource(version));
    route.metadata = metadata;
    route.data = serde_json::json!({"spec": {
        "parentRefs": [parent(gateway, plan)],
        "hostnames": [outside::host(&plan.id, domain)],
        "rules": [{"backendRefs": [{"name": name, "port": addresses::services(role(plan))}]}],
    }});
    Some(route)
}

fn parent(gateway: &GatewayReference, plan: &NodePlan) -> serde_json::Value {
    let namespace = gateway.namespace.as_ref().unwrap_or(&plan.id.namespace);
    let mut parent = serde_json::json!({"name": gateway.name, "namespace": namespace});
    if let Some(listener) = &gateway.listener {
        parent["sectionName"] = listener.clone().into();
    }
    parent
}

pub fn route_resource(version: &str) -> ApiResource {
    let kind = GroupVersionKind::gvk("gateway.networking.k8s.io", version, "TLSRoute");
    ApiResource::from_gvk_with_plural(&kind, "tlsroutes")
}
