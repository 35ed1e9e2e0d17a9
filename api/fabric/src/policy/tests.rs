//! Evaluation, on identities of two organizations.

use std::sync::Arc;

use prost::Message as _;

use super::*;
use crate::crypto::Signer as _;
use crate::identity::SigningIdentity;
use crate::identity::testing::{Authority, definition};
use crate::identity::{Msp, MspVersion};
use crate::proto::common::implicit_meta_policy::Rule as Meta;
use crate::proto::common::policy::PolicyType;
use crate::proto::common::{ConfigGroup, ConfigPolicy, ImplicitMetaPolicy, Policy as Definition};

/// Two organizations, their MSPs and members.
struct Consortium {
    authorities: Vec<Authority>,
    msps: Arc<MspManager>,
}

impl Consortium {
    fn new() -> Consortium {
        let authorities = vec![Authority::root("ca1"), Authority::root("ca2")];
        let msps = authorities.iter().zip(["Org1MSP", "Org2MSP"]).map(|(ca, name)| {
            let mut definition = definition(&[ca], &[]);
            definition.name = name.into();
            Msp::from_definition(&definition, MspVersion::V3_0).unwrap()
        });
        Consortium {
            msps: Arc::new(MspManager::new(msps.collect())),
            authorities,
        }
    }

    /// `organization` counts from 1.
    fn member(&self, organization: usize, unit: &str) -> SigningIdentity {
        let (certificate, key) = self.authorities[organization - 1].identity(unit, &[unit]);
        let msp = format!("Org{organization}MSP");
        SigningIdentity::new(&msp, certificate.as_bytes(), key.as_bytes()).unwrap()
    }

    fn policy(&self, text: &str) -> Policy {
        Policy::from_signature_policy(&dsl::parse(text).unwrap(), Arc::clone(&self.msps)).unwrap()
    }

    fn policies(&self, root: &ConfigGroup) -> Result<Policies, String> {
        Policies::from_group(root, &self.msps).map_err(|why| why.to_string())
    }
}

fn signed(signer: &SigningIdentity, data: &[u8]) -> SignedData {
    let signature = signer.sign(data).unwrap();
    SignedData {
        data: data.to_vec(),
        identity: signer.identity().to_vec(),
        signature,
    }
}

fn evaluate(policy: &Policy, signers: &[&SigningIdentity]) -> Result<(), String> {
    let signatures: Vec<_> = signers.iter().map(|signer| signed(signer, b"data")).collect();
    policy.evaluate_signed(&signatures).map_err(|why| why.to_string())
}

const REFUSED: Result<(), &str> = Err("signature set did not satisfy policy");

fn is(result: Result<(), String>, expected: Result<(), &str>) {
    assert_eq!(result.as_ref().map_err(|why| &why[..]).copied(), expected);
}

#[test]
fn enough_signatures_of_the_right_members_are_needed() {
    let consortium = Consortium::new();
    let (peer1, peer2, user2) = (
        consortium.member(1, "peer"),
        consortium.member(2, "peer"),
        consortium.member(2, "client"),
    );
    let policy = consortium.policy("AND('Org1MSP.peer', 'Org2MSP.peer')");

    is(evaluate(&policy, &[&peer1, &peer2]), Ok(()));
    is(evaluate(&policy, &[&peer2, &user2, &peer1]), Ok(()));
    is(evaluate(&policy, &[&peer1, &user2]), REFUSED);
    is(evaluate(&policy, &[]), REFUSED);
}

#[test]
fn who_signs_twice_counts_once() {
    let consortium = Consortium::new();
    let (one, other) = (consortium.member(1, "peer"), consortium.member(1, "peer"));
    let policy = consortium.policy("AND('Org1MSP.member', 'Org1MSP.member')");

    is(evaluate(&policy, &[&one, &one]), REFUSED);
    is(evaluate(&policy, &[&one, &other]), Ok(()));
}

#[test]
fn a_bad_signature_does_not_shut_out_a_good_one_of_the_same_signer() {
    let consortium = Consortium::new();
    let peer = consortium.member(1, "peer");
    let policy = consortium.policy("OR('Org1MSP.peer')");
    let good = signed(&peer, b"data");
    let bad = SignedData {
        data: b"other".to_vec(),
        ..good.clone()
    };
    let garbage = SignedData {
        data: vec![],
        identity: vec![1],
        signature: vec![],
    };

    assert!(policy.evaluate_signed(&[garbage, bad.clone(), good]).is_ok());
    assert!(policy.evaluate_signed(&[bad]).is_err());
}

#[test]
fn evaluation_is_greedy_in_the_order_of_signatures() {
    let consortium = Consortium::new();
    let (admin, peer) = (consortium.member(1, "admin"), consortium.member(1, "peer"));
    let policy = consortium.policy("AND('Org1MSP.member', 'Org1MSP.peer')");

    is(evaluate(&policy, &[&admin, &peer]), Ok(()));
    is(evaluate(&policy, &[&peer, &admin]), REFUSED);
}

#[test]
fn a_gate_that_fails_gives_its_identities_back() {
    let consortium = Consortium::new();
    let peer = consortium.member(1, "peer");
    let policy = consortium.policy("OR(AND('Org1MSP.peer', 'Org2MSP.peer'), 'Org1MSP.member')");

    is(evaluate(&policy, &[&peer]), Ok(()));
}

#[test]
fn none_of_some_is_satisfied_by_nobody_and_more_than_all_never() {
    let consortium = Consortium::new();
    let peer = consortium.member(1, "peer");

    is(evaluate(&consortium.policy("OutOf(0, 'Org1MSP.peer')"), &[]), Ok(()));
    is(
        evaluate(&consortium.policy("OutOf(2, 'Org1MSP.peer')"), &[&peer]),
        REFUSED,
    );
}

#[test]
fn a_policy_that_points_nowhere_is_refused() {
    let consortium = Consortium::new();
    let mut envelope = dsl::parse("OR('Org1MSP.peer')").unwrap();
    let compile = |envelope: &SignaturePolicyEnvelope| {
        Policy::from_signature_policy(envelope, Arc::clone(&consortium.msps))
            .unwrap_err()
            .to_string()
    };

    envelope.identities.clear();
    assert_eq!(
        compile(&envelope),
        "identity index out of range, requested 0, but identities length is 0"
    );
    envelope.rule = None;
    assert_eq!(compile(&envelope), "Empty policy element");
}

fn config_policy(kind: PolicyType, value: Vec<u8>) -> ConfigPolicy {
    let policy = Some(Definition {
        r#type: kind as i32,
        value,
    });
    ConfigPolicy {
        policy,
        ..Default::default()
    }
}

fn meta(rule: Meta, name: &str) -> ConfigPolicy {
    let meta = ImplicitMetaPolicy {
        sub_policy: name.into(),
        rule: rule as i32,
    };
    config_policy(PolicyType::ImplicitMeta, meta.encode_to_vec())
}

fn text(policy: &str) -> ConfigPolicy {
    config_policy(PolicyType::Signature, dsl::parse(policy).unwrap().encode_to_vec())
}

fn group(policies: Vec<(&str, ConfigPolicy)>, groups: Vec<(&str, ConfigGroup)>) -> ConfigGroup {
    ConfigGroup {
        policies: policies
            .into_iter()
            .map(|(name, policy)| (name.to_owned(), policy))
            .collect(),
        groups: groups
            .into_iter()
            .map(|(name, group)| (name.to_owned(), group))
            .collect(),
        ..Default::default()
    }
}

fn channel() -> ConfigGroup {
    let organization = |name: &str| {
        let writers = text(&format!("OR('{name}.client')"));
        (name.to_owned(), group(vec![("Writers", writers)], vec![]))
    };
    let silent = ("Org3MSP".to_owned(), ConfigGroup::default());
    let application = ConfigGroup {
        groups: [organization("Org1MSP"), organization("Org2MSP"), silent].into(),
        ..group(
            vec![
                ("Any", meta(Meta::Any, "Writers")),
                ("All", meta(Meta::All, "Writers")),
                ("Majority", meta(Meta::Majority, "Writers")),
                ("Absent", meta(Meta::Any, "Nobody")),
            ],
            vec![],
        )
    };
    group(
        vec![("Writers", meta(Meta::Any, "Any"))],
        vec![("Application", application)],
    )
}

#[test]
fn implicit_policies_count_the_groups_below() {
    let consortium = Consortium::new();
    let policies = consortium.policies(&channel()).unwrap();
    let (one, two) = (consortium.member(1, "client"), consortium.member(2, "client"));
    let check = |path: &str, signers: &[&SigningIdentity]| evaluate(policies.get(path).unwrap(), signers);

    is(check("/Channel/Application/Any", &[&one]), Ok(()));
    is(check("/Channel/Writers", &[&one]), Ok(()));
    is(check("/Channel/Application/Majority", &[&one, &two]), Ok(()));
    is(
        check("/Channel/Application/Majority", &[&one]),
        Err("implicit policy evaluation failed - 1 sub-policies were satisfied, \
             but this policy requires 2 of the 'Writers' sub-policies to be satisfied"),
    );
    is(
        check("/Channel/Application/All", &[&one, &two]),
        Err("implicit policy evaluation failed - 2 sub-policies were satisfied, \
             but this policy requires 3 of the 'Writers' sub-policies to be satisfied"),
    );
    is(
        check("/Channel/Application/Absent", &[&one, &two]),
        Err("implicit policy evaluation failed - 0 sub-policies were satisfied, \
             but this policy requires 1 of the 'Nobody' sub-policies to be satisfied"),
    );
}

#[test]
fn an_implicit_policy_over_no_groups_is_always_satisfied() {
    let consortium = Consortium::new();
    let policies = consortium
        .policies(&group(vec![("All", meta(Meta::All, "Writers"))], vec![]))
        .unwrap();

    is(evaluate(policies.get("/Channel/All").unwrap(), &[]), Ok(()));
}

#[test]
fn references_are_absolute_or_relative_to_their_group() {
    let consortium = Consortium::new();
    let policies = consortium.policies(&channel()).unwrap();
    let known = |group: &str, reference: &str| policies.resolve(group, reference).is_some();

    assert!(known("/Channel/Application", "Any"));
    assert!(known("/Channel/Application", "Org1MSP/Writers"));
    assert!(known("/Channel/Application", "/Channel/Writers"));
    assert!(!known("/Channel/Application", "Writers"));
    assert!(!known("/Channel", ""));
    let refused = policies.evaluate("/Channel/Application/Nothing", &[]).unwrap_err();
    assert_eq!(refused.to_string(), "no such policy: 'Application/Nothing'");
}

#[test]
fn a_tree_that_does_not_compile_names_the_policy_and_its_path() {
    let consortium = Consortium::new();
    let refused = |policy: ConfigPolicy| {
        let tree = group(vec![], vec![("Application", group(vec![("Writers", policy)], vec![]))]);
        consortium.policies(&tree).unwrap_err()
    };
    let mut newer = dsl::parse("OR('Org1MSP.peer')").unwrap();
    newer.version = 1;

    assert_eq!(
        refused(ConfigPolicy::default()),
        "policy Writers at path Channel/Application was nil"
    );
    assert_eq!(
        refused(config_policy(PolicyType::Msp, vec![])),
        "policy Writers at path Channel/Application has unknown policy type: 2"
    );
    assert_eq!(
        refused(config_policy(PolicyType::Signature, newer.encode_to_vec())),
        "policy Writers at path Channel/Application did not compile: \
         This evaluator only understands messages of version 0, but version was 1"
    );
    assert!(
        refused(config_policy(PolicyType::ImplicitMeta, vec![0xff]))
            .starts_with("implicit policy Writers at path Channel/Application did not compile: Error unmarshalling")
    );
}
