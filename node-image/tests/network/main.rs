//! A network of native node processes, under the protocol's own clients.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod crypto;
mod nodes;
mod reading;

use std::time::Duration;

use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::gateway::{self, EventsFrom};
use entente_fabric::client::lifecycle::{self, Definition};
use entente_fabric::client::participation::Participation;
use entente_fabric::client::transact::Route;
use entente_fabric::client::{CallError, Caller, Code, cscc, qscc};
use entente_fabric::config::genesis::{self, Organization as Group, Profile};
use entente_fabric::identity::SigningIdentity;
use entente_fabric::package::{self, Connection};
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::etcdraft::{ConfigMetadata, Consenter};
use entente_fabric::proto::orderer::{SeekPosition, SeekSpecified, seek_position};
use entente_fabric::proto::protos::TxValidationCode;
use futures::StreamExt as _;
use tonic::transport::Channel;

use contract::Contract;
use crypto::Organization;
use nodes::Node;

const PATIENCE: Duration = Duration::from_secs(120);

/// One orderer, two organizations with a peer each, the channel `main` and the contract `basic`.
struct Network {
    orderer: Node,
    peers: [Node; 2],
    clients: [SigningIdentity; 2],
    admins: [SigningIdentity; 2],
    /// Connections to the peers.
    to: [Channel; 2],
    to_orderer: Channel,
    organizations: [Organization; 2],
    _folder: tempfile::TempDir,
}

impl Network {
    async fn start() -> Network {
        let folder = tempfile::tempdir().unwrap();
        let ordering = Organization::new("OrdererMSP");
        let organizations = [Organization::new("BankMSP"), Organization::new("FirmMSP")];
        let mut orderer = Node::orderer(folder.path(), "orderer0", &ordering);
        let mut peers = [
            Node::peer(folder.path(), "peer0-bank", &organizations[0]),
            Node::peer(folder.path(), "peer0-firm", &organizations[1]),
        ];
        orderer.start();
        peers.iter_mut().for_each(Node::start);

        let genesis = genesis_block(&ordering, &orderer, &organizations, &peers);
        let participation = Participation::new(&orderer.admin_endpoint(), Some(ordering.tls_client()));
        participation.join(&genesis).await.unwrap();
        let admins = organizations
            .each_ref()
            .map(|organization| organization.signer("admin", "admin"));
        let clients = organizations
            .each_ref()
            .map(|organization| organization.signer("app", "client"));
        let to = [
            dial(&peers[0], &organizations[0]).await,
            dial(&peers[1], &organizations[1]).await,
        ];
        for (peer, admin) in to.iter().zip(&admins) {
            cscc::join(peer, &genesis, admin).await.unwrap();
        }
        let to_orderer = dial(&orderer, &ordering).await;
        Network {
            orderer,
            peers,
            clients,
            admins,
            to,
            to_orderer,
            organizations,
            _folder: folder,
        }
    }

    /// Installs the contract on both peers, and has both organizations agree on it.
    async fn deploy(&self, name: &str) {
        let contract = Contract::bind().await;
        let connection = Connection {
            address: contract.address().to_string(),
            ..Connection::default()
        };
        let package = package::build(name, &connection).unwrap();
        contract.serve(&package::id(name, &package));
        let definition = Definition {
            name: name.into(),
            version: "1".into(),
            sequence: 1,
            ..Definition::default()
        };
        for (index, admin) in self.admins.iter().enumerate() {
            let id = lifecycle::install(&self.to[index], &package, admin).await.unwrap();
            let route = self.route(&self.to[index..=index]);
            lifecycle::approve("main", &definition, Some(&id), route, Caller::new(admin))
                .await
                .unwrap();
        }
        // The second approval must be known to both peers before they can endorse the commit.
        for peer in &self.to {
            self.wait_for_height(peer, 3).await;
        }
        let caller = Caller::new(&self.admins[0]);
        lifecycle::commit("main", &definition, self.route(&self.to), caller)
            .await
            .unwrap();
        for peer in &self.to {
            self.wait_for_height(peer, 4).await;
        }
    }

    fn route<'a>(&'a self, endorsers: &'a [Channel]) -> Route<'a> {
        Route {
            endorsers,
            orderers: std::slice::from_ref(&self.to_orderer),
            commit_timeout: PATIENCE,
        }
    }

    async fn height(&self, peer: &Channel) -> u64 {
        let signer = if std::ptr::eq(peer, &self.to[1]) {
            &self.admins[1]
        } else {
            &self.admins[0]
        };
        qscc::chain_info(peer, "main", signer).await.unwrap().height
    }

    async fn wait_for_height(&self, peer: &Channel, height: u64) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.height(peer).await < height {
            assert!(
                tokio::time::Instant::now() < deadline,
                "the ledger did not reach height {height}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Endorses, submits and waits for the commit, all through the gateway of the first peer.
    async fn submit(&self, invocation: &Invocation) -> (String, gateway::Committed) {
        let endorsed = gateway::endorse(&self.to[0], invocation, &[], &self.clients[0])
            .await
            .unwrap();
        gateway::submit(&self.to[0], &endorsed).await.unwrap();
        let status = gateway::commit_status(&self.to[0], "main", &endorsed.transaction_id, &self.clients[0]);
        let committed = tokio::time::timeout(PATIENCE, status)
            .await
            .expect("the transaction commits")
            .unwrap();
        (endorsed.transaction_id, committed)
    }

    async fn get(&self, at: usize, key: &str) -> Vec<u8> {
        let get = call("get").arg(key);
        gateway::evaluate(&self.to[at], &get, &[], &self.clients[at])
            .await
            .unwrap()
            .payload
    }
}

fn genesis_block(
    ordering: &Organization,
    orderer: &Node,
    organizations: &[Organization; 2],
    peers: &[Node; 2],
) -> entente_fabric::proto::common::Block {
    let certificate = orderer.tls.certificate.clone().into_bytes();
    let consenter = Consenter {
        host: orderer.config.listen.ip().to_string(),
        port: orderer.config.listen.port().into(),
        client_tls_cert: certificate.clone(),
        server_tls_cert: certificate,
    };
    let group = |organization: &Organization, name: &str| Group {
        name: name.into(),
        msp: organization.definition(),
        orderer_endpoints: vec![],
        anchor_peers: vec![],
        reads_only: false,
    };
    let member = |index: usize, name: &str| {
        let listen = peers[index].config.listen;
        let anchor_peers = vec![(listen.ip().to_string(), listen.port())];
        Group {
            anchor_peers,
            ..group(&organizations[index], name)
        }
    };
    let profile = Profile {
        channel_capability: "V3_0".into(),
        orderer_capability: "V2_0".into(),
        application_capability: "V2_5".into(),
        orderer_organizations: vec![Group {
            orderer_endpoints: vec![orderer.endpoint().to_owned()],
            ..group(ordering, "Ordering")
        }],
        application_organizations: vec![member(0, "Bank"), member(1, "Firm")],
        raft: ConfigMetadata {
            consenters: vec![consenter],
            options: Some(genesis::default_raft_options()),
        },
        batch_timeout: Duration::from_millis(100),
        max_message_count: 500,
        absolute_max_bytes: 10 << 20,
        preferred_max_bytes: 2 << 20,
    };
    genesis::block("main", genesis::channel_group(&profile))
}

async fn dial(node: &Node, organization: &Organization) -> Channel {
    connect(
        node.endpoint(),
        Some(&organization.tls_client()),
        &ConnectOptions::default(),
    )
    .await
    .unwrap()
}

fn call(function: &str) -> Invocation {
    Invocation::new("main", "basic", function)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_needs_both_organizations_commits_through_one_gateway() {
    let network = Network::start().await;
    network.deploy("basic").await;
    let from = EventsFrom {
        start: Some(SeekPosition {
            r#type: Some(seek_position::Type::Specified(SeekSpecified { number: 0 })),
        }),
        ..EventsFrom::default()
    };
    let client = &network.clients[0];
    let mut events = gateway::chaincode_events(&network.to[0], "main", "basic", &from, client).unwrap();

    let (transaction, committed) = network.submit(&call("put").arg("colour").arg("green")).await;

    assert_eq!((committed.block, committed.code), (4, TxValidationCode::Valid));
    assert_eq!(network.get(0, "colour").await, b"green");
    network.wait_for_height(&network.to[1], 5).await;
    assert_eq!(network.get(1, "colour").await, b"green");
    let event = tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event")
        .unwrap()
        .unwrap();
    assert_eq!(event.block_number, 4);
    let told = event
        .events
        .iter()
        .map(|event| (event.tx_id.clone(), event.event_name.clone(), event.payload.clone()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(transaction, "put".to_owned(), b"colour".to_vec())]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_says_which_node_failed_and_why() {
    let mut network = Network::start().await;
    network.deploy("basic").await;
    let details = |error: CallError| match error {
        CallError::Refused {
            code, message, details, ..
        } => {
            let details = details
                .into_iter()
                .map(|detail| (detail.msp_id, detail.message))
                .collect::<Vec<_>>();
            (code, message, details)
        }
        other => panic!("not a refusal: {other:?}"),
    };
    let endorse = async |network: &Network, invocation: &Invocation| {
        let outcome = gateway::endorse(&network.to[0], invocation, &[], &network.clients[0]).await;
        details(outcome.unwrap_err())
    };

    let contract_failed = endorse(&network, &call("fail").arg("out of stock")).await;
    let differing = endorse(&network, &call("differ")).await;
    let evaluated = gateway::evaluate(&network.to[0], &call("fail").arg("no"), &[], &network.clients[0]).await;
    network.peers[1].kill();
    let (alone, _) = loop {
        // The first attempt may still find the connection that has just broken.
        let (code, message, _) = endorse(&network, &call("put").arg("a").arg("b")).await;
        if code == Code::Grpc(tonic::Code::FailedPrecondition) {
            break (message, code);
        }
    };

    let bank = "BankMSP".to_owned();
    let refused = vec![(bank.clone(), "chaincode response 500, out of stock".to_owned())];
    let message = "failed to endorse transaction, see attached details for more info".to_owned();
    assert_eq!(contract_failed, (Code::Grpc(tonic::Code::Aborted), message, refused));
    let mismatch = vec![("FirmMSP".to_owned(), "ProposalResponsePayloads do not match".to_owned())];
    let message = "failed to collect enough transaction endorsements, see attached details for more info".to_owned();
    assert_eq!(differing, (Code::Grpc(tonic::Code::Aborted), message, mismatch));
    let refused = vec![(bank, "chaincode response 500, no".to_owned())];
    let message = "evaluate call to endorser returned error: chaincode response 500, no".to_owned();
    assert_eq!(
        details(evaluated.unwrap_err()),
        (Code::Grpc(tonic::Code::Unknown), message, refused)
    );
    let firm = network.peers[1].endpoint();
    let message = format!(
        "failed to select a set of endorsers that satisfy the endorsement policy due to unavailability of peers: [{firm}]"
    );
    assert_eq!(alone, message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_peer_comes_back_with_its_ledger_and_catches_up() {
    let mut network = Network::start().await;
    network.deploy("basic").await;
    network.submit(&call("put").arg("one").arg("1")).await;
    network.wait_for_height(&network.to[1], 5).await;

    network.peers[1].kill();
    network.peers[1].start();
    network.to[1] = dial(&network.peers[1], &network.organizations[1]).await;
    let (_, committed) = network.submit(&call("put").arg("two").arg("2")).await;
    network.wait_for_height(&network.to[1], committed.block + 1).await;

    assert_eq!(network.get(1, "one").await, b"1");
    assert_eq!(network.get(1, "two").await, b"2");
    assert!(network.peers[0].stop().success());
    assert!(network.orderer.stop().success());
}
