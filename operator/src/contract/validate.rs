//! Whether a contract's spec makes sense, in the words of whoever wrote it. Pure.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entente_api::chain::ChainSpec;
use entente_api::contract::{Collection, ContractDefinition};
use entente_api::{Contract, names};
use entente_fabric::policy::dsl;
use kube::ResourceExt as _;

use crate::trouble::{Result, Trouble};

/// Largest package that a resource may carry.
const MAX_PACKAGE_BYTES: usize = 1 << 20;
/// Environment variables that the platform sets itself.
const RESERVED: &[&str] = &["CHAINCODE_", "CORE_", "ENTENTE_"];

pub fn contract(contract: &Contract, chain: &ChainSpec) -> Result<()> {
    let chosen = contract.spec.name.as_ref();
    match chosen {
        Some(chosen) => name("spec.name", chosen)?,
        None => name("metadata.name", &contract.name_any())?,
    }
    let status = contract.status.as_ref();
    if let Some(old) = status.and_then(|status| status.name.as_ref())
        && *old != chosen.cloned().unwrap_or_else(|| contract.name_any())
    {
        return Err(Trouble::rejected(
            "spec.name",
            format!("it cannot change; it is \"{old}\" on the channel"),
        ));
    }
    let channel = crate::chain::plan::channel_of(contract.spec.definition.channel.as_deref(), chain);
    if let Some(old) = status.and_then(|status| status.channel.as_ref())
        && Some(old) != channel.as_ref()
    {
        return Err(Trouble::rejected(
            "spec.channel",
            format!("it cannot change; the contract is on \"{old}\""),
        ));
    }
    definition("spec", &contract.spec.definition, chain)
}

/// The name on the channel.
pub fn name(field: &str, name: &str) -> Result<()> {
    names::check_contract(name).map_err(|reason| Trouble::rejected(field, reason))
}

/// What a Contract and an entry of the short form have in common; `field` is where it stands.
pub fn definition(field: &str, definition: &ContractDefinition, chain: &ChainSpec) -> Result<()> {
    let at = |name: &str| format!("{field}.{name}");
    source(field, definition)?;
    if let Some(channel) = &definition.channel
        && !chain.channels.iter().any(|known| known.name == *channel)
    {
        return Err(Trouble::rejected(
            &at("channel"),
            format!("there is no channel \"{channel}\""),
        ));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+');
    if definition.version.is_empty() || definition.version.len() > 64 || !definition.version.bytes().all(plain) {
        let reason = format!(
            "\"{}\" is not a version; use letters, digits, dots, dashes, underscores and plus signs, at most 64",
            definition.version
        );
        return Err(Trouble::rejected(&at("version"), reason));
    }
    if definition.sequence.is_some_and(|sequence| sequence < 1) {
        return Err(Trouble::rejected(&at("sequence"), "the first sequence is 1"));
    }
    if let Some(policy) = &definition.endorsement_policy {
        dsl::parse(policy).map_err(|reason| Trouble::rejected(&at("endorsementPolicy"), reason))?;
    }
    for (index, item) in definition.collections.iter().enumerate() {
        collection(&format!("{field}.collections[{index}]"), item)?;
    }
    settings(&at("settings"), definition)
}

fn source(field: &str, definition: &ContractDefinition) -> Result<()> {
    let ContractDefinition {
        template,
        external,
        image,
        package,
        ..
    } = definition;
    let given = [
        template.is_some(),
        external.is_some(),
        image.is_some(),
        package.is_some(),
    ];
    if given.into_iter().filter(|given| *given).count() != 1 {
        return Err(Trouble::rejected(
            field,
            "give exactly one of template, external, image and package",
        ));
    }
    if let Some(image) = image {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b'$');
        if image.is_empty() || image.len() > 512 || !image.bytes().all(plain) {
            let reason = format!("\"{image}\" is not the name of an image; write registry/name@sha256:digest");
            return Err(Trouble::rejected(&format!("{field}.image"), reason));
        }
    }
    if let Some(template) = template {
        let field = format!("{field}.template");
        names::check_label(template).map_err(|reason| Trouble::rejected(&field, reason))?;
    }
    if let Some(external) = external {
        let field = format!("{field}.external.address");
        let port = external.address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if !port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0)) {
            let reason = format!("\"{}\" is not an address; write host:port", external.address);
            return Err(Trouble::rejected(&field, reason));
        }
    }
    if let Some(package) = package {
        let field = format!("{field}.package");
        let bytes = BASE64_STANDARD.decode(package.trim());
        let bytes = bytes.map_err(|error| Trouble::rejected(&field, format!("it is not base64: {error}")))?;
        if bytes.len() > MAX_PACKAGE_BYTES {
            return Err(Trouble::rejected(
                &field,
                "a package of a service is small; 1MB is the limit",
            ));
        }
        entente_fabric::package::open(&bytes).map_err(|error| Trouble::rejected(&field, error))?;
    }
    Ok(())
}

fn collection(field: &str, collection: &Collection) -> Result<()> {
    let at = |name: &str| format!("{field}.{name}");
    name(&at("name"), &collection.name)?;
    dsl::parse(&collection.policy).map_err(|reason| Trouble::rejected(&at("policy"), reason))?;
    if let Some(policy) = &collection.endorsement_policy {
        dsl::parse(policy).map_err(|reason| Trouble::rejected(&at("endorsementPolicy"), reason))?;
    }
    if collection.required_peer_count < 0 {
        return Err(Trouble::rejected(&at("requiredPeerCount"), "it cannot be negative"));
    }
    if collection.max_peer_count < collection.required_peer_count {
        return Err(Trouble::rejected(
            &at("maxPeerCount"),
            "it cannot be less than requiredPeerCount",
        ));
    }
    Ok(())
}

fn settings(field: &str, definition: &ContractDefinition) -> Result<()> {
    for name in definition.settings.keys() {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if name.is_empty() || !plain || RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
            let reason = format!(
                "\"{name}\" cannot be set; use letters, digits and underscores, and no name of the platform's own"
            );
            return Err(Trouble::rejected(field, reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_definition_is_rejected_in_the_users_words() {
        let chain: ChainSpec = serde_yaml::from_str("members: [{organization: bank}]").unwrap();
        let check = |text: &str| {
            let read: ContractDefinition = serde_yaml::from_str(text).unwrap();
            definition("spec", &read, &chain).map_or_else(|trouble| trouble.cause, |()| "accepted".to_owned())
        };

        assert_eq!(check("{template: evidence}"), "accepted");
        assert_eq!(
            check("{}"),
            "spec: give exactly one of template, external, image and package"
        );
        assert_eq!(
            check("{external: {address: localhost}}"),
            "spec.external.address: \"localhost\" is not an address; write host:port"
        );
        assert!(check("{template: evidence, version: 'a b'}").starts_with("spec.version: \"a b\" is not a version"));
        assert_eq!(
            check("{template: evidence, sequence: 0}"),
            "spec.sequence: the first sequence is 1"
        );
        assert!(check("{template: evidence, settings: {CORE_X: y}}").starts_with("spec.settings: \"CORE_X\""));
        assert!(check("{package: '?'}").starts_with("spec.package: it is not base64"));
        assert!(check("{template: evidence, endorsementPolicy: BOTH}").starts_with("spec.endorsementPolicy: "));
    }
}
