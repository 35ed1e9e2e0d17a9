//! Whether a chain's spec makes sense, in the words of whoever wrote it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use entente_api::access::{Access, AccessType};
use entente_api::chain::{Batch, ChainSpec};
use entente_api::{Chain, names, units};
use kube::ResourceExt as _;

use super::fetch::{Inputs, is_managed};
use crate::trouble::{Result, Trouble};

/// Largest number of peers of one member.
pub const MAX_PEERS: u32 = 9;
/// What an orderer's configuration can carry; Fabric's gRPC limit is 100 MiB.
const MAX_BLOCK_BYTES: u64 = 99 << 20;

/// Everything that only an edit can mend; the first such thing is the answer.
pub fn chain(chain: &Chain, inputs: &Inputs) -> Result<()> {
    let spec = &chain.spec;
    names::check_label(&chain.name_any()).map_err(|reason| Trouble::rejected("metadata.name", reason))?;
    ordering(spec)?;
    members(&chain.namespace().unwrap_or_default(), spec, inputs)?;
    channels(spec)?;
    writers(&chain.namespace().unwrap_or_default(), spec, inputs)?;
    contracts(spec)?;
    batch("spec.batch", &spec.batch)?;
    units::bytes(&spec.storage.size).map_err(|reason| Trouble::rejected("spec.storage.size", reason))?;
    access(&spec.access)?;
    release(spec, inputs)?;
    unchanged(chain, inputs)
}

fn ordering(spec: &ChainSpec) -> Result<()> {
    let field = "spec.ordering.replicas";
    match spec.ordering.replicas {
        1 | 3 | 5 => Ok(()),
        2 => Err(Trouble::rejected(
            field,
            "Raft with 2 orderers survives no failure; use 1, 3 or 5",
        )),
        other => Err(Trouble::rejected(
            field,
            format!("Raft cannot use {other} orderers well; use 1, 3 or 5"),
        )),
    }
}

fn members(own: &str, spec: &ChainSpec, inputs: &Inputs) -> Result<()> {
    let standing = inputs.members.iter().any(|member| !is_managed(member));
    if spec.members.is_empty() && !standing {
        return Err(Trouble::rejected(
            "spec.members",
            "a chain needs at least one member organization",
        ));
    }
    let mut seen = BTreeSet::new();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (index, member) in spec.members.iter().enumerate() {
        let field = format!("spec.members[{index}]");
        let organization = format!("{field}.organization");
        names::check_label(&member.organization).map_err(|reason| Trouble::rejected(&organization, reason))?;
        if !(1..=MAX_PEERS).contains(&member.peers) {
            let reason = format!("{} peers are not possible; use 1 to {MAX_PEERS}", member.peers);
            return Err(Trouble::rejected(&format!("{field}.peers"), reason));
        }
        if !seen.insert(&member.organization) {
            let reason = format!("\"{}\" is a member already", member.organization);
            return Err(Trouble::rejected(&organization, reason));
        }
        if let Some(namespace) = &member.namespace {
            let field = format!("{field}.namespace");
            names::check_label(namespace).map_err(|reason| Trouble::rejected(&field, reason))?;
        }
        let home = member.namespace.as_deref().unwrap_or(own);
        let msp_id = inputs.msp_id(home, &member.organization);
        if let Some(other) = owners.insert(msp_id.clone(), &member.organization) {
            let reason = format!(
                "\"{}\" and \"{other}\" have the same MSP id {msp_id}",
                member.organization
            );
            return Err(Trouble::rejected(&organization, reason));
        }
    }
    Ok(())
}

fn channels(spec: &ChainSpec) -> Result<()> {
    let members: BTreeSet<&String> = spec.members.iter().map(|member| &member.organization).collect();
    let mut seen = BTreeSet::new();
    for (index, channel) in spec.channels.iter().enumerate() {
        let field = format!("spec.channels[{index}]");
        let name = format!("{field}.name");
        names::check_channel(&channel.name).map_err(|reason| Trouble::rejected(&name, reason))?;
        if !seen.insert(&channel.name) {
            return Err(Trouble::rejected(
                &name,
                format!("there is a channel \"{}\" already", channel.name),
            ));
        }
        if channel.members.as_ref().is_some_and(Vec::is_empty) {
            let reason = "a channel needs at least one member; leave the field out for all of them";
            return Err(Trouble::rejected(&format!("{field}.members"), reason));
        }
        let mut own = BTreeSet::new();
        for (at, member) in channel.members.iter().flatten().enumerate() {
            let field = format!("{field}.members[{at}]");
            if !members.contains(member) {
                return Err(Trouble::rejected(
                    &field,
                    format!("\"{member}\" is not a member of the chain"),
                ));
            }
            if !own.insert(member) {
                return Err(Trouble::rejected(
                    &field,
                    format!("\"{member}\" is in the list already"),
                ));
            }
        }
        batch(&format!("{field}.batch"), &channel.batch)?;
    }
    Ok(())
}

/// That no channel is left to members that only read it. Who joins by a Member of their own is in all that name nobody.
fn writers(own: &str, spec: &ChainSpec, inputs: &Inputs) -> Result<()> {
    let writes = |organization: &str| {
        let entry = spec.members.iter().find(|entry| entry.organization == organization);
        let home = entry.and_then(|entry| entry.namespace.as_deref()).unwrap_or(own);
        !inputs.is_regulator(home, organization)
    };
    for (index, channel) in spec.channels.iter().enumerate() {
        let has_writer = match &channel.members {
            Some(members) => members.iter().any(|member| writes(member)),
            None => {
                let entries = spec.members.iter().map(|entry| &entry.organization);
                let standing = inputs.members.iter().filter(|member| !is_managed(*member));
                let mut everybody = entries.chain(standing.map(|member| &member.spec.organization));
                everybody.any(|member| writes(member))
            }
        };
        if !has_writer {
            let reason = "its members are regulators, who write nothing; name an organization that does";
            return Err(Trouble::rejected(&format!("spec.channels[{index}].members"), reason));
        }
    }
    Ok(())
}

fn contracts(spec: &ChainSpec) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, contract) in spec.contracts.iter().enumerate() {
        let field = format!("spec.contracts[{index}]");
        crate::contract::validate::name(&format!("{field}.name"), &contract.name)?;
        crate::contract::validate::definition(&field, &contract.definition, spec)?;
        let channel = super::plan::channel_of(contract.definition.channel.as_deref(), spec);
        if !seen.insert((channel.clone(), contract.name.to_ascii_lowercase().replace('_', "-"))) {
            let channel = channel.unwrap_or_default();
            let reason = format!(
                "there is a contract \"{}\" on channel \"{channel}\" already",
                contract.name
            );
            return Err(Trouble::rejected(&format!("{field}.name"), reason));
        }
    }
    Ok(())
}

fn batch(field: &str, batch: &Batch) -> Result<()> {
    if batch.max_message_count == Some(0) {
        return Err(Trouble::rejected(
            &format!("{field}.maxMessageCount"),
            "a block holds at least 1 transaction",
        ));
    }
    for (name, text) in [
        ("preferredMaxBytes", &batch.preferred_max_bytes),
        ("absoluteMaxBytes", &batch.absolute_max_bytes),
    ] {
        let Some(text) = text else { continue };
        let field = format!("{field}.{name}");
        let bytes = units::bytes(text).map_err(|reason| Trouble::rejected(&field, reason))?;
        if bytes == 0 || bytes > MAX_BLOCK_BYTES {
            return Err(Trouble::rejected(
                &field,
                format!("\"{text}\" is not possible; use 1 to 99MB"),
            ));
        }
    }
    if let Some(text) = &batch.timeout {
        let field = format!("{field}.timeout");
        let timeout = units::duration(text).map_err(|reason| Trouble::rejected(&field, reason))?;
        if timeout.is_zero() {
            return Err(Trouble::rejected(
                &field,
                "blocks need some time to fill; use 1ms or more",
            ));
        }
    }
    Ok(())
}

/// The same rules that the API server of a cluster enforces.
fn access(access: &Access) -> Result<()> {
    let only_with = |field: &str, given: bool, wanted: bool, kind: &str| match given == wanted {
        true => Ok(()),
        false => Err(Trouble::rejected(
            &format!("spec.access.{field}"),
            format!("give it with type {kind}, and only then"),
        )),
    };
    only_with(
        "gateway",
        access.gateway.is_some(),
        access.kind == AccessType::Gateway,
        "Gateway",
    )?;
    only_with(
        "host",
        access.host.is_some(),
        access.kind == AccessType::NodePort,
        "NodePort",
    )?;
    match access.kind {
        AccessType::Gateway => only_with("domain", access.domain.is_some(), true, "Gateway"),
        AccessType::LoadBalancer => Ok(()),
        AccessType::None | AccessType::NodePort => {
            only_with("domain", access.domain.is_some(), false, "Gateway or LoadBalancer")
        }
    }
}

fn release(spec: &ChainSpec, inputs: &Inputs) -> Result<()> {
    let Some(name) = &spec.release else { return Ok(()) };
    let found = inputs.releases.iter().find(|release| release.name_any() == *name);
    let Some(found) = found else {
        let known: Vec<String> = inputs
            .releases
            .iter()
            .map(|release| format!("\"{}\"", release.name_any()))
            .collect();
        let known = if known.is_empty() {
            "there are none".to_owned()
        } else {
            known.join(", ")
        };
        return Err(Trouble::rejected(
            "spec.release",
            format!("there is no release \"{name}\"; known: {known}"),
        ));
    };
    match spec.engine {
        Some(engine) if engine != found.spec.engine => {
            let reason = format!("release \"{name}\" is of the {} engine", found.spec.engine.as_str());
            Err(Trouble::rejected("spec.engine", reason))
        }
        _ => Ok(()),
    }
}

/// What cannot be taken back once it exists.
fn unchanged(chain: &Chain, inputs: &Inputs) -> Result<()> {
    let Some(status) = &chain.status else { return Ok(()) };
    let engine = super::plan::software(&chain.spec, &inputs.releases).engine;
    if let Some(current) = status.engine.filter(|current| *current != engine) {
        let reason = format!(
            "the chain runs on the {} engine, whose ledgers the other cannot take over yet",
            current.as_str()
        );
        return Err(Trouble::rejected("spec.engine", reason));
    }
    let gone = status
        .channels
        .iter()
        .find(|old| chain.spec.channels.iter().all(|channel| channel.name != old.name));
    if let Some(gone) = gone {
        let reason = format!(
            "channel \"{}\" exists and cannot be removed, because its members keep their ledgers; put it back, or delete the chain",
            gone.name
        );
        return Err(Trouble::rejected("spec.channels", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use entente_api::Organization;
    use entente_api::chain::{ChainStatus, ChannelStatus};

    use super::*;

    fn check(spec: &str) -> String {
        let resource = Chain::new("ledger", serde_yaml::from_str(spec).unwrap());
        chain(&resource, &Inputs::default()).map_or_else(|trouble| trouble.cause, |()| "accepted".to_owned())
    }

    #[test]
    fn a_wrong_spec_is_rejected_in_the_users_words() {
        let bank = "members: [{organization: bank}]";
        let cases = [
            (
                "ordering: {replicas: 2}",
                "spec.ordering.replicas: Raft with 2 orderers survives no failure; use 1, 3 or 5",
            ),
            (
                "members: []",
                "spec.members: a chain needs at least one member organization",
            ),
            (
                "channels: [{name: main, members: [tax]}]",
                "spec.channels[0].members[0]: \"tax\" is not a member of the chain",
            ),
            (
                "channels: [{name: main}, {name: main}]",
                "spec.channels[1].name: there is a channel \"main\" already",
            ),
            (
                "batch: {timeout: soon}",
                "spec.batch.timeout: \"soon\" is not a duration; write a whole number with a unit, such as 250ms or 2s",
            ),
            (
                "batch: {absoluteMaxBytes: 2G}",
                "spec.batch.absoluteMaxBytes: \"2G\" is not possible; use 1 to 99MB",
            ),
            (
                "release: blue",
                "spec.release: there is no release \"blue\"; known: there are none",
            ),
            (
                "access: {type: Gateway, domain: chains.example.com}",
                "spec.access.gateway: give it with type Gateway, and only then",
            ),
            (
                "access: {domain: chains.example.com}",
                "spec.access.domain: give it with type Gateway or LoadBalancer, and only then",
            ),
            (
                "contracts: [{name: pay}]",
                "spec.contracts[0]: give exactly one of template, external, image and package",
            ),
            (
                "contracts: [{name: pay, template: evidence, channel: side}]",
                "spec.contracts[0].channel: there is no channel \"side\"",
            ),
        ];
        for (wrong, reason) in cases {
            let spec = if wrong.starts_with("members") {
                wrong.to_owned()
            } else {
                format!("{bank}\n{wrong}")
            };
            assert_eq!(check(&spec), reason);
        }
        assert_eq!(check(bank), "accepted");
    }

    #[test]
    fn organizations_whose_msp_ids_meet_are_refused() {
        let reason = check("members: [{organization: a-b}, {organization: a--b}]");

        assert_eq!(
            reason,
            "spec.members[1].organization: \"a--b\" and \"a-b\" have the same MSP id ABMSP"
        );
    }

    #[test]
    fn a_channel_is_not_left_to_regulators() {
        let spec = "members: [{organization: bank}, {organization: supervisor}]\n\
                    channels: [{name: main}, {name: audit, members: [supervisor]}]";
        let resource = Chain::new("ledger", serde_yaml::from_str(spec).unwrap());
        let supervisor = Organization::new("supervisor", serde_yaml::from_str("regulator: true").unwrap());
        let inputs = Inputs {
            organizations: [((String::new(), "supervisor".to_owned()), supervisor)].into(),
            ..Inputs::default()
        };

        let rejected = chain(&resource, &inputs).unwrap_err();

        assert_eq!(
            rejected.cause,
            "spec.channels[1].members: its members are regulators, who write nothing; name an organization that does"
        );
    }

    #[test]
    fn a_channel_that_exists_cannot_be_dropped() {
        let mut resource = Chain::new(
            "ledger",
            serde_yaml::from_str("members: [{organization: bank}]").unwrap(),
        );
        let audit = ChannelStatus {
            name: "audit".to_owned(),
            ..ChannelStatus::default()
        };
        resource.status = Some(ChainStatus {
            channels: vec![audit],
            ..ChainStatus::default()
        });

        let rejected = chain(&resource, &Inputs::default()).unwrap_err();

        assert!(
            rejected
                .cause
                .starts_with("spec.channels: channel \"audit\" exists and cannot be removed")
        );
    }
}
