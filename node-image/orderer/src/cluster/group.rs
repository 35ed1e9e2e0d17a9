//! The other consenters of one channel: who they are, and a way to each.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use entente_fabric::proto::etcdraft::Consenter;
use entente_fabric::proto::orderer::{ConsensusRequest, StepRequest, SubmitRequest, step_request};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use tracing::warn;

use super::connections::{Connections, Target};
use super::keys::{der_of_pem, public_key_of_pem};
use super::lane::Lane;
use crate::chain::{Chain, Transport};
use crate::channel::Channel;
use crate::metrics::{ByHost, Metrics};

/// One channel's view of its consenters.
pub struct Group {
    channel: Arc<Channel>,
    connections: Arc<Connections>,
    metrics: Metrics,
    /// Authorities that this node trusts whatever the channel says.
    own_authorities: Vec<Vec<u8>>,
    own_key: Vec<u8>,
    members: RwLock<BTreeMap<u64, Member>>,
    chain: Arc<OnceLock<Weak<Chain>>>,
}

struct Member {
    target: Target,
    client_key: Vec<u8>,
    consensus: Lane,
    submit: Lane,
}

impl Group {
    pub fn new(
        channel: Arc<Channel>,
        connections: Arc<Connections>,
        own_authorities: Vec<Vec<u8>>,
        own_key: Vec<u8>,
        metrics: Metrics,
    ) -> Arc<Group> {
        Arc::new(Group {
            channel,
            connections,
            metrics,
            own_authorities,
            own_key,
            members: RwLock::default(),
            chain: Arc::default(),
        })
    }

    /// Tells where to report what cannot be sent.
    pub fn reports_to(&self, chain: &Arc<Chain>) {
        self.chain.set(Arc::downgrade(chain)).ok();
    }

    /// The consenter whose client certificate has this public key.
    pub fn sender(&self, public_key: &[u8]) -> Option<u64> {
        self.members
            .read()
            .iter()
            .find(|(_, member)| member.client_key == public_key)
            .map(|(id, _)| *id)
    }

    /// A consenter was heard of: it can probably be dialled now.
    pub fn heard_of(&self, id: u64) {
        if let Some(member) = self.members.read().get(&id) {
            member.consensus.retry_now();
            member.submit.retry_now();
        }
    }

    /// Authorities of the orderer organizations.
    fn authorities(&self) -> Vec<Vec<u8>> {
        let bundle = self.channel.bundle();
        let organizations = bundle.orderer.iter().flat_map(|orderer| orderer.organizations.values());
        let msps = organizations.filter_map(|organization| bundle.msps.msp(&organization.msp_id));
        let mut authorities: Vec<Vec<u8>> = msps.flat_map(|msp| msp.tls_roots().to_vec()).collect();
        authorities.extend(self.own_authorities.iter().cloned());
        authorities.sort_unstable();
        authorities.dedup();
        authorities
    }

    fn member(&self, id: u64, consenter: &Consenter, authorities: &[Vec<u8>]) -> Option<Member> {
        let unusable = || {
            warn!(
                channel = self.channel.id,
                id, "the TLS certificates of a consenter cannot be read"
            )
        };
        let Some(client_key) = public_key_of_pem(&consenter.client_tls_cert) else {
            unusable();
            return None;
        };
        let Some(server) = der_of_pem(&consenter.server_tls_cert) else {
            unusable();
            return None;
        };
        let endpoint = format!("{}:{}", consenter.host, consenter.port);
        let target = Target {
            endpoint,
            server,
            authorities: authorities.to_vec(),
        };
        let lane = |droppable| {
            let chain = self.chain.clone();
            let lost = move || match chain.get().and_then(Weak::upgrade) {
                Some(chain) if droppable => chain.unreachable(id),
                Some(chain) => chain.forwarding_broke(),
                None => {}
            };
            Lane::open(
                self.connections.clone(),
                target.clone(),
                self.channel.id.clone(),
                droppable,
                lost,
            )
        };
        Some(Member {
            client_key,
            consensus: lane(true),
            submit: lane(false),
            target: target.clone(),
        })
    }
}

impl Transport for Group {
    fn send(&self, to: u64, request: ConsensusRequest) {
        let request = StepRequest {
            payload: Some(step_request::Payload::ConsensusRequest(request)),
        };
        let members = self.members.read();
        let Some(member) = members.get(&to) else { return };
        if !member.consensus.offer(request) {
            let labels = ByHost {
                host: member.target.endpoint.clone(),
                channel: self.channel.id.clone(),
            };
            self.metrics.msg_dropped_count.get_or_create(&labels).inc();
            if let Some(chain) = self.chain.get().and_then(Weak::upgrade) {
                chain.unreachable(to);
            }
        }
    }

    fn reaches(&self, id: u64) -> bool {
        self.members
            .read()
            .get(&id)
            .is_some_and(|member| member.consensus.is_up())
    }

    fn submit(&self, to: u64, request: SubmitRequest) -> BoxFuture<'static, Result<(), String>> {
        let request = StepRequest {
            payload: Some(step_request::Payload::SubmitRequest(request)),
        };
        match self.members.read().get(&to) {
            Some(member) => member.submit.send(request).boxed(),
            None => {
                let channel = &self.channel.id;
                let reason = format!("node {to} doesn't exist in channel {channel}'s membership");
                std::future::ready(Err(reason)).boxed()
            }
        }
    }

    fn connect(&self, consenters: BTreeMap<u64, Consenter>) {
        let authorities = self.authorities();
        let mut members = self.members.write();
        let mut next = BTreeMap::new();
        for (id, consenter) in &consenters {
            if public_key_of_pem(&consenter.server_tls_cert).as_ref() == Some(&self.own_key) {
                continue;
            }
            let Some(fresh) = self.member(*id, consenter, &authorities) else {
                continue;
            };
            // A stream in use is kept as long as it leads to the same node.
            let member = match members.remove(id) {
                Some(old) if old.target == fresh.target && old.client_key == fresh.client_key => old,
                _ => fresh,
            };
            next.insert(*id, member);
        }
        *members = next;
        let labels = crate::metrics::ByChannel {
            channel: self.channel.id.clone(),
        };
        self.metrics
            .egress_stream_count
            .get_or_create(&labels)
            .set(2 * members.len() as i64);
    }
}
