//! Routes of the Gateway API, which a cluster may have or not.

use entente_api::access::AccessType;
use entente_api::names::MANAGER;
use kube::api::{Api, Patch, PatchParams};
use kube::discovery;

use super::objects::{self, Kind};
use super::{Kubernetes, outside};
use crate::substrate::{NodePlan, SubstrateError};

const GROUP: &str = "gateway.networking.k8s.io";

/// Writes the route of a node that is reached through a Gateway. It belongs to the node's Service for outside, and goes
/// with it.
pub async fn put(kubernetes: &Kubernetes, plan: &NodePlan) -> Result<(), SubstrateError> {
    if plan.access.kind != AccessType::Gateway {
        return Ok(());
    }
    let service = outside::object(&plan.id);
    let record = kubernetes.observed.record(Kind::Service, &plan.id.namespace, &service);
    // A contract has none.
    let Some(record) = record else { return Ok(()) };
    let version = kubernetes.routes.get_or_try_init(|| version(kubernetes)).await?;
    let Some(route) = objects::route(plan, version, &record.uid) else {
        return Ok(());
    };
    let written = serde_json::json!(route).to_string();
    let place = (plan.id.namespace.clone(), service);
    if kubernetes.written_routes.lock().get(&place) == Some(&written) {
        return Ok(());
    }
    let resource = objects::route_resource(version);
    Api::<kube::api::DynamicObject>::namespaced_with(kubernetes.client.clone(), &plan.id.namespace, &resource)
        .patch_metadata(&place.1, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&route))
        .await
        .map_err(SubstrateError::cluster(format!("writing the TLSRoute of {}", plan.id)))?;
    kubernetes.written_routes.lock().insert(place, written);
    Ok(())
}

/// Which version of the route the cluster serves.
async fn version(kubernetes: &Kubernetes) -> Result<String, SubstrateError> {
    let missing = || {
        SubstrateError::Refused(
            "access of type Gateway needs TLSRoute of the Gateway API, which this cluster does not have; install it, or \
             choose another type"
                .to_owned(),
        )
    };
    let group = match discovery::group(&kubernetes.client, GROUP).await {
        Ok(group) => group,
        Err(kube::Error::Discovery(_)) => return Err(missing()),
        Err(kube::Error::Api(status)) if status.code == 404 => return Err(missing()),
        Err(error) => return Err(SubstrateError::cluster("looking for the Gateway API")(error)),
    };
    let served = group.recommended_kind("TLSRoute").ok_or_else(missing)?;
    Ok(served.0.version)
}
