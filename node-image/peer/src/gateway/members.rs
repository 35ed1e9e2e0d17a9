//! The peers of a channel: this one, and the anchor peers that the channel's configuration names.
//!
//! Stock learns about peers from gossip: who they are, and how high their ledgers. We ask each anchor peer itself, by
//! `qscc GetChainInfo` signed with this peer's identity: the answer tells the height, and its endorsement the identity.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use entente_fabric::client::connect::{ConnectOptions, connect_lazy};
use entente_fabric::config::Bundle;
use entente_fabric::crypto::Signer;
use entente_fabric::proto::gateway::ErrorDetail;
use entente_fabric::proto::protos::endorser_client::EndorserClient;
use entente_fabric::proto::protos::{ProposalResponse, SignedProposal};
use entente_fabric::tls::{TlsClient, TlsIdentity};
use futures::future::join_all;
use parking_lot::Mutex;
use tracing::{debug, info};

use super::{failure, probe};
use crate::channels::Channel;
use crate::endorser::Endorser;

/// How long what a peer said about itself is believed.
const FRESH: Duration = Duration::from_secs(5);
/// How long a peer that did not answer is left alone.
const PATIENCE: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// Fabric's limit for a message (`MaxRecvMsgSize` in `internal/pkg/comm/config.go`).
const MAX_MESSAGE: usize = 100 << 20;

/// Why a proposal has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// This peer refused it before simulation.
    Refused(String),
    /// A remote peer could not be reached, or refused it: the two cannot be told apart on the wire.
    Unreachable(String),
}

/// Something that answers proposals.
#[async_trait]
pub(super) trait Proposals: Send + Sync {
    async fn process(&self, proposal: SignedProposal) -> Result<ProposalResponse, Unanswered>;
}

#[async_trait]
impl Proposals for Endorser {
    async fn process(&self, proposal: SignedProposal) -> Result<ProposalResponse, Unanswered> {
        Endorser::process(self, proposal)
            .await
            .map_err(|status| Unanswered::Refused(status.message().to_owned()))
    }
}

#[async_trait]
impl Proposals for EndorserClient<tonic::transport::Channel> {
    async fn process(&self, proposal: SignedProposal) -> Result<ProposalResponse, Unanswered> {
        let answer = self.clone().process_proposal(proposal).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| Unanswered::Unreachable(failure::text(&status)))
    }
}

/// A peer that can be asked to endorse.
pub(super) struct Peer {
    /// `host:port`, as clients see it in error details.
    pub endpoint: String,
    pub msp_id: String,
    pub proposals: Arc<dyn Proposals>,
    /// Authorities that its TLS certificate is checked against.
    tls_roots: Vec<Vec<u8>>,
    /// What is known of it, by channel.
    views: Mutex<HashMap<String, View>>,
}

/// What a peer said about itself when it was last asked.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub alive: bool,
    pub height: u64,
    /// Marshalled `msp.SerializedIdentity`, unless the peer kept it to itself.
    pub identity: Option<Vec<u8>>,
    asked: Instant,
}

/// A peer as a request sees it.
#[derive(Clone)]
pub(super) struct Candidate {
    pub peer: Arc<Peer>,
    pub view: View,
    pub is_local: bool,
}

impl Peer {
    pub fn detail(&self, message: &str) -> ErrorDetail {
        ErrorDetail {
            address: self.endpoint.clone(),
            msp_id: self.msp_id.clone(),
            message: message.to_owned(),
        }
    }

    /// A peer that stopped answering, or whose contract did, is asked about itself before it is chosen again.
    pub fn suspect(&self, channel: &str) {
        if let Some(view) = self.views.lock().get_mut(channel) {
            view.alive = false;
            view.asked = Instant::now();
        }
    }

    fn view(&self, channel: &str) -> Option<View> {
        self.views.lock().get(channel).cloned()
    }

    async fn probe(&self, channel: &str, signer: &dyn Signer) {
        let learned = tokio::time::timeout(PROBE_TIMEOUT, probe::chain_info(&*self.proposals, channel, signer)).await;
        let view = match learned {
            Ok(Ok(info)) => View {
                alive: true,
                height: info.height,
                identity: info.identity,
                asked: Instant::now(),
            },
            Ok(Err(reason)) => self.silent(channel, &reason),
            Err(_) => self.silent(channel, "no answer in time"),
        };
        self.views.lock().insert(channel.to_owned(), view);
    }

    fn silent(&self, channel: &str, reason: &str) -> View {
        debug!(channel, endpoint = self.endpoint, reason, "a peer does not answer");
        let known = self.view(channel);
        let (height, identity) = known.map_or((0, None), |view| (view.height, view.identity));
        View {
            alive: false,
            height,
            identity,
            asked: Instant::now(),
        }
    }

    #[cfg(test)]
    pub fn unreachable(endpoint: &str, msp_id: &str) -> Peer {
        struct Nobody;
        #[async_trait]
        impl Proposals for Nobody {
            async fn process(&self, _: SignedProposal) -> Result<ProposalResponse, Unanswered> {
                Err(Unanswered::Unreachable("nobody there".to_owned()))
            }
        }
        Peer::new(endpoint, msp_id, Arc::new(Nobody), Vec::new())
    }

    pub fn new(endpoint: &str, msp_id: &str, proposals: Arc<dyn Proposals>, tls_roots: Vec<Vec<u8>>) -> Peer {
        Peer {
            endpoint: endpoint.to_owned(),
            msp_id: msp_id.to_owned(),
            proposals,
            tls_roots,
            views: Mutex::default(),
        }
    }
}

/// All peers that this gateway knows, with their connections.
pub(super) struct Members {
    local: Arc<Peer>,
    signer: Arc<dyn Signer>,
    tls: TlsIdentity,
    remote: Mutex<HashMap<String, Arc<Peer>>>,
}

impl Members {
    pub fn new(local: Arc<Peer>, signer: Arc<dyn Signer>, tls: TlsIdentity) -> Members {
        Members {
            local,
            signer,
            tls,
            remote: Mutex::default(),
        }
    }

    pub fn local_msp(&self) -> &str {
        &self.local.msp_id
    }

    /// The peers of a channel, best first: by height, and this peer before others of the same height.
    pub async fn of(self: &Arc<Self>, channel: &Channel) -> Vec<Candidate> {
        let remote = self.anchors(&channel.bundle());
        let unknown = remote.iter().filter(|peer| peer.view(&channel.id).is_none());
        self.probe(&channel.id, unknown.cloned().collect()).await;
        let stale = |peer: &&Arc<Peer>| {
            let patience = |view: &View| if view.alive { FRESH } else { PATIENCE };
            peer.view(&channel.id)
                .is_none_or(|view| view.asked.elapsed() > patience(&view))
        };
        let stale = remote.iter().filter(stale).cloned().collect::<Vec<_>>();
        if !stale.is_empty() {
            // Marked before it is asked: requests that arrive meanwhile must not ask as well.
            stale.iter().for_each(|peer| {
                peer.views
                    .lock()
                    .entry(channel.id.clone())
                    .and_modify(|view| view.asked = Instant::now());
            });
            let (members, id) = (self.clone(), channel.id.clone());
            tokio::spawn(async move { members.probe(&id, stale).await });
        }
        self.candidates(channel, &remote)
    }

    /// The same, after asking once more those that did not answer. For a request that cannot do without them.
    pub async fn of_after_retry(&self, channel: &Channel) -> Vec<Candidate> {
        let remote = self.anchors(&channel.bundle());
        let silent = remote
            .iter()
            .filter(|peer| peer.view(&channel.id).is_none_or(|view| !view.alive));
        self.probe(&channel.id, silent.cloned().collect()).await;
        self.candidates(channel, &remote)
    }

    async fn probe(&self, channel: &str, peers: Vec<Arc<Peer>>) {
        join_all(peers.iter().map(|peer| peer.probe(channel, &*self.signer))).await;
    }

    fn candidates(&self, channel: &Channel, remote: &[Arc<Peer>]) -> Vec<Candidate> {
        let identity = Some(self.signer.identity().to_vec());
        let view = View {
            alive: true,
            height: channel.ledger.height(),
            identity,
            asked: Instant::now(),
        };
        let mut candidates = vec![Candidate {
            peer: self.local.clone(),
            view,
            is_local: true,
        }];
        candidates.extend(remote.iter().filter_map(|peer| {
            Some(Candidate {
                peer: peer.clone(),
                view: peer.view(&channel.id)?,
                is_local: false,
            })
        }));
        candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.view.height), !candidate.is_local));
        candidates
    }

    /// The anchor peers that the configuration names, connected when they are first asked.
    fn anchors(&self, bundle: &Bundle) -> Vec<Arc<Peer>> {
        let organizations = bundle
            .application
            .iter()
            .flat_map(|application| application.organizations.values());
        let mut seen = HashSet::from([self.local.endpoint.clone()]);
        let mut peers = Vec::new();
        for organization in organizations {
            let roots = bundle
                .msps
                .msp(&organization.msp_id)
                .map_or(&[][..], |msp| msp.tls_roots());
            for (host, port) in &organization.anchor_peers {
                let endpoint = format!("{host}:{port}");
                if seen.insert(endpoint.clone()) {
                    peers.extend(self.connected(&endpoint, &organization.msp_id, roots));
                }
            }
        }
        peers
    }

    fn connected(&self, endpoint: &str, msp_id: &str, roots: &[Vec<u8>]) -> Option<Arc<Peer>> {
        let mut remote = self.remote.lock();
        if let Some(peer) = remote
            .get(endpoint)
            .filter(|peer| peer.msp_id == msp_id && peer.tls_roots == roots)
        {
            return Some(peer.clone());
        }
        let tls = TlsClient::trusting_der(roots.iter().map(Vec::as_slice)).with_identity(self.tls.clone());
        let connection = match connect_lazy(endpoint, Some(&tls), &ConnectOptions::default()) {
            Ok(connection) => connection,
            Err(error) => {
                info!(%error, "an anchor peer of the channel configuration cannot be used");
                return None;
            }
        };
        let client = EndorserClient::new(connection)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let peer = Arc::new(Peer::new(endpoint, msp_id, Arc::new(client), roots.to_vec()));
        remote.insert(endpoint.to_owned(), peer.clone());
        Some(peer)
    }
}

#[cfg(test)]
impl Candidate {
    pub fn fixture(endpoint: &str, msp_id: &str, height: u64, alive: bool) -> Candidate {
        let view = View {
            alive,
            height,
            identity: None,
            asked: Instant::now(),
        };
        Candidate {
            peer: Arc::new(Peer::unreachable(endpoint, msp_id)),
            view,
            is_local: false,
        }
    }
}
