//! Whether a proposed definition makes sense (`validateInput` in `core/chaincode/lifecycle/scc.go`).

use std::collections::BTreeSet;

use entente_fabric::identity::MspManager;
use entente_fabric::policy::Policy;
use entente_fabric::proto::common::{
    MspPrincipal, MspRole, OrganizationUnit, SignaturePolicy, SignaturePolicyEnvelope, msp_principal,
    signature_policy,
};
use entente_fabric::proto::protos::{
    CollectionConfigPackage, StaticCollectionConfig, collection_config, collection_policy_config,
};

use super::definition;
use super::state::PublicState;
use crate::chaincode::transaction::Transaction;
use crate::failure::{Failure, decode};

/// Names that no contract may take.
const SYSTEM_NAMES: [&str; 5] = ["cscc", "escc", "lscc", "qscc", "vscc"];

/// Checks name, version and collections, the last also against the committed definition.
pub fn proposed(
    transaction: &Transaction,
    name: &str,
    version: &str,
    collections: Option<&CollectionConfigPackage>,
) -> Result<(), Failure> {
    if !is_chaincode_name(name) {
        return Err(Failure(format!(
            "invalid chaincode name '{name}'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics"
        )));
    }
    if SYSTEM_NAMES.contains(&name) {
        return Err(Failure(format!(
            "chaincode name '{name}' is the name of a system chaincode"
        )));
    }
    if !is_version(version) {
        return Err(Failure(format!(
            "invalid chaincode version '{version}'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'"
        )));
    }
    let proposed = static_configs(collections)?;
    check_collections(&proposed, transaction)?;
    let committed = definition::read(&mut PublicState(transaction), name).map_err(|failure| {
        failure
            .within("could not get info about chaincode")
            .within(format_args!(
                "could not retrieve committed definition for chaincode '{name}'"
            ))
    })?;
    match committed {
        Some(committed) => compatible(&proposed, &committed.parameters.collections),
        None => {
            // A stock peer looks for a chaincode of the old lifecycle next, and that is in the read set.
            transaction.simulate(|simulator| simulator.get_state("lscc", name))?;
            Ok(())
        }
    }
}

/// `^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$`
fn is_chaincode_name(name: &str) -> bool {
    name.split(['-', '_'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `^[A-Za-z0-9_.+-]+$`
fn is_version(version: &str) -> bool {
    !version.is_empty()
        && version
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.+-".contains(&b))
}

/// `^[A-Za-z0-9-]+([A-Za-z0-9_-]+)*$`
fn is_collection_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn static_configs(package: Option<&CollectionConfigPackage>) -> Result<Vec<&StaticCollectionConfig>, Failure> {
    let configs = package.map(|package| package.config.as_slice()).unwrap_or_default();
    let configs = configs.iter().map(|config| match &config.payload {
        Some(collection_config::Payload::StaticCollectionConfig(config)) => Ok(config),
        None => Err(Failure::new(
            "collection config contains unexpected payload type: <nil>",
        )),
    });
    configs.collect()
}

fn check_collections(configs: &[&StaticCollectionConfig], transaction: &Transaction) -> Result<(), Failure> {
    let msps = &transaction.place()?.bundle.msps;
    let mut names = BTreeSet::new();
    for config in configs {
        let name = &config.name;
        if !is_collection_name(name) {
            return Err(Failure(format!(
                "invalid collection name '{name}'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'"
            )));
        }
        if !names.insert(name) {
            return Err(Failure(format!(
                "collection-name: {name} -- found duplicate in collection configuration"
            )));
        }
        let (required, maximum) = (config.required_peer_count, config.maximum_peer_count);
        if maximum < required {
            return Err(Failure(format!(
                "collection-name: {name} -- maximum peer count ({maximum}) cannot be less than the required peer count ({required})"
            )));
        }
        if required < 0 {
            return Err(Failure(format!(
                "collection-name: {name} -- requiredPeerCount ({required}) cannot be less than zero"
            )));
        }
        let policy = member_policy(config)?;
        Policy::from_signature_policy(policy, msps.clone())
            .map_err(|reason| Failure(format!("invalid member org policy for collection '{name}': {reason}")))?;
        only_or(policy.rule.as_ref()).map_err(|failure| {
            failure.within(format_args!("collection-name: {name} -- error in member org policy"))
        })?;
        for principal in &policy.identities {
            in_channel(name, principal, msps)?;
        }
    }
    Ok(())
}

fn member_policy(config: &StaticCollectionConfig) -> Result<&SignaturePolicyEnvelope, Failure> {
    let name = &config.name;
    let Some(policy) = &config.member_orgs_policy else {
        return Err(Failure(format!(
            "collection member policy is not set for collection '{name}'"
        )));
    };
    match &policy.payload {
        Some(collection_policy_config::Payload::SignaturePolicy(policy)) => Ok(policy),
        None => Err(Failure(format!(
            "collection member org policy is empty for collection '{name}'"
        ))),
    }
}

/// Membership is a list: nothing but 1-out-of-n, however nested. The depth was bounded when the policy was compiled.
fn only_or(rule: Option<&SignaturePolicy>) -> Result<(), Failure> {
    let Some(signature_policy::Type::NOutOf(rule)) = rule.and_then(|rule| rule.r#type.as_ref()) else {
        return Ok(());
    };
    if rule.n != 1 {
        let n = rule.n;
        return Err(Failure(format!(
            "signature policy is not an OR concatenation, NOutOf {n}"
        )));
    }
    rule.rules.iter().try_for_each(|rule| only_or(Some(rule)))
}

fn in_channel(collection: &str, principal: &MspPrincipal, msps: &MspManager) -> Result<(), Failure> {
    use msp_principal::Classification;
    let unreadable = |kind: &str| {
        let kind = kind.to_owned();
        move |failure: Failure| {
            failure.within(format_args!(
                "collection-name: {collection} -- cannot unmarshal identity bytes into {kind}"
            ))
        }
    };
    let msp_id = match principal.principal_classification() {
        Classification::Role => {
            decode::<MspRole>(&principal.principal)
                .map_err(unreadable("MSPRole"))?
                .msp_identifier
        }
        Classification::OrganizationUnit => {
            decode::<OrganizationUnit>(&principal.principal)
                .map_err(unreadable("OrganizationUnit"))?
                .msp_identifier
        }
        Classification::Identity => {
            return match msps.deserialize(&principal.principal) {
                Ok(_) => Ok(()),
                Err(_) => Err(Failure(format!(
                    "collection-name: {collection} -- contains an identity that is not part of the channel"
                ))),
            };
        }
        other => {
            let kind = other.as_str_name();
            return Err(Failure(format!(
                "collection-name: {collection} -- principal type {kind} is not supported"
            )));
        }
    };
    match msps.msp(&msp_id) {
        Some(_) => Ok(()),
        None => Err(Failure(format!(
            "collection-name: {collection} -- collection member '{msp_id}' is not part of the channel"
        ))),
    }
}

/// Collections stay once they are committed, and so does how long their data lives.
fn compatible(proposed: &[&StaticCollectionConfig], committed: &CollectionConfigPackage) -> Result<(), Failure> {
    let committed =
        static_configs(Some(committed)).map_err(|_| Failure::new("unknown collection configuration type"))?;
    if !committed.is_empty() && proposed.is_empty() {
        return Err(Failure::new(
            "the proposed collection config does not contain previously defined collections",
        ));
    }
    for old in committed {
        let name = &old.name;
        let Some(new) = proposed.iter().find(|new| new.name == *name) else {
            return Err(Failure(format!(
                "existing collection [{name}] missing in the proposed collection configuration"
            )));
        };
        if new.block_to_live != old.block_to_live {
            let old = old.block_to_live;
            return Err(Failure(format!(
                "the BlockToLive in an existing collection [{name}] modified. Existing value [{old}]"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_stock_peer() {
        let names = ["payments", "pay-ments_2", "-pay", "pay-", "pay--ments", "", "pay.ments"].map(is_chaincode_name);
        let versions = ["1.0", "v1_2+x-3", "", "1.0/"].map(is_version);
        let collections = ["colA", "-a_", "_implicit_org_A", "", "-/x"].map(is_collection_name);

        assert_eq!(names, [true, true, false, false, false, false, false]);
        assert_eq!(versions, [true, true, false, false]);
        assert_eq!(collections, [true, true, false, false, false]);
    }
}
