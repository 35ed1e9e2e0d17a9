//! Endorse: collects enough equal endorsements of a proposal (`internal/pkg/gateway/endorse.go`).

use std::collections::HashMap;
use std::sync::Arc;

use entente_fabric::proto::common::Envelope;
use entente_fabric::proto::gateway::EndorseRequest;
use entente_fabric::proto::protos::{ChaincodeCall, ChaincodeInterest, ProposalResponse};
use futures::future::join_all;
use parking_lot::Mutex;
use tonic::{Code, Status};
use tracing::{debug, warn};

use super::failure::with_details;
use super::layouts::{self, NoPlan};
use super::members::{Candidate, Peer};
use super::outcome::{self, Failed};
use super::plan::{Plan, Quantities};
use super::policies::Rules;
use super::request::Request;
use super::{Core, members::Unanswered};
use crate::channels::Channel;

impl Core {
    pub(super) async fn endorse(&self, request: EndorseRequest) -> Result<Envelope, Status> {
        let organizations = request.endorsing_organizations;
        let request = Request::of_endorse(request.proposed_transaction)?;
        let plan = if organizations.is_empty() {
            self.plan_from_first(&request).await?
        } else {
            self.plan_for(&request, &organizations)
                .await
                .map_err(Status::unavailable)?
        };
        let endorsed = self.collect(plan, &request).await?;
        Ok(request.transaction(endorsed))
    }

    /// One peer of each of the organizations, which the client takes responsibility for.
    async fn plan_for(&self, request: &Request, organizations: &[String]) -> Result<Plan, String> {
        let mut candidates = self.candidates(request).await;
        let missing = |candidates: &[Candidate]| {
            let alive = |msp_id: &&String| {
                !candidates
                    .iter()
                    .any(|candidate| candidate.view.alive && candidate.peer.msp_id == **msp_id)
            };
            organizations.iter().filter(alive).cloned().collect::<Vec<_>>()
        };
        if !missing(&candidates).is_empty() {
            candidates = self.candidates_after_retry(request).await;
        }
        let missing = missing(&candidates);
        if !missing.is_empty() {
            return Err(format!(
                "failed to find any endorsing peers for org(s): {}",
                missing.join(", ")
            ));
        }
        let peers = |msp_id: &String| {
            let of = candidates
                .iter()
                .filter(|candidate| candidate.view.alive && candidate.peer.msp_id == *msp_id);
            of.map(|candidate| candidate.peer.clone()).collect::<Vec<_>>()
        };
        let mut unique = organizations.to_vec();
        unique.sort();
        unique.dedup();
        let groups: HashMap<_, _> = unique.iter().map(peers).enumerate().collect();
        let layout = groups.keys().map(|group| (*group, 1)).collect::<Quantities>();
        Ok(Plan::new(vec![layout], groups))
    }

    /// Lets one peer endorse, preferably of this organization, and plans the rest by what its simulation touched.
    async fn plan_from_first(&self, request: &Request) -> Result<Plan, Status> {
        let by_name = interest(vec![ChaincodeCall {
            name: request.chaincode.clone(),
            ..Default::default()
        }]);
        let own = [self.members.local_msp().to_owned()];
        let mut plan = match self.plan_for(request, &own).await {
            Ok(plan) => plan,
            Err(_) if request.has_transient => {
                return Err(Status::failed_precondition(
                    "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to protect transient data",
                ));
            }
            Err(_) => self.plan_by(request, &by_name, None).await.map_err(precondition)?,
        };
        let (first, response) = self.first_endorsement(&mut plan, request).await?;
        let touched = response
            .interest
            .clone()
            .filter(|interest| !interest.chaincodes.is_empty())
            .unwrap_or(by_name);
        let mut plan = self.plan_protecting(request, touched, &first).await?;
        plan.endorsed(&first, without_result(response));
        Ok(plan)
    }

    async fn first_endorsement(
        &self,
        plan: &mut Plan,
        request: &Request,
    ) -> Result<(Arc<Peer>, ProposalResponse), Status> {
        let mut details = Vec::new();
        let mut next = plan.endorsers().and_then(|asked| asked.into_iter().next());
        while let Some((group, peer)) = next {
            match self.ask(&peer, request).await {
                Ok(response) => return Ok((peer, response)),
                Err(failed) => details.push(peer.detail(&failed.message)),
            }
            next = plan.take(group).map(|peer| (group, peer));
        }
        Err(with_details(
            Code::Aborted,
            "failed to endorse transaction, see attached details for more info",
            details,
        ))
    }

    /// With transient data, only peers that may see the collections it may end up in are asked, as if those had been
    /// read.
    async fn plan_protecting(
        &self,
        request: &Request,
        touched: ChaincodeInterest,
        first: &Arc<Peer>,
    ) -> Result<Plan, Status> {
        let mut cautious = touched.clone();
        let mut protected = Vec::new();
        if request.has_transient {
            for call in cautious.chaincodes.iter_mut().filter(|call| call.no_private_reads) {
                call.no_private_reads = false;
                protected.extend(call.collection_names.iter().cloned());
            }
        }
        let refused = match self.plan_by(request, &cautious, Some(first)).await {
            Ok(plan) => return Ok(plan),
            Err(refused) => refused,
        };
        if !protected.is_empty() && self.plan_by(request, &touched, Some(first)).await.is_ok() {
            return Err(Status::failed_precondition(format!(
                "requires endorsement from organisation(s) that are not in the distribution policy of the private data collection(s): [{}]; retry specifying trusted endorsing organizations to protect transient data",
                protected.join(" ")
            )));
        }
        Err(precondition(refused))
    }

    async fn plan_by(
        &self,
        request: &Request,
        interest: &ChaincodeInterest,
        first: Option<&Arc<Peer>>,
    ) -> Result<Plan, NoPlan> {
        let unknown = || NoPlan::Unsatisfiable(format!("channel {} is unknown", request.channel_id));
        let channel = self.channels.get(&request.channel_id).ok_or_else(unknown)?;
        match lay_out(&channel, interest, self.candidates(request).await, first) {
            Err(NoPlan::Unavailable(_)) => {
                lay_out(&channel, interest, self.candidates_after_retry(request).await, first)
            }
            decided => decided,
        }
    }

    async fn collect(&self, plan: Plan, request: &Request) -> Result<super::plan::Endorsed, Status> {
        let plan = Mutex::new(plan);
        while !plan.lock().is_complete() {
            let Some(endorsers) = plan.lock().endorsers() else {
                break;
            };
            let plan = &plan;
            let asked = endorsers.into_iter().map(|(group, peer)| async move {
                let mut next = Some(peer);
                while let Some(peer) = next {
                    if self.endorsed_by(plan, &peer, request).await {
                        return None;
                    }
                    next = plan.lock().take(group);
                }
                Some(group)
            });
            let exhausted = join_all(asked).await.into_iter().flatten().collect::<Vec<_>>();
            plan.lock().abandon(&exhausted);
        }
        plan.into_inner().finish().map_err(|details| {
            with_details(
                Code::Aborted,
                "failed to collect enough transaction endorsements, see attached details for more info",
                details,
            )
        })
    }

    async fn endorsed_by(&self, plan: &Mutex<Plan>, peer: &Arc<Peer>, request: &Request) -> bool {
        match self.ask(peer, request).await {
            Ok(response) => {
                let counted = plan.lock().endorsed(peer, without_result(response));
                if !counted {
                    warn!(
                        channel = request.channel_id,
                        chaincode = request.chaincode,
                        endpoint = peer.endpoint,
                        "its proposal response differs from that of the first endorser: the contract is not deterministic, or the peers' states differ"
                    );
                }
                counted
            }
            Err(failed) => {
                plan.lock().details.push(peer.detail(&failed.message));
                false
            }
        }
    }

    /// Asks one peer, for as long as an endorsement may take.
    pub(super) async fn ask(&self, peer: &Arc<Peer>, request: &Request) -> Result<ProposalResponse, Failed> {
        let answer = tokio::time::timeout(self.endorsement_timeout, peer.proposals.process(request.signed.clone()));
        let answer = answer.await.unwrap_or_else(|_| {
            let text = "rpc error: code = DeadlineExceeded desc = context deadline exceeded";
            Err(Unanswered::Unreachable(text.to_owned()))
        });
        outcome::of(answer).inspect_err(|failed| {
            debug!(
                channel = request.channel_id,
                endpoint = peer.endpoint,
                reason = failed.message,
                "not endorsed"
            );
            if failed.suspect {
                peer.suspect(&request.channel_id);
            }
        })
    }

    /// The channel's peers that can be expected to run the chaincode, best first.
    pub(super) async fn candidates(&self, request: &Request) -> Vec<Candidate> {
        match self.channels.get(&request.channel_id) {
            Some(channel) => self.runnable(&channel, request, self.members.of(&channel).await),
            None => Vec::new(),
        }
    }

    pub(super) async fn candidates_after_retry(&self, request: &Request) -> Vec<Candidate> {
        match self.channels.get(&request.channel_id) {
            Some(channel) => self.runnable(&channel, request, self.members.of_after_retry(&channel).await),
            None => Vec::new(),
        }
    }

    /// Whether another peer has the contract shows when it is asked; of this peer it is known.
    fn runnable(&self, channel: &Channel, request: &Request, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        if !(self.runs)(channel, &request.chaincode) {
            candidates.retain(|candidate| !candidate.is_local);
        }
        candidates
    }
}

fn lay_out(
    channel: &Channel,
    interest: &ChaincodeInterest,
    candidates: Vec<Candidate>,
    first: Option<&Arc<Peer>>,
) -> Result<Plan, NoPlan> {
    let bundle = channel.bundle();
    let rules = Rules {
        bundle: &bundle,
        definition: &|chaincode| super::definition::read(channel, chaincode),
    };
    let combinations = rules.combinations(interest)?;
    let candidates = rules.eligible(interest, candidates)?;
    layouts::plan(
        &combinations,
        &candidates,
        |candidate, principal| layouts::satisfies(&bundle, candidate, principal),
        first,
    )
}

fn interest(chaincodes: Vec<ChaincodeCall>) -> ChaincodeInterest {
    ChaincodeInterest { chaincodes }
}

fn precondition(refused: NoPlan) -> Status {
    Status::failed_precondition(refused.to_string())
}

/// The result stands in the signed payload as well; one copy is enough while others endorse.
fn without_result(mut response: ProposalResponse) -> ProposalResponse {
    if let Some(result) = &mut response.response {
        result.payload = Vec::new();
    }
    response
}
