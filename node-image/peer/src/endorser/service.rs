//! The gRPC service in front of the endorser.

use std::sync::Arc;

use entente_fabric::proto::protos::endorser_server;
use entente_fabric::proto::protos::{ProposalResponse, SignedProposal};
use tonic::{Request, Response, Status};

use super::Endorser;

/// `protos.Endorser`.
pub struct EndorserService(pub Arc<Endorser>);

#[tonic::async_trait]
impl endorser_server::Endorser for EndorserService {
    async fn process_proposal(&self, request: Request<SignedProposal>) -> Result<Response<ProposalResponse>, Status> {
        self.0.process(request.into_inner()).await.map(Response::new)
    }
}
