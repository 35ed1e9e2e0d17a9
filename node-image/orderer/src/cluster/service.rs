//! The receiving side of `orderer.Cluster/Step` (`orderer/common/cluster/service.go`).

use std::pin::Pin;
use std::sync::Arc;

use async_stream::try_stream;
use entente_fabric::envelope;
use entente_fabric::proto::orderer::cluster_server::Cluster;
use entente_fabric::proto::orderer::step_request::Payload;
use entente_fabric::proto::orderer::{ConsensusRequest, StepRequest, StepResponse, SubmitRequest};
use entente_fabric::tls::ClientCertificate;
use futures::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::debug;

use super::keys::public_key_of_der;
use crate::filters;
use crate::metrics::Metrics;
use crate::raft::wire;
use crate::registrar::{Consenter, Registrar};

/// Takes what other consenters send.
pub struct Step {
    pub registrar: Arc<Registrar>,
    pub metrics: Metrics,
    /// Ends all streams.
    pub stop: CancellationToken,
}

#[tonic::async_trait]
impl Cluster for Step {
    type StepStream = Pin<Box<dyn Stream<Item = Result<StepResponse, Status>> + Send>>;

    async fn step(&self, request: Request<Streaming<StepRequest>>) -> Result<Response<Self::StepStream>, Status> {
        let certificate = request
            .extensions()
            .get::<ClientCertificate>()
            .and_then(|client| client.der.clone());
        let key = certificate.as_ref().and_then(|der| public_key_of_der(der));
        let key = key.ok_or_else(|| Status::unknown("no TLS certificate sent"))?;
        let (registrar, stop) = (self.registrar.clone(), self.stop.clone());
        let streams = self.metrics.ingress_stream_count.clone();
        let mut requests = request.into_inner();
        let answers = try_stream! {
            let _counted = Counted::new(streams);
            while let Some(request) = stop.run_until_cancelled(requests.message()).await.transpose()?.flatten() {
                take(&registrar, &key, request).await?;
            }
            // Only to say what would be answered: stock senders do not read.
            if false {
                yield StepResponse::default();
            }
        };
        Ok(Response::new(Box::pin(answers)))
    }
}

async fn take(registrar: &Registrar, key: &[u8], request: StepRequest) -> Result<(), Status> {
    match request.payload {
        Some(Payload::ConsensusRequest(request)) => consensus(registrar, key, request).await,
        Some(Payload::SubmitRequest(request)) => submit(registrar, key, request).await,
        None => Err(Status::unknown("message is neither a Submit nor a Consensus request")),
    }
}

/// The chain of the channel that is meant, and who speaks (`requestContext` in `orderer/common/cluster/comm.go`).
fn context(registrar: &Registrar, channel: &str, key: &[u8]) -> Result<(Arc<Consenter>, u64), Status> {
    if channel.is_empty() {
        return Err(Status::unknown("badly formatted message, cannot extract channel"));
    }
    let consenter = registrar
        .consenter(channel)
        .ok_or_else(|| Status::unknown(format!("channel {channel} doesn't exist")))?;
    let sender = consenter
        .group
        .sender(key)
        .ok_or_else(|| Status::unknown("certificate extracted from TLS connection isn't authorized"))?;
    Ok((consenter, sender))
}

async fn consensus(registrar: &Registrar, key: &[u8], request: ConsensusRequest) -> Result<(), Status> {
    let (consenter, sender) = context(registrar, &request.channel, key)?;
    let message = wire::decode(&request.payload).map_err(|error| Status::unknown(error.to_string()))?;
    consenter.group.heard_of(sender);
    let received = consenter.chain.receive(message, request.metadata, sender).await;
    received.map_err(|error| Status::unknown(error.to_string()))
}

async fn submit(registrar: &Registrar, key: &[u8], request: SubmitRequest) -> Result<(), Status> {
    let (consenter, sender) = context(registrar, &request.channel, key)?;
    let payload = request
        .payload
        .ok_or_else(|| Status::unknown("a Submit request without a payload"))?;
    let header = envelope::channel_header(&payload)
        .map_err(|error| Status::unknown(format!("bad message: failed to extract channel header: {error}")))?;
    let stamp = request.stamp.map(Into::into);
    let mut request = filters::request(&payload, &header, request.last_validation_seq);
    request.message.stamp = stamp;
    let ordered = consenter.chain.order(request).await;
    ordered.map_err(|error| {
        debug!(channel = header.channel_id, sender, %error, "a forwarded message was not ordered");
        Status::unknown(error.to_string())
    })
}

/// Counts a stream while it is open.
struct Counted(prometheus_client::metrics::gauge::Gauge);

impl Counted {
    fn new(gauge: prometheus_client::metrics::gauge::Gauge) -> Counted {
        gauge.inc();
        Counted(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
