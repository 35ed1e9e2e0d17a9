//! Evaluate: runs a proposal on one peer and returns what the contract says (`internal/pkg/gateway/evaluate.go`).

use entente_fabric::proto::gateway::EvaluateRequest;
use entente_fabric::proto::protos::Response;
use tonic::Status;

use super::Core;
use super::failure::unknown_channel;
use super::failure::with_details;
use super::members::Candidate;
use super::plan::Plan;
use super::request::{self, Request};

impl Core {
    pub(super) async fn evaluate(&self, evaluate: EvaluateRequest) -> Result<Response, Status> {
        let request = Request::of_evaluate(evaluate.proposed_transaction)?;
        if self.channels.get(&request.channel_id).is_none() {
            let channel = &request.channel_id;
            return Err(Status::unavailable(unknown_channel(channel)));
        }
        let mut plan = self.evaluators(&request, evaluate.target_organizations).await?;
        let mut details = Vec::new();
        let mut next = plan.endorsers().and_then(|asked| asked.into_iter().next());
        let mut code = tonic::Code::Unavailable;
        while let Some((group, peer)) = next {
            let failed = match self.ask(&peer, &request).await {
                Ok(response) => {
                    let result = request::result(&response);
                    let mut answer = response.response.unwrap_or_default();
                    answer.payload = result.unwrap_or(answer.payload);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            details.push(peer.detail(&failed.message));
            if !failed.retry {
                let message = format!("evaluate call to endorser returned error: {}", failed.message);
                return Err(with_details(failed.code, &message, details));
            }
            code = failed.code;
            next = plan.take(group).map(|peer| (group, peer));
        }
        Err(with_details(
            code,
            "failed to evaluate transaction, see attached details for more info",
            details,
        ))
    }

    /// Peers of this organization first, then all others; transient data does not leave this organization unless the
    /// client names others.
    async fn evaluators(&self, request: &Request, targets: Vec<String>) -> Result<Plan, Status> {
        let protect = request.has_transient && targets.is_empty();
        let own = self.members.local_msp();
        let allowed = |candidate: &Candidate| match (protect, targets.is_empty()) {
            (true, _) => candidate.peer.msp_id == own,
            (false, true) => true,
            (false, false) => targets.contains(&candidate.peer.msp_id),
        };
        let usable = |candidates: Vec<Candidate>| {
            let mut usable = candidates;
            usable.retain(|candidate| candidate.view.alive && allowed(candidate));
            // Stable: the order by height stays within each class.
            usable.sort_by_key(|candidate| candidate.peer.msp_id != own);
            usable.into_iter().map(|candidate| candidate.peer).collect::<Vec<_>>()
        };
        let mut peers = usable(self.candidates(request).await);
        if peers.is_empty() {
            peers = usable(self.candidates_after_retry(request).await);
        }
        if !peers.is_empty() {
            return Ok(Plan::any_of(peers));
        }
        let nobody = format!(
            "no peers available to evaluate chaincode {} in channel {}",
            request.chaincode, request.channel_id
        );
        Err(Status::failed_precondition(match protect {
            true => format!(
                "no endorsers found in the gateway's organization; retry specifying target organization(s) to protect transient data: {nobody}"
            ),
            false => nobody,
        }))
    }
}
