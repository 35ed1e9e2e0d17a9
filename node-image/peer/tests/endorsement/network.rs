//! A channel of two organizations with one peer each, without an orderer: the tests put transactions into blocks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entente_fabric::block;
use entente_fabric::config::{Bundle, genesis};
use entente_fabric::crypto::{Signer, sha256};
use entente_fabric::identity::{Msp, MspVersion, SigningIdentity};
use entente_fabric::proposal::{self, Invocation, Proposed};
use entente_fabric::proto::common::{Block, BlockData, BlockHeader, BlockMetadataIndex};
use entente_fabric::proto::common::{LastConfig, OrdererBlockMetadata};
use entente_fabric::proto::etcdraft;
use entente_fabric::proto::protos::{ProposalResponse, TxValidationCode};
use entente_fabric::transaction;
use entente_ledger::Ledger;
use entente_peer::acl::Acl;
use entente_peer::chaincode::packages::Packages;
use entente_peer::chaincode::{Contracts, Limits};
use entente_peer::channels::{Channel, Channels};
use entente_peer::endorser::Endorser;
use entente_peer::lifecycle::Lifecycle;
use entente_peer::system::SystemChaincodes;
use entente_peer::transient::Transient;
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

pub const CHANNEL: &str = "main";

/// An organization that can issue identities.
pub struct Organization {
    pub msp_id: String,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Organization {
    pub fn new(msp_id: &str) -> Organization {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("ca.{msp_id}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Organization {
            msp_id: msp_id.to_owned(),
            authority,
        }
    }

    /// Issues an identity with the node OU `role`: client, peer or admin.
    pub fn identity(&self, role: &str) -> Arc<SigningIdentity> {
        self.identity_with(role, |_| {})
    }

    pub fn identity_with(&self, role: &str, change: impl FnOnce(&mut CertificateParams)) -> Arc<SigningIdentity> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("{role}.{}", self.msp_id));
        params.distinguished_name.push(DnType::OrganizationalUnitName, role);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        Arc::new(SigningIdentity::new(&self.msp_id, certificate.as_bytes(), key.as_bytes()).unwrap())
    }

    fn definition(&self) -> genesis::Organization {
        let root = self.authority.pem().into_bytes();
        genesis::Organization {
            name: self.msp_id.clone(),
            msp: genesis::membership(&self.msp_id, &root, &root),
            orderer_endpoints: vec!["127.0.0.1:7050".to_owned()],
            anchor_peers: Vec::new(),
            reads_only: false,
        }
    }
}

/// The organizations of the channel, and its genesis block.
pub struct Network {
    pub first: Organization,
    pub second: Organization,
    pub genesis: Block,
}

impl Network {
    pub fn new() -> Network {
        let [first, second] = ["FirstMSP", "SecondMSP"].map(Organization::new);
        let orderers = Organization::new("OrdererMSP");
        let certificate = orderers.authority.pem().into_bytes();
        let consenter = etcdraft::Consenter {
            host: "127.0.0.1".to_owned(),
            port: 7050,
            client_tls_cert: certificate.clone(),
            server_tls_cert: certificate,
        };
        let profile = genesis::Profile {
            channel_capability: "V3_0".to_owned(),
            orderer_capability: "V2_0".to_owned(),
            application_capability: "V2_5".to_owned(),
            orderer_organizations: vec![orderers.definition()],
            application_organizations: vec![first.definition(), second.definition()],
            raft: etcdraft::ConfigMetadata {
                consenters: vec![consenter],
                options: Some(genesis::default_raft_options()),
            },
            batch_timeout: Duration::from_millis(250),
            max_message_count: 500,
            absolute_max_bytes: 10 << 20,
            preferred_max_bytes: 2 << 20,
        };
        let genesis = genesis::block(CHANNEL, genesis::channel_group(&profile));
        Network { first, second, genesis }
    }
}

/// One peer: everything that endorses, and its ledger of the channel.
pub struct Peer {
    pub endorser: Endorser,
    pub ledger: Ledger,
    pub transient: Arc<Transient>,
    pub admin: Arc<SigningIdentity>,
    pub client: Arc<SigningIdentity>,
}

impl Peer {
    pub fn new(network: &Network, organization: &Organization, dir: &Path) -> Peer {
        Peer::with_limits(network, organization, dir, Limits::default())
    }

    pub fn with_limits(network: &Network, organization: &Organization, dir: &Path, limits: Limits) -> Peer {
        let ledger = Ledger::open(&dir.join("ledger"), CHANNEL).unwrap();
        if ledger.height() == 0 {
            ledger
                .commit(network.genesis.clone(), vec![TxValidationCode::Valid])
                .unwrap();
        }
        let bundle = Arc::new(Bundle::from_block(&network.genesis).unwrap());
        let channels = Arc::new(Channels::default());
        channels.insert(Arc::new(Channel::new(CHANNEL, bundle, ledger.clone())));
        let msp = Msp::from_definition(&organization.definition().msp, MspVersion::V3_0).unwrap();
        let acl = Arc::new(Acl::new(msp, channels.clone()));
        let packages = Arc::new(Packages::open(&dir.join("packages"), Default::default()).unwrap());
        let lifecycle = Arc::new(Lifecycle::new(packages.clone(), channels.clone(), acl.clone()));
        let system = SystemChaincodes::new(lifecycle, channels.clone(), acl.clone());
        let contracts = Contracts::new(
            channels.clone(),
            acl.clone(),
            packages,
            system,
            limits,
            Default::default(),
        );
        let transient = Arc::new(Transient::open(&dir.join("transient")).unwrap());
        let signer: Arc<dyn Signer> = organization.identity("peer");
        Peer {
            endorser: Endorser::new(channels, acl, contracts, transient.clone(), signer, Default::default()),
            ledger,
            transient,
            admin: organization.identity("admin"),
            client: organization.identity("client"),
        }
    }

    /// Endorses a call by this organization's admin.
    pub async fn ask(&self, invocation: &Invocation) -> (Proposed, ProposalResponse) {
        self.ask_as(&self.admin, invocation).await
    }

    pub async fn ask_as(&self, signer: &SigningIdentity, invocation: &Invocation) -> (Proposed, ProposalResponse) {
        let proposed = proposal::create(invocation, signer).unwrap();
        let response = self.endorser.process(proposed.signed.clone()).await.unwrap();
        (proposed, response)
    }

    /// Commits the transactions as the next block, all valid as far as policies go.
    pub fn commit(&self, envelopes: &[Vec<u8>]) {
        let tip = self.ledger.blocks().tip().unwrap();
        let data: Vec<_> = envelopes.iter().map(|envelope| envelope.clone().into()).collect();
        let mut next = Block {
            header: Some(BlockHeader {
                number: tip.number + 1,
                previous_hash: block::header_hash(&tip).to_vec(),
                data_hash: sha256(&envelopes.concat()).to_vec(),
            }),
            data: Some(BlockData { data }),
            metadata: Some(block::empty_metadata()),
        };
        let last_config = OrdererBlockMetadata {
            last_config: Some(LastConfig { index: 0 }),
            ..Default::default()
        };
        let signatures = entente_fabric::proto::common::Metadata {
            value: last_config.encode_to_vec(),
            signatures: vec![],
        };
        block::set_metadata(&mut next, BlockMetadataIndex::Signatures, signatures.encode_to_vec());
        let private = self.transient.of_block(CHANNEL, &next);
        let codes = vec![TxValidationCode::Valid; envelopes.len()];
        let committed = self.ledger.commit_with(next, codes.clone(), private).unwrap();
        assert_eq!(committed.codes, codes, "a transaction of the test was invalid");
        self.transient.forget_block(CHANNEL, &committed.block);
    }
}

/// A transaction of what one peer endorsed.
pub fn envelope(signer: &SigningIdentity, proposed: &Proposed, response: ProposalResponse) -> Vec<u8> {
    transaction::signed(&proposed.proposal, &[response], signer)
        .unwrap()
        .encode_to_vec()
}

/// Status and message of an answer.
pub fn outcome(response: &ProposalResponse) -> (i32, &str) {
    let response = response.response.as_ref().unwrap();
    (response.status, &response.message)
}
