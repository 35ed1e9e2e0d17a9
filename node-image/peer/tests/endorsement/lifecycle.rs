//! Packages, approvals and commits, from two organizations' points of view.

use std::collections::BTreeMap;

use entente_fabric::package::{self, Connection};
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::lifecycle::{
    ApproveChaincodeDefinitionForMyOrgArgs, ChaincodeSource, CheckCommitReadinessArgs, CheckCommitReadinessResult,
    CommitChaincodeDefinitionArgs, InstallChaincodeArgs, InstallChaincodeResult,
    QueryApprovedChaincodeDefinitionArgs, QueryApprovedChaincodeDefinitionResult, QueryChaincodeDefinitionArgs,
    QueryChaincodeDefinitionResult, QueryInstalledChaincodesArgs, QueryInstalledChaincodesResult, chaincode_source,
};
use entente_fabric::proto::protos::{
    ChaincodeAction, CollectionConfigPackage, ProposalResponse, ProposalResponsePayload,
};
use prost::Message;

use crate::network::{CHANNEL, Network, Peer, envelope, outcome};

/// What a test contract's definition says.
#[derive(Clone, Default)]
pub struct Terms {
    pub name: String,
    pub version: String,
    pub sequence: i64,
    pub init_required: bool,
    pub collections: Option<CollectionConfigPackage>,
    pub policy: Vec<u8>,
}

impl Terms {
    pub fn new(name: &str) -> Terms {
        Terms {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            sequence: 1,
            ..Terms::default()
        }
    }

    fn approval(&self, package_id: &str) -> ApproveChaincodeDefinitionForMyOrgArgs {
        let local = chaincode_source::Local {
            package_id: package_id.to_owned(),
        };
        ApproveChaincodeDefinitionForMyOrgArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            init_required: self.init_required,
            collections: self.collections.clone(),
            validation_parameter: self.policy.clone(),
            source: Some(ChaincodeSource {
                r#type: Some(chaincode_source::Type::LocalPackage(local)),
            }),
            ..Default::default()
        }
    }

    fn commit(&self) -> CommitChaincodeDefinitionArgs {
        CommitChaincodeDefinitionArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            init_required: self.init_required,
            collections: self.collections.clone(),
            validation_parameter: self.policy.clone(),
            ..Default::default()
        }
    }

    fn readiness(&self) -> CheckCommitReadinessArgs {
        CheckCommitReadinessArgs {
            sequence: self.sequence,
            name: self.name.clone(),
            version: self.version.clone(),
            init_required: self.init_required,
            collections: self.collections.clone(),
            validation_parameter: self.policy.clone(),
            ..Default::default()
        }
    }
}

pub fn call(function: &str, args: &impl Message) -> Invocation {
    Invocation::new(CHANNEL, "_lifecycle", function).arg(args.encode_to_vec())
}

fn result<M: Message + Default>(response: &ProposalResponse) -> M {
    assert_eq!(outcome(response), (200, ""));
    M::decode(&response.response.as_ref().unwrap().payload[..]).unwrap()
}

/// Installs a package for a contract that listens at `address`.
pub async fn install(peer: &Peer, label: &str, address: &str) -> String {
    let connection = Connection {
        address: address.to_owned(),
        // A busy machine takes its time to start a contract.
        dial_timeout: "60s".to_owned(),
        ..Connection::default()
    };
    let package = package::build(label, &connection).unwrap();
    let args = InstallChaincodeArgs {
        chaincode_install_package: package,
    };
    let (_, response) = peer.ask(&call("InstallChaincode", &args)).await;
    result::<InstallChaincodeResult>(&response).package_id
}

/// Approves on behalf of the peer's organization; the transaction.
pub async fn approve(peer: &Peer, terms: &Terms, package_id: &str) -> Vec<u8> {
    let (proposed, response) = peer
        .ask(&call("ApproveChaincodeDefinitionForMyOrg", &terms.approval(package_id)))
        .await;
    assert_eq!(outcome(&response), (200, ""));
    envelope(&peer.admin, &proposed, response)
}

/// Endorses the commit of a definition; the transaction.
pub async fn commit(peer: &Peer, terms: &Terms) -> Vec<u8> {
    let (proposed, response) = peer.ask(&call("CommitChaincodeDefinition", &terms.commit())).await;
    assert_eq!(outcome(&response), (200, ""));
    envelope(&peer.admin, &proposed, response)
}

/// Has a peer's organization alone approve and commit a definition.
pub async fn deploy(peer: &Peer, terms: &Terms, package_id: &str) {
    let approval = approve(peer, terms, package_id).await;
    peer.commit(&[approval]);
    let definition = commit(peer, terms).await;
    peer.commit(&[definition]);
}

#[tokio::test]
async fn a_definition_is_committed_once_the_organizations_have_approved_it() {
    let network = Network::new();
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = Peer::new(&network, &network.first, dirs[0].path());
    let second = Peer::new(&network, &network.second, dirs[1].path());
    let terms = Terms::new("payments");
    let package = install(&first, "payments_1", "127.0.0.1:9999").await;

    let (_, early) = first.ask(&call("CommitChaincodeDefinition", &terms.commit())).await;
    let approvals = [
        approve(&first, &terms, &package).await,
        approve(&second, &terms, "").await,
    ];
    first.commit(&approvals[..1]);
    second.commit(&approvals[..1]);
    let (_, readiness) = second
        .ask_as(&second.client, &call("CheckCommitReadiness", &terms.readiness()))
        .await;
    let readiness: CheckCommitReadinessResult = result(&readiness);
    first.commit(&approvals[1..]);
    second.commit(&approvals[1..]);
    let definition = commit(&second, &terms).await;
    first.commit(std::slice::from_ref(&definition));
    second.commit(&[definition]);

    assert_eq!(
        outcome(&early),
        (
            500,
            "failed to invoke backing implementation of 'CommitChaincodeDefinition': chaincode definition not agreed to by this org (FirstMSP)"
        )
    );
    let orgs = |first, second| BTreeMap::from([("FirstMSP".to_owned(), first), ("SecondMSP".to_owned(), second)]);
    assert_eq!(readiness.approvals, orgs(true, false));
    assert_eq!(readiness.mismatches["SecondMSP"].items, ["ChaincodeParameters"]);
    for peer in [&first, &second] {
        let args = QueryChaincodeDefinitionArgs {
            name: "payments".to_owned(),
        };
        let (_, found) = peer
            .ask_as(&peer.client, &call("QueryChaincodeDefinition", &args))
            .await;
        let found: QueryChaincodeDefinitionResult = result(&found);
        assert_eq!((found.sequence, found.version.as_str()), (1, "1.0"));
        assert_eq!(
            (found.endorsement_plugin.as_str(), found.validation_plugin.as_str()),
            ("escc", "vscc")
        );
        assert_eq!(found.approvals, orgs(true, true));
    }
    let (_, installed) = first
        .ask(&call("QueryInstalledChaincodes", &QueryInstalledChaincodesArgs {}))
        .await;
    let installed: QueryInstalledChaincodesResult = result(&installed);
    let used = &installed.installed_chaincodes[0].references[CHANNEL].chaincodes;
    assert_eq!(
        used.iter()
            .map(|used| (&*used.name, &*used.version))
            .collect::<Vec<_>>(),
        [("payments", "1.0")]
    );
}

#[tokio::test]
async fn an_organization_can_read_what_it_approved_and_change_its_package() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let terms = Terms::new("payments");
    deploy(&peer, &terms, "payments_1:00").await;
    let args = QueryApprovedChaincodeDefinitionArgs {
        name: "payments".to_owned(),
        sequence: 0,
    };

    let (_, repeated) = peer
        .ask(&call(
            "ApproveChaincodeDefinitionForMyOrg",
            &terms.approval("payments_1:00"),
        ))
        .await;
    let other = Terms {
        version: "2.0".to_owned(),
        ..terms.clone()
    };
    let (_, changed) = peer
        .ask(&call(
            "ApproveChaincodeDefinitionForMyOrg",
            &other.approval("payments_1:00"),
        ))
        .await;
    let again = approve(&peer, &terms, "payments_2:00").await;
    peer.commit(&[again]);
    let (_, approved) = peer.ask(&call("QueryApprovedChaincodeDefinition", &args)).await;

    let approved: QueryApprovedChaincodeDefinitionResult = result(&approved);
    let source = approved.source.and_then(|source| source.r#type);
    let expected = chaincode_source::Local {
        package_id: "payments_2:00".to_owned(),
    };
    assert_eq!(source, Some(chaincode_source::Type::LocalPackage(expected)));
    assert_eq!(
        outcome(&repeated).1,
        "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': attempted to redefine the current committed sequence (1) for namespace payments"
    );
    assert_eq!(
        outcome(&changed).1,
        "failed to invoke backing implementation of 'ApproveChaincodeDefinitionForMyOrg': attempted to redefine the current committed sequence (1) for namespace payments with different parameters: expected Version '1.0' does not match passed Version '2.0'"
    );
}

#[tokio::test]
async fn an_approval_is_six_private_writes_whose_values_only_this_organization_has() {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());

    let (_, response) = peer
        .ask(&call(
            "ApproveChaincodeDefinitionForMyOrg",
            &Terms::new("payments").approval("x:00"),
        ))
        .await;

    let payload = ProposalResponsePayload::decode(&response.payload[..]).unwrap();
    let action = ChaincodeAction::decode(&payload.extension[..]).unwrap();
    let set = entente_fabric::proto::rwset::TxReadWriteSet::decode(&action.results[..]).unwrap();
    let lifecycle = set.ns_rwset.iter().find(|ns| ns.namespace == "_lifecycle").unwrap();
    let collection = &lifecycle.collection_hashed_rwset[0];
    let hashed = entente_fabric::proto::kvrwset::HashedRwSet::decode(&collection.hashed_rwset[..]).unwrap();
    assert_eq!(collection.collection_name, "_implicit_org_FirstMSP");
    assert_eq!(hashed.hashed_writes.len(), 6);
    // The name was looked for among chaincodes of the old lifecycle, as a stock peer does.
    assert_eq!(
        set.ns_rwset.iter().map(|ns| &*ns.namespace).collect::<Vec<_>>(),
        ["_lifecycle", "lscc"]
    );
    assert_eq!(action.chaincode_id.unwrap().version, "syscc");
}
