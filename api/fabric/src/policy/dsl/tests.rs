use super::*;
use crate::proto::common::signature_policy::{NOutOf, Type};
use crate::proto::common::{MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope};
use prost::Message as _;

fn signed_by(index: i32) -> SignaturePolicy {
    SignaturePolicy {
        r#type: Some(Type::SignedBy(index)),
    }
}

fn out_of(n: i32, rules: Vec<SignaturePolicy>) -> SignaturePolicy {
    SignaturePolicy {
        r#type: Some(Type::NOutOf(NOutOf { n, rules })),
    }
}

fn role(msp: &str, role: MspRoleType) -> MspPrincipal {
    let role = MspRole {
        msp_identifier: msp.into(),
        role: role as i32,
    };
    MspPrincipal {
        principal_classification: 0,
        principal: role.encode_to_vec(),
    }
}

#[test]
fn inner_gates_number_their_principals_first() {
    let parsed = parse("AND('A.member', OR('B.peer', 'C.admin'))").unwrap();

    let expected = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(out_of(
            2,
            vec![signed_by(2), out_of(1, vec![signed_by(0), signed_by(1)])],
        )),
        identities: vec![
            role("B", MspRoleType::Peer),
            role("C", MspRoleType::Admin),
            role("A", MspRoleType::Member),
        ],
    };
    assert_eq!(parsed, expected);
}

#[test]
fn every_spelling_of_the_gates_is_understood() {
    for text in [
        "OutOf(1, 'A.client', 'B.orderer')",
        "outof(1,'A.client','B.orderer')",
        " OUTOF ( '1' , \"A.client\" , `B.orderer` ) ",
        "or('A.client', 'B.orderer')",
        "Or('A.client', 'B.orderer')",
    ] {
        let identities = vec![role("A", MspRoleType::Client), role("B", MspRoleType::Orderer)];
        let rule = Some(out_of(1, vec![signed_by(0), signed_by(1)]));
        assert_eq!(
            parse(text),
            Ok(SignaturePolicyEnvelope {
                version: 0,
                rule,
                identities
            }),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let deep = "AND(".repeat(40);
    for (text, expected) in [
        ("", "the policy ends too early"),
        (
            "AND('A.member'",
            "expected ',' or ')' at position 15 of the policy, in AND(…)",
        ),
        ("AND('A.member)", "the quote before A.member) is not closed"),
        ("AND()", "expected at least two arguments to NOutOf. Given 1"),
        ("OutOf(1)", "expected at least two arguments to NOutOf. Given 1"),
        (
            "OutOf(4, 'A.member', 'B.member')",
            "invalid t-out-of-n predicate, t 4, n 2",
        ),
        ("OutOf('x', 'A.member')", "OutOf starts with a number, not with 'x'"),
        ("XOR('A.member')", "unrecognized token 'XOR' in policy string"),
        ("AND(A.member)", "unrecognized token 'A.member' in policy string"),
        (
            "'A.member'",
            "invalid policy string ''A.member''; write AND(…), OR(…) or OutOf(n, …)",
        ),
        ("OR('A.member') OR", "unexpected 'OR' after the policy"),
        ("OR(1)", "unrecognized type, expected a principal or a policy, got 1"),
        ("OR(-1)", "unexpected character '-' at position 4 of the policy"),
        (&deep, "the policy is nested deeper than 32 gates"),
        (
            "OR('A.boss')",
            "error parsing principal A.boss; write 'MSPID.role' with the role member, admin, client, peer or orderer",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_printed_policy_reads_back_as_the_same_text() {
    for text in [
        "AND('Org1MSP.member')",
        "OR('A.b.member', 'C-1.peer')",
        "AND('A.member', OutOf(2, 'B.peer', 'C.admin', AND('D.client', 'E.orderer')))",
        "OutOf(0, 'A.member')",
        "OutOf(3, 'A.member', 'B.member')",
    ] {
        assert_eq!(print(&parse(text).unwrap()).as_deref(), Some(text));
    }
}

#[test]
fn what_the_language_cannot_say_is_not_printed() {
    let unit = MspPrincipal {
        principal_classification: 1,
        principal: vec![],
    };
    let rule = Some(out_of(1, vec![signed_by(0)]));

    let other = SignaturePolicyEnvelope {
        version: 0,
        rule: rule.clone(),
        identities: vec![unit],
    };
    let dangling = SignaturePolicyEnvelope {
        version: 0,
        rule,
        identities: vec![],
    };
    let nothing = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(out_of(0, vec![])),
        identities: vec![],
    };

    assert_eq!([print(&other), print(&dangling), print(&nothing)], [None, None, None]);
}
