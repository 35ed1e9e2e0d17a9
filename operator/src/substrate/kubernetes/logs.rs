//! A node's log, and its pods' end.

use std::io;

use futures::future::try_join_all;
use futures::stream::BoxStream;
use futures::{AsyncBufReadExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, LogParams};
use kube::{Client, Error};

use super::state::Sight;
use crate::substrate::{NodeId, SubstrateError};

/// The last `lines` lines, then, when `follow` is set, each line as it is written.
pub async fn read(
    client: &Client,
    id: &NodeId,
    pods: &[(String, Sight)],
    lines: usize,
    follow: bool,
) -> Result<BoxStream<'static, io::Result<String>>, SubstrateError> {
    // The newest one that is to stay, when a contract is being replaced.
    let pod = pods.iter().max_by_key(|(_, sight)| !sight.leaving);
    let (name, _) =
        pod.ok_or_else(|| SubstrateError::Refused("the node has no pod that could have a log".to_owned()))?;
    let api: Api<Pod> = Api::namespaced(client.clone(), &id.namespace);
    let parameters = |previous: bool| LogParams {
        follow: follow && !previous,
        previous,
        tail_lines: Some(lines.try_into().unwrap_or(i64::MAX)),
        ..LogParams::default()
    };
    let stream = match api.log_stream(name, &parameters(false)).await {
        Ok(stream) => stream,
        // Its container waits to be started: what the one before said is what there is.
        Err(Error::Api(status)) if status.code == 400 => {
            let missing =
                |_| SubstrateError::Refused(format!("the node has not written a log yet: {}", status.message));
            api.log_stream(name, &parameters(true)).await.map_err(missing)?
        }
        Err(error) => return Err(SubstrateError::cluster(format!("reading the log of {id}"))(error)),
    };
    Ok(Box::pin(stream).lines().boxed())
}

/// Ends pods; what runs them starts others.
pub async fn delete_pods(
    client: &Client,
    id: &NodeId,
    names: impl Iterator<Item = String>,
) -> Result<(), SubstrateError> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &id.namespace);
    let deleted = names.map(|name| {
        let api = api.clone();
        async move {
            match api.delete(&name, &DeleteParams::default()).await {
                Ok(_) => Ok(()),
                Err(Error::Api(status)) if status.code == 404 => Ok(()),
                Err(error) => Err(SubstrateError::cluster(format!("ending the pod {name}"))(error)),
            }
        }
    });
    try_join_all(deleted).await.map(drop)
}
