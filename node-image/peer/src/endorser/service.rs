//! The gRPC service in front of the endorser, with its limit of requests in flight
//! (`internal/peer/node/grpc_limiters.go`).

use std::sync::Arc;

use entente_fabric::proto::protos::endorser_server;
use entente_fabric::proto::protos::{ProposalResponse, SignedProposal};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use super::Endorser;

/// `protos.Endorser`.
pub struct EndorserService {
    endorser: Arc<Endorser>,
    in_flight: Semaphore,
    limit: usize,
}

impl EndorserService {
    /// Serves `endorser`, `limit` requests at a time.
    pub fn new(endorser: Arc<Endorser>, limit: usize) -> EndorserService {
        EndorserService {
            endorser,
            in_flight: Semaphore::new(limit),
            limit,
        }
    }
}

#[tonic::async_trait]
impl endorser_server::Endorser for EndorserService {
    async fn process_proposal(&self, request: Request<SignedProposal>) -> Result<Response<ProposalResponse>, Status> {
        let Ok(_permit) = self.in_flight.try_acquire() else {
            let limit = self.limit;
            return Err(Status::unknown(format!(
                "too many requests for /protos.Endorser, exceeding concurrency limit ({limit})"
            )));
        };
        self.endorser.process(request.into_inner()).await.map(Response::new)
    }
}
