//! Endorses proposals: checks who asks, simulates, signs the outcome (`core/endorser/endorser.go`).

use entente_fabric::proto::protos::{ProposalResponse, SignedProposal};

/// The endorser of one peer; used by the gRPC service and, in-process, by the gateway.
pub struct Endorser {}

impl Endorser {
    /// Answers a proposal. `Err` is a refusal before simulation: over the wire a gRPC error, while the stock gateway
    /// sees such an error from its own peer together with a status 500 response of the same text.
    pub async fn process(&self, _proposal: SignedProposal) -> Result<ProposalResponse, tonic::Status> {
        unimplemented!()
    }
}
