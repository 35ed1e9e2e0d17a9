//! The membership rules on certificates made for each: what `msp/*_test.go` of Fabric pins.

use std::sync::Arc;

use prost::Message as _;
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, NameConstraints, SanType, SerialNumber, date_time_ymd};

use super::testing::{Authority, Pair, build, definition, msp, unit};
use super::{Identity, Msp, MspManager, MspVersion, SigningIdentity};
use crate::crypto::Signer as _;
use crate::proto::common::msp_principal::Classification;
use crate::proto::common::msp_role::MspRoleType;
use crate::proto::common::{CombinedPrincipal, MspPrincipal, MspRole, OrganizationUnit};
use crate::proto::msp::{FabricCryptoConfig, FabricOuIdentifier, SerializedIdentity};

fn read(msp: &Arc<Msp>, pair: &Pair) -> Arc<Identity> {
    msp.deserialize(pair.0.as_bytes()).unwrap()
}

fn refusal(msp: &Arc<Msp>, pair: &Pair) -> String {
    match msp.deserialize(pair.0.as_bytes()) {
        Ok(identity) => identity.validate().unwrap_err().to_string(),
        Err(why) => why.to_string(),
    }
}

fn principal(classification: Classification, message: &impl prost::Message) -> MspPrincipal {
    MspPrincipal {
        principal_classification: classification as i32,
        principal: message.encode_to_vec(),
    }
}

fn role(msp: &str, role: MspRoleType) -> MspPrincipal {
    principal(
        Classification::Role,
        &MspRole {
            msp_identifier: msp.into(),
            role: role as i32,
        },
    )
}

/// The roles of Org1MSP that an identity has.
fn roles(identity: &Identity) -> Vec<MspRoleType> {
    use MspRoleType::{Admin, Client, Member, Orderer, Peer};
    let all = [Member, Admin, Client, Peer, Orderer].into_iter();
    all.filter(|each| identity.satisfies(&role("Org1MSP", *each)).is_ok())
        .collect()
}

#[test]
fn an_identity_has_the_role_of_its_unit() {
    let ca = Authority::root("ca");
    let msp = msp(&[&ca], &[]);

    for (units, expected) in [
        (&["client"][..], vec![MspRoleType::Member, MspRoleType::Client]),
        (&["peer"], vec![MspRoleType::Member, MspRoleType::Peer]),
        (&["admin"], vec![MspRoleType::Member, MspRoleType::Admin]),
        (
            &["orderer", "department"],
            vec![MspRoleType::Member, MspRoleType::Orderer],
        ),
        (&["department"], vec![]),
        (&["client", "peer"], vec![]),
        (&["client", "client"], vec![]),
        (&[], vec![]),
    ] {
        let identity = read(&msp, &ca.identity("someone", units));

        assert_eq!(roles(&identity), expected, "{units:?}");
    }
}

#[test]
fn without_node_units_there_are_members_and_listed_administrators() {
    let ca = Authority::root("ca");
    let admin = ca.identity("admin", &[]);
    let mut definition = definition(&[&ca], &[]);
    definition.fabric_node_ous = None;
    definition.admins = vec![admin.0.clone().into_bytes()];
    let msp = build(&definition).unwrap();

    assert_eq!(roles(&read(&msp, &admin)), [MspRoleType::Member, MspRoleType::Admin]);
    assert_eq!(
        roles(&read(&msp, &ca.identity("peer0", &["peer"]))),
        [MspRoleType::Member]
    );
}

#[test]
fn an_organization_needs_administrators_from_v1_4_3_on() {
    let ca = Authority::root("ca");
    let mut definition = definition(&[&ca], &[]);
    definition.fabric_node_ous.as_mut().unwrap().admin_ou_identifier = None;

    let refused = Msp::from_definition(&definition, MspVersion::V1_4_3).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "MSP Org1MSP: administrators must be declared when no admin ou classification is set"
    );
    assert!(Msp::from_definition(&definition, MspVersion::V1_3).is_ok());
}

#[test]
fn a_listed_administrator_must_be_a_client_or_an_administrator() {
    let ca = Authority::root("ca");
    let with_admin = |units: &[&str]| {
        let mut definition = definition(&[&ca], &[]);
        definition.admins = vec![ca.identity("admin", units).0.into_bytes()];
        build(&definition).map(|_| ()).map_err(|why| why.to_string())
    };

    assert_eq!(with_admin(&["client"]), Ok(()));
    assert_eq!(with_admin(&["admin"]), Ok(()));
    assert_eq!(
        with_admin(&["peer"]).unwrap_err(),
        "MSP Org1MSP: admin 0 is invalid: [The identity does not contain OU [CLIENT], MSP: [Org1MSP],\
         The identity does not contain OU [ADMIN], MSP: [Org1MSP]]"
    );
}

#[test]
fn a_strangers_certificate_cannot_even_be_read() {
    let (ca, stranger) = (Authority::root("ca"), Authority::root("ca"));
    let msp = msp(&[&ca], &[]);

    let refused = refusal(&msp, &stranger.identity("peer0", &["peer"]));

    assert_eq!(
        refused,
        "the identity cannot be read: the supplied identity is not valid: x509: certificate signed by unknown \
         authority (possibly because of \"x509: signature verification failure\")"
    );
}

#[test]
fn the_leafs_own_expiry_and_todays_date_do_not_matter() {
    let ca = Authority::root_with("ca", |params| params.not_after = date_time_ymd(2021, 1, 1));
    let msp = msp(&[&ca], &[]);
    let expired = |params: &mut rcgen::CertificateParams| params.not_after = date_time_ymd(2020, 1, 2);
    let late = |params: &mut rcgen::CertificateParams| params.not_before = date_time_ymd(2022, 1, 1);

    let expired = ca.identity_with("peer0", &["peer"], &rcgen::PKCS_ECDSA_P256_SHA256, expired);
    let late = ca.identity_with("peer1", &["peer"], &rcgen::PKCS_ECDSA_P256_SHA256, late);

    assert!(read(&msp, &expired).validate().is_ok());
    assert!(refusal(&msp, &late).contains("x509: certificate has expired or is not yet valid"));
}

#[test]
fn identities_come_from_the_lowest_authorities_only() {
    let root = Authority::root("root");
    let (upper, beside) = (root.authority("upper"), root.authority("beside"));
    let lower = upper.authority("lower");
    let msp = msp(&[&root], &[&upper, &lower, &beside]);
    let refused = "could not obtain certification chain: invalid validation chain. \
                   Parent certificate should be a leaf of the certification tree";

    assert!(read(&msp, &lower.identity("peer0", &["peer"])).validate().is_ok());
    assert!(read(&msp, &beside.identity("peer0", &["peer"])).validate().is_ok());
    assert_eq!(refusal(&msp, &upper.identity("peer0", &["peer"])), refused);
    assert_eq!(refusal(&msp, &root.identity("peer0", &["peer"])), refused);
}

#[test]
fn an_authority_is_no_identity() {
    let root = Authority::root("root");
    let msp = msp(&[&root], &[&root.authority("ica")]);

    let refused = msp.deserialize(&root.pem()).unwrap().validate().unwrap_err();

    assert_eq!(
        refused.to_string(),
        "could not obtain certification chain: An X509 certificate with Basic Constraint: \
         Certificate Authority equals true cannot be used as an identity"
    );
}

#[test]
fn a_path_length_is_kept() {
    let root = Authority::root_with("root", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))
    });
    let ica = root.authority("ica");
    let msp = build(&definition(&[&root], &[&ica])).unwrap();

    let refused = refusal(&msp, &ica.identity("peer0", &["peer"]));

    assert!(
        refused.contains("x509: too many intermediates for path length constraint"),
        "{refused}"
    );
}

#[test]
fn an_extended_usage_must_allow_tls_servers() {
    let ca = Authority::root("ca");
    let msp = msp(&[&ca], &[]);
    let with = |usages: Vec<ExtendedKeyUsagePurpose>| {
        let change = |params: &mut rcgen::CertificateParams| params.extended_key_usages = usages;
        ca.identity_with("peer0", &["peer"], &rcgen::PKCS_ECDSA_P256_SHA256, change)
    };
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};

    assert!(read(&msp, &with(vec![ClientAuth, ServerAuth])).validate().is_ok());
    assert!(read(&msp, &with(vec![Any])).validate().is_ok());
    assert!(
        refusal(&msp, &with(vec![ClientAuth])).ends_with("x509: certificate specifies an incompatible key usage")
    );
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let ca = Authority::root("ca");
    let msp = msp(&[&ca], &[]);
    let with = |critical: bool| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4, 5, 6, 7, 8, 1], b"{}".to_vec());
        extension.set_criticality(critical);
        let change = |params: &mut rcgen::CertificateParams| params.custom_extensions = vec![extension];
        ca.identity_with("app", &["client"], &rcgen::PKCS_ECDSA_P256_SHA256, change)
    };

    assert!(read(&msp, &with(false)).validate().is_ok());
    assert!(refusal(&msp, &with(true)).ends_with("x509: unhandled critical extension"));
}

#[test]
fn names_outside_an_authoritys_constraints_are_refused() {
    let constraint = rcgen::GeneralSubtree::DnsName("org1.local".into());
    let ca = Authority::root_with("ca", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![constraint],
            excluded_subtrees: vec![],
        });
    });
    let msp = msp(&[&ca], &[]);
    let named = |common: &str, san: Option<&str>| {
        let sans = san
            .map(|name| SanType::DnsName(name.try_into().unwrap()))
            .into_iter()
            .collect();
        let change = |params: &mut rcgen::CertificateParams| params.subject_alt_names = sans;
        ca.identity_with(common, &["peer"], &rcgen::PKCS_ECDSA_P256_SHA256, change)
    };

    assert!(read(&msp, &named("peer0", Some("peer0.org1.local"))).validate().is_ok());
    assert!(read(&msp, &named("Peer 0", None)).validate().is_ok());
    assert!(refusal(&msp, &named("peer0", Some("peer0.org2.local"))).contains("is not authorized to sign for"));
    assert!(refusal(&msp, &named("peer0.org1.local", None)).contains("leaf doesn't have a SAN extension"));
}

#[test]
fn two_chains_are_as_bad_as_none() {
    let (root, other) = (Authority::root("root"), Authority::root("other"));
    let ica = root.authority("ica");
    let crossed = other.crossed(&ica);

    let refused = build(&definition(&[&root, &other], &[&ica, &crossed])).map(|msp| {
        let identity = msp.deserialize(ica.identity("peer0", &["peer"]).0.as_bytes());
        identity.unwrap_err().to_string()
    });

    assert_eq!(
        refused.unwrap(),
        "the identity cannot be read: this MSP only supports a single validation chain, got 2"
    );
}

#[test]
fn a_revoked_certificate_is_invalid_whatever_the_dates_of_the_list() {
    let (ca, impostor) = (Authority::root("ca"), Authority::root("ca"));
    let numbered = |serial: u64| {
        let change = |params: &mut rcgen::CertificateParams| params.serial_number = Some(SerialNumber::from(serial));
        ca.identity_with("peer0", &["peer"], &rcgen::PKCS_ECDSA_P256_SHA256, change)
    };
    let mut definition = definition(&[&ca], &[]);
    definition.revocation_list = vec![impostor.crl(&[6]), ca.crl(&[7, 8])];
    let msp = build(&definition).unwrap();

    assert!(read(&msp, &numbered(6)).validate().is_ok());
    assert_eq!(
        refusal(&msp, &numbered(8)),
        "could not validate identity against certification chain: The certificate has been revoked"
    );
}

#[test]
fn a_revoked_intermediate_spoils_the_definition() {
    let root = Authority::root("root");
    let ica = root.authority_with("ica", |params| params.serial_number = Some(SerialNumber::from(9)));
    let mut definition = definition(&[&root], &[&ica]);
    definition.revocation_list = vec![root.crl(&[9])];

    let refused = build(&definition).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "MSP Org1MSP: CA Certificate is not valid, (SN: 09): The certificate has been revoked"
    );
}

#[test]
fn ed25519_is_an_identity_from_v3_on() {
    let ca = Authority::root("ca");
    let pair = ca.identity_with("peer0", &["peer"], &rcgen::PKCS_ED25519, |_| {});
    let version = |version| Msp::from_definition(&definition(&[&ca], &[]), version).unwrap();

    assert!(read(&version(MspVersion::V3_0), &pair).validate().is_ok());
    assert_eq!(
        refusal(&version(MspVersion::V1_4_3), &pair),
        "could not validate identity's public key algorithm: Ed25519 is not supported"
    );
}

#[test]
fn every_kind_of_key_verifies_what_it_signed() {
    let ca = Authority::root("ca");
    let msp = Msp::from_definition(&definition(&[&ca], &[]), MspVersion::V3_0).unwrap();
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let pair = ca.identity_with("peer0", &["peer"], algorithm, |_| {});
        let signer = SigningIdentity::new("Org1MSP", pair.0.as_bytes(), pair.1.as_bytes()).unwrap();
        let identity = read(&msp, &pair);

        let signature = signer.sign(b"block").unwrap();

        assert!(identity.verify(b"block", &signature).is_ok(), "{algorithm:?}");
        assert_eq!(
            identity.verify(b"other", &signature).unwrap_err().to_string(),
            "The signature is invalid"
        );
    }
}

#[test]
fn both_spellings_of_a_certificates_signature_are_one_identity() {
    let ca = Authority::root("ca");
    let msp = msp(&[&ca], &[]);
    // Whether s comes out high is a coin toss, so of a few certificates some were rewritten.
    let pairs: Vec<Pair> = (0..16).map(|_| ca.identity("peer0", &["peer"])).collect();

    let rewritten = pairs.iter().filter(|pair| {
        let identity = read(&msp, pair);
        let again = crate::crypto::pem::encode("CERTIFICATE", identity.certificate_der());
        let canonical = msp.deserialize(again.as_bytes()).unwrap();
        assert_eq!((canonical.id(), canonical.validate().is_ok()), (identity.id(), true));
        again != pair.0
    });

    assert!((1..16).contains(&rewritten.count()));
}

#[test]
fn a_unit_may_be_bound_to_one_authority() {
    let (one, two) = (Authority::root("one"), Authority::root("two"));
    let mut definition = definition(&[&one, &two], &[]);
    let bound = FabricOuIdentifier {
        certificate: one.pem(),
        organizational_unit_identifier: "peer".into(),
    };
    definition.fabric_node_ous.as_mut().unwrap().peer_ou_identifier = Some(bound);
    let msp = build(&definition).unwrap();

    assert!(read(&msp, &one.identity("peer0", &["peer"])).validate().is_ok());
    assert!(read(&msp, &two.identity("user", &["client"])).validate().is_ok());
    assert!(refusal(&msp, &two.identity("peer0", &["peer"])).contains("certifiersIdentifier does not match: [peer("));
}

#[test]
fn a_definition_may_demand_units() {
    let ca = Authority::root("ca");
    let mut definition = definition(&[&ca], &[]);
    let demanded = FabricOuIdentifier {
        certificate: ca.pem(),
        organizational_unit_identifier: "finance".into(),
    };
    definition.organizational_unit_identifiers = vec![demanded.clone(), demanded];
    let msp = build(&definition).unwrap();

    assert!(
        read(&msp, &ca.identity("peer0", &["peer", "finance"]))
            .validate()
            .is_ok()
    );
    assert!(refusal(&msp, &ca.identity("peer0", &["peer"])).contains("are in MSP Org1MSP"));
    assert!(refusal(&msp, &ca.identity("peer0", &[])).ends_with("does not contain an Organizational Unit (OU)"));
}

#[test]
fn principals_are_units_single_identities_and_combinations() {
    let ca = Authority::root("ca");
    let msp = msp(&[&ca], &[]);
    let pair = ca.identity("user", &["client", "finance"]);
    let user = read(&msp, &pair);
    let der = crate::crypto::pem::first(&ca.pem()).unwrap().contents;
    let der = msp
        .sanitize(&super::certificate::Certificate::from_der(&der).unwrap())
        .unwrap()
        .0
        .der
        .clone();
    let finance = |certifiers: Vec<u8>| {
        let unit = OrganizationUnit {
            msp_identifier: "Org1MSP".into(),
            organizational_unit_identifier: "finance".into(),
            certifiers_identifier: certifiers,
        };
        principal(Classification::OrganizationUnit, &unit)
    };
    let certifiers = crate::crypto::sha256(&der).to_vec();
    let serialized = |pair: &Pair| SerializedIdentity {
        mspid: "Org1MSP".into(),
        id_bytes: pair.0.clone().into(),
    };
    let herself = principal(Classification::Identity, &serialized(&pair));
    let another = principal(Classification::Identity, &serialized(&ca.identity("user", &["client"])));
    let all = |principals: Vec<MspPrincipal>| principal(Classification::Combined, &CombinedPrincipal { principals });
    let client = role("Org1MSP", MspRoleType::Client);
    let message = |principal: &MspPrincipal| user.satisfies(principal).map_err(|why| why.to_string());

    assert_eq!(message(&finance(certifiers.clone())), Ok(()));
    assert_eq!(message(&finance(vec![])).unwrap_err(), "The identities do not match");
    assert_eq!(message(&herself), Ok(()));
    assert_eq!(message(&another).unwrap_err(), "The identities do not match");
    assert_eq!(
        message(&all(vec![client.clone(), all(vec![herself, finance(certifiers)])])),
        Ok(())
    );
    assert_eq!(
        message(&all(vec![client, another])).unwrap_err(),
        "The identities do not match"
    );
    assert_eq!(message(&all(vec![])).unwrap_err(), "No principals in CombinedPrincipal");
    assert_eq!(
        message(&role("Org2MSP", MspRoleType::Member)).unwrap_err(),
        "the identity is a member of a different MSP (expected Org2MSP, got Org1MSP)"
    );
    let unknown = MspPrincipal {
        principal_classification: 9,
        principal: vec![],
    };
    assert_eq!(message(&unknown).unwrap_err(), "invalid principal type 9");
}

#[test]
fn a_wrong_definition_is_refused_with_its_reason() {
    let ca = Authority::root("ca");
    let good = definition(&[&ca], &[]);
    let refused = |change: fn(&mut crate::proto::msp::FabricMspConfig, &Authority)| {
        let mut definition = good.clone();
        change(&mut definition, &ca);
        build(&definition).unwrap_err().to_string()
    };

    assert_eq!(
        refused(|d, _| d.root_certs.clear()),
        "MSP Org1MSP: expected at least one CA certificate"
    );
    assert_eq!(
        refused(|d, _| d.root_certs.push(b"x".to_vec())),
        "MSP Org1MSP: could not decode the PEM structure"
    );
    assert!(
        refused(|d, ca| d.root_certs.push(ca.identity("peer0", &["peer"]).0.into()))
            .starts_with("MSP Org1MSP: failed to traverse certificate verification chain")
    );
    assert!(
        refused(|d, _| d.intermediate_certs.push(Authority::root("a").authority("b").pem()))
            .contains("x509: certificate signed by unknown authority")
    );
    assert!(refused(|d, _| d.revocation_list.push(vec![1])).contains("could not parse RevocationList"));
    assert_eq!(
        refused(|d, _| {
            let hash = FabricCryptoConfig {
                identity_identifier_hash_function: "MD5".into(),
                ..Default::default()
            };
            d.crypto_config = Some(hash);
        }),
        "MSP Org1MSP: identity identifier hash \"MD5\" is not supported; use \"SHA256\""
    );
    assert!(
        refused(|d, _| {
            let mut unit = unit("x").unwrap();
            unit.certificate = Authority::root("stranger").pem();
            d.organizational_unit_identifiers = vec![unit];
        })
        .contains("not in root or intermediate certs")
    );
}

#[test]
fn the_manager_reads_an_identity_once() {
    let ca = Authority::root("ca");
    let manager = MspManager::new(vec![msp(&[&ca], &[])]);
    let pair = ca.identity("peer0", &["peer"]);
    let serialized = |msp: &str| {
        SerializedIdentity {
            mspid: msp.into(),
            id_bytes: pair.0.clone().into(),
        }
        .encode_to_vec()
    };

    let first = manager.deserialize(&serialized("Org1MSP")).unwrap();
    let second = manager.deserialize(&serialized("Org1MSP")).unwrap();

    assert!(Arc::ptr_eq(&first, &second));
    let unknown = manager.deserialize(&serialized("Org9MSP")).unwrap_err();
    assert_eq!(unknown.to_string(), "MSP Org9MSP is not defined on channel");
    let malformed = manager.deserialize(&[0xff]).unwrap_err();
    assert!(
        malformed
            .to_string()
            .starts_with("the identity cannot be read: could not deserialize"),
        "{malformed}"
    );
}
