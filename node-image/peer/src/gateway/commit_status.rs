//! CommitStatus: tells a transaction's fate, waiting for its block if need be (`internal/pkg/gateway/commitstatus.go`).

use entente_fabric::policy::SignedData;
use entente_fabric::proto::gateway::{CommitStatusRequest, CommitStatusResponse, SignedCommitStatusRequest};
use prost::Message as _;
use tonic::Status;

use super::Core;

impl Core {
    pub(super) async fn commit_status(
        &self,
        signed: SignedCommitStatusRequest,
    ) -> Result<CommitStatusResponse, Status> {
        if signed.request.is_empty() {
            return Err(Status::invalid_argument("a commit status request is required"));
        }
        let request = CommitStatusRequest::decode(signed.request.as_slice())
            .map_err(|error| Status::invalid_argument(format!("invalid status request: {error}")))?;
        for (missing, message) in [
            (request.identity.is_empty(), "no identity provided"),
            (request.channel_id.is_empty(), "no channel ID provided"),
            (request.transaction_id.is_empty(), "transaction ID should not be empty"),
        ] {
            if missing {
                return Err(Status::invalid_argument(message));
            }
        }
        let caller = SignedData {
            data: signed.request,
            identity: request.identity,
            signature: signed.signature,
        };
        self.acl
            .check("gateway/CommitStatus", &request.channel_id, &caller)
            .map_err(|failure| Status::permission_denied(failure.0))?;
        let channel = self
            .channels
            .get(&request.channel_id)
            .ok_or_else(|| Status::aborted(format!("channel does not exist: {}", request.channel_id)))?;
        // Registered before the ledger is asked: a block committed in between is not missed.
        let waiting = channel.commits().wait_for(&request.transaction_id);
        let aborted = |error: entente_ledger::LedgerError| Status::aborted(error.to_string());
        let fate = match channel.ledger.transaction(&request.transaction_id).map_err(aborted)? {
            Some(location) => (location.version.block, location.code),
            None => waiting
                .committed()
                .await
                .ok_or_else(|| Status::aborted("unexpected close of commit notification channel"))?,
        };
        Ok(CommitStatusResponse {
            result: fate.1 as i32,
            block_number: fate.0,
        })
    }
}
