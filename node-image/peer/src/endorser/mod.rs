//! Endorses proposals: checks who asks, simulates, signs the outcome (`core/endorser/endorser.go`).

mod dissemination;
pub mod freshness;
pub mod interest;
mod metrics;
pub mod service;
pub mod unpack;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use entente_fabric::crypto::Signer;
use entente_fabric::proto::protos::{
    ChaincodeAction, ChaincodeEvent, ChaincodeId, ChaincodeInterest, Endorsement, ProposalResponse,
    ProposalResponsePayload, Response, SignedProposal,
};
use prost::Message as _;

use crate::acl::Acl;
use crate::chaincode::Contracts;
use crate::chaincode::transaction::{Place, Transaction};
use crate::channels::Channels;
use crate::failure::Failure;
use crate::system;
use crate::transient::Transient;
pub use metrics::Metrics;
use unpack::Unpacked;

/// From here on a contract says no: the response is passed on, but not endorsed.
const ERROR_THRESHOLD: i32 = 400;
/// From here on it failed, and the payload says with which read-write set.
const ERROR: i32 = 500;

/// The endorser of one peer; used by the gRPC service and, in-process, by the gateway.
pub struct Endorser {
    channels: Arc<Channels>,
    acl: Arc<Acl>,
    contracts: Arc<Contracts>,
    transient: Arc<Transient>,
    signer: Arc<dyn Signer>,
    metrics: Metrics,
}

impl Endorser {
    pub fn new(
        channels: Arc<Channels>,
        acl: Arc<Acl>,
        contracts: Arc<Contracts>,
        transient: Arc<Transient>,
        signer: Arc<dyn Signer>,
        metrics: Metrics,
    ) -> Endorser {
        Endorser {
            channels,
            acl,
            contracts,
            transient,
            signer,
            metrics,
        }
    }

    /// Answers a proposal. `Err` is a refusal before simulation: over the wire a gRPC error, while the stock gateway
    /// sees such an error from its own peer together with a status 500 response of the same text.
    pub async fn process(&self, proposal: SignedProposal) -> Result<ProposalResponse, tonic::Status> {
        self.process_at(proposal, SystemTime::now()).await
    }

    /// Answers a proposal that came at `now`.
    pub async fn process_at(
        &self,
        proposal: SignedProposal,
        now: SystemTime,
    ) -> Result<ProposalResponse, tonic::Status> {
        let started = Instant::now();
        self.metrics.received.inc();
        // A stock peer's errors are plain Go errors: code Unknown.
        let refuse = |failure: Failure| {
            tracing::warn!(reason = %failure, "refused a proposal");
            tonic::Status::unknown(failure.0)
        };
        let invalid = |failure: Failure| {
            self.metrics.invalid.inc();
            refuse(failure)
        };
        let proposal = Arc::new(Unpacked::new(proposal).map_err(invalid)?);
        freshness::check(&proposal, now).map_err(invalid)?;
        let channel_id = proposal.channel_id();
        let place = match (channel_id.is_empty(), self.channels.get(channel_id)) {
            (true, _) => None,
            (false, Some(channel)) => Some(Place::new(channel)),
            (false, None) => return Ok(failed(format!("channel '{channel_id}' not found"))),
        };
        self.authenticate(&proposal, place.as_ref())
            .map_err(|failure| invalid(failure.within("error validating proposal")))?;
        self.admit(&proposal, place.as_ref()).map_err(refuse)?;
        let response = self.endorse(&proposal, place).await.unwrap_or_else(|failure| {
            let (channel, chaincode) = (proposal.channel_id(), &proposal.chaincode);
            tracing::warn!(channel, chaincode, reason = %failure, "a proposal failed");
            failed(failure.0)
        });
        let success = response.endorsement.is_some() || (channel_id.is_empty() && !is_failure(&response));
        // A chaincode that is not there is not named: see the metrics.
        let chaincode = if response.payload.is_empty() && !success {
            ""
        } else {
            &*proposal.chaincode
        };
        self.metrics.answered(channel_id, chaincode, success, started.elapsed());
        Ok(response)
    }

    /// Whether the request is new and allowed.
    fn admit(&self, proposal: &Unpacked, place: Option<&Place>) -> Result<(), Failure> {
        let Some(place) = place else {
            // What concerns the peer alone is not ordered; its chaincodes check access themselves.
            return Ok(());
        };
        if let Ok(Some(_)) = place.channel.ledger.transaction(proposal.tx_id()) {
            let creator = hex::encode(&proposal.signature_header.creator);
            let id = proposal.tx_id();
            self.metrics.duplicate(&place.channel.id);
            return Err(Failure(format!(
                "duplicate transaction found [{id}]. Creator [{creator}]"
            )));
        }
        if system::is_system(&proposal.chaincode) {
            return Ok(());
        }
        self.acl
            .check("peer/Propose", &place.channel.id, &proposal.signed_data())
            .inspect_err(|_| self.metrics.acl_failure(&place.channel.id))
    }

    /// Whether the request is well-formed and comes from whom it says.
    fn authenticate(&self, proposal: &Unpacked, place: Option<&Place>) -> Result<(), Failure> {
        proposal.check_headers()?;
        let channel = proposal.channel_id();
        let creator = &proposal.signature_header.creator;
        let identity = match place {
            Some(place) => place.bundle.msps.deserialize(creator),
            None => self.acl.local_identity(creator),
        };
        let identity = identity.map_err(|error| {
            tracing::warn!(channel, %error, "the creator of a proposal is unknown");
            Failure(format!(
                "access denied: channel [{channel}] creator org unknown, creator is malformed"
            ))
        })?;
        let msp_id = identity.msp_id();
        // The caller is told no more than that: what is wrong with its certificate is for the log.
        let denied = |error| {
            tracing::warn!(channel, msp_id, %error, "the creator of a proposal is not accepted");
            Failure(format!("access denied: channel [{channel}] creator org [{msp_id}]"))
        };
        identity.validate().map_err(denied)?;
        identity
            .verify(&proposal.signed.proposal_bytes, &proposal.signed.signature)
            .map_err(denied)
    }

    async fn endorse(&self, proposal: &Arc<Unpacked>, place: Option<Place>) -> Result<ProposalResponse, Failure> {
        let name = &proposal.chaincode;
        let simulator = match &place {
            Some(place) if system::is_simulated(name) => Some(place.channel.ledger.simulator(proposal.tx_id())?),
            _ => None,
        };
        let transaction = Transaction::new(proposal.clone(), place, simulator);
        let version = self.version(&transaction, name)?;
        let simulated = self.simulate(&transaction, name).await.map_err(|failure| {
            transaction.abandon();
            self.metrics.simulation_failure(&transaction.channel_id, name);
            failure.within("error in simulation")
        })?;
        let Simulated {
            response,
            event,
            results,
            interest,
        } = simulated;
        let action = ChaincodeAction {
            results,
            events: event.map(|event| event.encode_to_vec()).unwrap_or_default(),
            response: Some(response.clone()),
            chaincode_id: Some(ChaincodeId {
                name: name.clone(),
                version,
                path: String::new(),
            }),
        };
        let payload = ProposalResponsePayload {
            proposal_hash: proposal.hash.to_vec(),
            extension: action.encode_to_vec(),
        }
        .encode_to_vec();
        if response.status >= ERROR {
            return Ok(ProposalResponse {
                response: Some(response),
                payload,
                interest,
                ..Default::default()
            });
        }
        if transaction.place.is_none() || response.status >= ERROR_THRESHOLD {
            if transaction.place.is_some() {
                self.metrics.not_endorsed(&transaction.channel_id, name, true);
            }
            return Ok(ProposalResponse {
                response: Some(response),
                ..Default::default()
            });
        }
        let endorsement = self.sign(&payload).inspect_err(|_| {
            self.metrics.not_endorsed(&transaction.channel_id, name, false);
        })?;
        Ok(ProposalResponse {
            version: 1,
            response: Some(response),
            payload,
            endorsement: Some(endorsement),
            interest,
            ..Default::default()
        })
    }

    /// The version that goes into the payload, and whether the chaincode can be endorsed at all.
    fn version(&self, transaction: &Transaction, name: &str) -> Result<String, Failure> {
        if system::is_system(name) {
            return Ok(system::VERSION.to_owned());
        }
        let channel = &transaction.channel_id;
        let callable = match &transaction.place {
            Some(_) => self.contracts.system().lifecycle.callable(transaction, name),
            None => Err(Failure(format!("could not get channel config for channel '{channel}'"))),
        };
        let callable = callable.map_err(|failure| {
            failure.within(format_args!(
                "make sure the chaincode {name} has been successfully defined on channel {channel} and try again"
            ))
        })?;
        match callable.endorsement_plugin.as_str() {
            "escc" => Ok(callable.version),
            other => Err(Failure(format!(
                "endorsing with plugin failed: plugin with name {other} wasn't found"
            ))),
        }
    }

    async fn simulate(&self, transaction: &Transaction, name: &str) -> Result<Simulated, Failure> {
        let (response, event) = self.contracts.execute(transaction, name).await?;
        let event = event.filter(|_| response.status < ERROR_THRESHOLD);
        let (Some(outcome), Some(place)) = (transaction.finish()?, &transaction.place) else {
            return Ok(Simulated {
                response,
                event,
                results: Vec::new(),
                interest: None,
            });
        };
        let ledger = &place.channel.ledger;
        if let Some(private) = &outcome.private {
            dissemination::possible(ledger, private).map_err(|failure| {
                failure.within(format!(
                    "failed to distribute private collection, txID {}, channel {}",
                    transaction.id, place.channel.id
                ))
            })?;
            // Before anybody can order the transaction: at its commit this is the only place that has the plaintext.
            self.transient
                .keep(&place.channel.id, &transaction.id, ledger.height(), private)?;
        }
        let interest = interest::of(ledger, &outcome.namespaces)?;
        Ok(Simulated {
            response,
            event,
            results: outcome.public,
            interest: Some(interest),
        })
    }

    /// Signs a payload as the default endorsement plugin does: over the payload and our identity.
    fn sign(&self, payload: &[u8]) -> Result<Endorsement, Failure> {
        let endorser = self.signer.identity().to_vec();
        let signature = self.signer.sign(&[payload, &endorser].concat()).map_err(|error| {
            Failure(format!(
                "endorsing with plugin failed: could not sign the proposal response payload: {error}"
            ))
        })?;
        Ok(Endorsement { endorser, signature })
    }
}

/// What a simulation gave.
struct Simulated {
    response: Response,
    event: Option<ChaincodeEvent>,
    results: Vec<u8>,
    interest: Option<ChaincodeInterest>,
}

fn is_failure(response: &ProposalResponse) -> bool {
    response
        .response
        .as_ref()
        .is_none_or(|response| response.status >= ERROR_THRESHOLD)
}

fn failed(message: String) -> ProposalResponse {
    ProposalResponse {
        response: Some(system::error(message)),
        ..Default::default()
    }
}
