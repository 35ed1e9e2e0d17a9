//! What is wrong with a chain's spec by itself, so that the caller hears of it at once instead of reading it in the
//! status later. The operator checks again, with all that it knows.

use std::collections::HashSet;

use entente_api::chain::{Batch, ChainSpec};
use entente_api::contract::ContractDefinition;
use entente_api::{names, units};

use super::kind::{label, peers};
use super::problem::FieldError;

/// Every field that cannot be used.
pub fn spec(spec: &ChainSpec) -> Vec<FieldError> {
    let mut errors = members(spec);
    errors.extend(channels(spec));
    errors.extend(contracts(spec));
    errors.extend(batch("/spec/batch", &spec.batch));
    if !matches!(spec.ordering.replicas, 1 | 3 | 5) {
        let detail = match spec.ordering.replicas {
            2 => "Raft with 2 orderers survives no failure; use 1, 3 or 5".to_owned(),
            other => format!("Raft cannot use {other} orderers well; use 1, 3 or 5"),
        };
        errors.push(FieldError::invalid("/spec/ordering/replicas", detail));
    }
    errors
}

fn members(spec: &ChainSpec) -> Vec<FieldError> {
    if spec.members.is_empty() {
        return vec![FieldError::new(
            "/spec/members",
            "required",
            "a chain needs at least one member organization",
        )];
    }
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, member) in spec.members.iter().enumerate() {
        let pointer = format!("/spec/members/{index}");
        errors.extend(label(&format!("{pointer}/organization"), &member.organization));
        errors.extend(peers(&format!("{pointer}/peers"), member.peers));
        if !seen.insert(&member.organization) {
            let detail = format!("\"{}\" stands here twice", member.organization);
            errors.push(FieldError::invalid(format!("{pointer}/organization"), detail));
        }
    }
    errors
}

fn channels(spec: &ChainSpec) -> Vec<FieldError> {
    let organizations: HashSet<&String> = spec.members.iter().map(|member| &member.organization).collect();
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, channel) in spec.channels.iter().enumerate() {
        let pointer = format!("/spec/channels/{index}");
        let name = names::check_channel(&channel.name).err();
        errors.extend(name.map(|detail| FieldError::invalid(format!("{pointer}/name"), detail)));
        if !seen.insert(&channel.name) {
            errors.push(FieldError::invalid(
                format!("{pointer}/name"),
                format!("\"{}\" stands here twice", channel.name),
            ));
        }
        for (at, member) in channel
            .members
            .iter()
            .flatten()
            .enumerate()
            .filter(|(_, m)| !organizations.contains(m))
        {
            let detail = format!("\"{member}\" is not a member of the chain");
            errors.push(FieldError::invalid(format!("{pointer}/members/{at}"), detail));
        }
        if channel.members.as_ref().is_some_and(Vec::is_empty) {
            errors.push(FieldError::invalid(
                format!("{pointer}/members"),
                "must name at least one member, or be absent",
            ));
        }
        errors.extend(batch(&format!("{pointer}/batch"), &channel.batch));
    }
    errors
}

fn contracts(spec: &ChainSpec) -> Vec<FieldError> {
    let channels: HashSet<&str> = spec.channels.iter().map(|channel| channel.name.as_str()).collect();
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, contract) in spec.contracts.iter().enumerate() {
        let pointer = format!("/spec/contracts/{index}");
        let name = names::check_contract(&contract.name).err();
        errors.extend(name.map(|detail| FieldError::invalid(format!("{pointer}/name"), detail)));
        let channel = contract.definition.channel.as_deref();
        if let Some(unknown) = channel.filter(|channel| !channels.contains(channel)) {
            let detail = format!("\"{unknown}\" is not a channel of the chain");
            errors.push(FieldError::invalid(format!("{pointer}/channel"), detail));
        }
        if !seen.insert((channel, &contract.name)) {
            let detail = format!("\"{}\" stands here twice for the same channel", contract.name);
            errors.push(FieldError::invalid(format!("{pointer}/name"), detail));
        }
        errors.extend(definition(&pointer, &contract.definition));
    }
    errors
}

/// Every field of a contract's definition that cannot be used.
pub fn definition(pointer: &str, definition: &ContractDefinition) -> Vec<FieldError> {
    let given = [
        definition.template.is_some(),
        definition.external.is_some(),
        definition.image.is_some(),
        definition.package.is_some(),
    ];
    let mut errors = Vec::new();
    if given.into_iter().filter(|given| *given).count() != 1 {
        errors.push(FieldError::invalid(
            pointer,
            "give exactly one of template, external, image and package",
        ));
    }
    if let Some(name) = &definition.template {
        errors.extend(template(pointer, name, definition));
    }
    if definition.sequence.is_some_and(|sequence| sequence < 1) {
        errors.push(FieldError::invalid(format!("{pointer}/sequence"), "must be 1 or more"));
    }
    errors
}

/// A template that the platform has, with settings that it takes.
fn template(pointer: &str, name: &str, definition: &ContractDefinition) -> Vec<FieldError> {
    let Some(template) = entente_templates::find(name) else {
        let known: Vec<&str> = entente_templates::ALL.iter().map(|template| template.name).collect();
        let detail = format!("there is no template \"{name}\"; there is {}", known.join(", "));
        return vec![FieldError::invalid(format!("{pointer}/template"), detail)];
    };
    let wrong = template.wrong_settings(&definition.settings).into_iter();
    // A key may have any characters (RFC 6901, 3).
    let escaped = |name: String| name.replace('~', "~0").replace('/', "~1");
    wrong
        .map(|(name, reason)| FieldError::invalid(format!("{pointer}/settings/{}", escaped(name)), reason))
        .collect()
}

fn batch(pointer: &str, batch: &Batch) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if batch.max_message_count == Some(0) {
        errors.push(FieldError::invalid(
            format!("{pointer}/maxMessageCount"),
            "must be 1 or more",
        ));
    }
    for (field, size) in [
        ("preferredMaxBytes", &batch.preferred_max_bytes),
        ("absoluteMaxBytes", &batch.absolute_max_bytes),
    ] {
        let wrong = size.as_deref().map(units::bytes).and_then(Result::err);
        errors.extend(wrong.map(|detail| FieldError::invalid(format!("{pointer}/{field}"), detail)));
    }
    let wrong = batch.timeout.as_deref().map(units::duration).and_then(Result::err);
    errors.extend(wrong.map(|detail| FieldError::invalid(format!("{pointer}/timeout"), detail)));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wrong(spec: Value) -> Vec<String> {
        let spec: ChainSpec = serde_json::from_value(spec).unwrap();
        super::spec(&spec)
            .into_iter()
            .map(|error| format!("{}: {}", error.pointer, error.detail))
            .collect()
    }

    #[test]
    fn the_shortest_chain_is_right() {
        assert_eq!(wrong(json!({"members": [{"organization": "bank"}]})), [""; 0]);
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let found = wrong(json!({
            "members": [{"organization": "Bank"}, {"organization": "tax", "peers": 12}, {"organization": "tax"}],
            "channels": [{"name": "Main", "members": ["nobody"]}, {"name": "audit", "members": []}],
            "contracts": [{"name": "a", "channel": "other"}, {"name": "b", "template": "evidence", "image": "x", "sequence": 0},
                {"name": "c", "template": "escrow"}, {"name": "d", "template": "evidence", "settings": {"LOG_LEVEL": "loud", "A/B": "c"}}],
            "ordering": {"replicas": 2},
            "batch": {"preferredMaxBytes": "two", "timeout": "1", "maxMessageCount": 0},
        }));

        assert_eq!(
            found,
            [
                "/spec/members/0/organization: \"Bank\" is not a name; use lower-case letters, digits and dashes between them, at most 63",
                "/spec/members/1/peers: must be 1 to 9, not 12",
                "/spec/members/2/organization: \"tax\" stands here twice",
                "/spec/channels/0/name: \"Main\" is not a channel name; begin with a lower-case letter, then lower-case letters, digits, dots and dashes, at most 249",
                "/spec/channels/0/members/0: \"nobody\" is not a member of the chain",
                "/spec/channels/1/members: must name at least one member, or be absent",
                "/spec/contracts/0/channel: \"other\" is not a channel of the chain",
                "/spec/contracts/0: give exactly one of template, external, image and package",
                "/spec/contracts/1: give exactly one of template, external, image and package",
                "/spec/contracts/1/sequence: must be 1 or more",
                "/spec/contracts/2/template: there is no template \"escrow\"; there is evidence",
                "/spec/contracts/3/settings/A~1B: the template \"evidence\" has no parameter \"A/B\"; it has LONGEST_NOTE, LOG_LEVEL",
                "/spec/contracts/3/settings/LOG_LEVEL: must be one of error, warn, info, debug, trace, not \"loud\"",
                "/spec/batch/maxMessageCount: must be 1 or more",
                "/spec/batch/preferredMaxBytes: \"two\" is not a size; write a whole number with a unit, such as 2MB or 10Gi",
                "/spec/batch/timeout: \"1\" is not a duration; write a whole number with a unit, such as 250ms or 2s",
                "/spec/ordering/replicas: Raft with 2 orderers survives no failure; use 1, 3 or 5",
            ]
        );
    }
}
