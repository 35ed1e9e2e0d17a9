//! The gateway service: what application clients talk to (`internal/pkg/gateway` of Fabric).
//!
//! It plans whom to ask for endorsements, collects them, hands transactions to the ordering service, and tells what
//! became of them. `principals`, `plan`, `layouts`, `policies` and `outcome` decide; the others do I/O.

mod commit_status;
mod definition;
mod endorse;
mod evaluate;
mod events;
mod failure;
mod layouts;
mod members;
mod orderers;
mod outcome;
mod plan;
mod policies;
mod principals;
mod probe;
mod request;
mod submit;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::crypto::Signer;
use entente_fabric::proto::gateway::gateway_server::Gateway as GatewayService;
use entente_fabric::proto::gateway::{
    ChaincodeEventsResponse, CommitStatusResponse, EndorseRequest, EndorseResponse, EvaluateRequest,
    EvaluateResponse, SignedChaincodeEventsRequest, SignedCommitStatusRequest, SubmitRequest, SubmitResponse,
};
use entente_fabric::tls::TlsIdentity;
use futures::{Stream, TryFutureExt as _};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::acl::Acl;
use crate::channels::{Channel, Channels};
use crate::endorser::Endorser;
use crate::ordering::endpoints;
use failure::{deadline, within};
use members::{Members, Peer};
use orderers::Orderers;

/// Says whether this peer has a chaincode, defined on the channel and installed, that it can run.
pub type Runs = Arc<dyn Fn(&Channel, &str) -> bool + Send + Sync>;

/// What a gateway is made of.
pub struct Parts {
    pub channels: Arc<Channels>,
    pub acl: Arc<Acl>,
    pub endorser: Arc<Endorser>,
    /// This peer's identity: it asks other peers about themselves.
    pub signer: Arc<dyn Signer>,
    pub msp_id: String,
    /// `host:port` of this peer, as the configuration's anchor peers name it.
    pub endpoint: String,
    pub tls: TlsIdentity,
    pub runs: Runs,
    pub endorsement_timeout: Duration,
    pub broadcast_timeout: Duration,
    /// Ends event streams.
    pub stop: CancellationToken,
}

struct Core {
    channels: Arc<Channels>,
    acl: Arc<Acl>,
    members: Arc<Members>,
    orderers: Orderers,
    tls: TlsIdentity,
    runs: Runs,
    endorsement_timeout: Duration,
    broadcast_timeout: Duration,
    stop: CancellationToken,
}

/// `gateway.Gateway`. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Core>);

impl Gateway {
    pub fn new(parts: Parts) -> Gateway {
        let Parts {
            channels,
            acl,
            endorser,
            signer,
            msp_id,
            endpoint,
            tls,
            runs,
            ..
        } = parts;
        let local = Arc::new(Peer::new(&endpoint, &msp_id, endorser, Vec::new()));
        Gateway(Arc::new(Core {
            channels,
            acl,
            members: Arc::new(Members::new(local, signer, tls.clone())),
            orderers: Orderers::default(),
            tls,
            runs,
            endorsement_timeout: parts.endorsement_timeout,
            broadcast_timeout: parts.broadcast_timeout,
            stop: parts.stop,
        }))
    }

    /// Closes connections that no channel's configuration needs any more. Called when a configuration changes.
    pub fn configuration_changed(&self) {
        let Core { channels, orderers, .. } = &*self.0;
        let joined = channels.list().into_iter().filter_map(|id| channels.get(&id));
        let named = joined
            .flat_map(|channel| endpoints(&channel.bundle()))
            .collect::<Vec<_>>();
        orderers.retain(|endpoint| named.contains(endpoint));
    }
}

#[tonic::async_trait]
impl GatewayService for Gateway {
    async fn evaluate(&self, request: Request<EvaluateRequest>) -> Result<Response<EvaluateResponse>, Status> {
        let deadline = deadline(request.metadata());
        let answer = self.0.evaluate(request.into_inner());
        let result = within(deadline, "evaluate timeout expired", answer).await?;
        Ok(Response::new(EvaluateResponse { result: Some(result) }))
    }

    async fn endorse(&self, request: Request<EndorseRequest>) -> Result<Response<EndorseResponse>, Status> {
        let deadline = deadline(request.metadata());
        let endorsed = self.0.endorse(request.into_inner());
        let prepared = within(
            deadline,
            "endorsement timeout expired while collecting endorsements",
            endorsed,
        )
        .await?;
        Ok(Response::new(EndorseResponse {
            prepared_transaction: Some(prepared),
        }))
    }

    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        let deadline = deadline(request.metadata());
        let submitted = self.0.submit(request.into_inner());
        within(
            deadline,
            "submit timeout expired while broadcasting to ordering service",
            submitted,
        )
        .await?;
        Ok(Response::new(SubmitResponse {}))
    }

    async fn commit_status(
        &self,
        request: Request<SignedCommitStatusRequest>,
    ) -> Result<Response<CommitStatusResponse>, Status> {
        let deadline = deadline(request.metadata());
        let committed = self.0.commit_status(request.into_inner()).map_ok(Response::new);
        tokio::select! {
            () = self.0.stop.cancelled() => Err(Status::unavailable("the peer is shutting down")),
            status = within(deadline, "context deadline exceeded", committed) => status,
        }
    }

    type ChaincodeEventsStream = Pin<Box<dyn Stream<Item = Result<ChaincodeEventsResponse, Status>> + Send>>;

    async fn chaincode_events(
        &self,
        request: Request<SignedChaincodeEventsRequest>,
    ) -> Result<Response<Self::ChaincodeEventsStream>, Status> {
        Ok(Response::new(Box::pin(self.0.chaincode_events(request.into_inner())?)))
    }
}
