//! Growing a node's volume: the claim is asked for more, and what runs the node is made anew around its pod, because the
//! template of claims cannot be edited.

use kube::Error;
use kube::api::{Patch, PatchParams, PropagationPolicy};
use tokio::time::{Duration, Instant};

use super::objects::{self, CLAIM, Kind};
use super::observed::Key;
use super::{Kubernetes, apply};
use crate::substrate::{NodePlan, SubstrateError};

/// How long the old StatefulSet may take to go. Its pod stays.
const PATIENCE: Duration = Duration::from_secs(30);

/// Brings the volume to the size of the plan, when the node has one and it is smaller.
pub async fn grow(kubernetes: &Kubernetes, plan: &NodePlan) -> Result<(), SubstrateError> {
    let (namespace, object) = (&plan.id.namespace, objects::name(&plan.id));
    let known = kubernetes.observed.record(Kind::StatefulSet, namespace, &object);
    let Some(current) = known
        .and_then(|record| record.storage)
        .filter(|current| *current != plan.storage)
    else {
        return Ok(());
    };
    if current > plan.storage {
        return Err(SubstrateError::Refused(format!(
            "the volume of {} has {} and cannot shrink to {}",
            plan.id.name,
            objects::size(current).0,
            objects::size(plan.storage).0
        )));
    }
    ask_for_more(kubernetes, plan, &object).await?;
    let set = Key {
        kind: Kind::StatefulSet,
        namespace: namespace.clone(),
        name: object,
    };
    apply::delete_with(&kubernetes.client, &set, PropagationPolicy::Orphan).await?;
    gone(kubernetes, &set).await
}

async fn ask_for_more(kubernetes: &Kubernetes, plan: &NodePlan, object: &str) -> Result<(), SubstrateError> {
    let claim = format!("{CLAIM}-{object}-0");
    let size = objects::size(plan.storage).0;
    let more = serde_json::json!({"spec": {"resources": {"requests": {"storage": size}}}});
    let patched = apply::api(&kubernetes.client, Kind::PersistentVolumeClaim, &plan.id.namespace)
        .patch_metadata(&claim, &PatchParams::default(), &Patch::Merge(more))
        .await;
    match patched {
        Ok(_) => Ok(()),
        // The next pod gets a new one, of the right size.
        Err(Error::Api(status)) if status.code == 404 => Ok(()),
        Err(Error::Api(status)) if status.code == 403 || status.code == 422 => Err(SubstrateError::Refused(format!(
            "the volume of {} cannot grow to {size}: {}",
            plan.id.name, status.message
        ))),
        Err(error) => Err(SubstrateError::cluster(format!(
            "growing the volume of {}",
            plan.id.name
        ))(error)),
    }
}

async fn gone(kubernetes: &Kubernetes, set: &Key) -> Result<(), SubstrateError> {
    let mut changes = kubernetes.observed.changes();
    let deadline = Instant::now() + PATIENCE;
    while kubernetes
        .observed
        .record(set.kind, &set.namespace, &set.name)
        .is_some()
    {
        if tokio::time::timeout_at(deadline, changes.recv()).await.is_err() {
            return Err(SubstrateError::Refused(format!(
                "the StatefulSet {} is being made anew for a larger volume and is not gone yet",
                set.name
            )));
        }
    }
    Ok(())
}
