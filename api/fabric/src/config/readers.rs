//! Members that read a channel and write nothing to it, as who supervises it does.
//!
//! Nobody satisfies the `Writers` and `Endorsement` policies of such a member. Fabric counts a majority over all
//! organizations of a group, whatever they may do (`common/policies/implicitmeta.go`): so the majorities of a channel with
//! readers name those who write, and its access control lists let readers ask what Fabric keeps for writers by default.

use std::collections::BTreeSet;

use prost::Message as _;

use super::genesis::Organization;
use super::policies::{Role, any_role, implicit_meta, majority_of, nobody};
use super::{ConfigError, edit};
use crate::proto::common::implicit_meta_policy::Rule;
use crate::proto::common::{Config, ConfigGroup, Policy};
use crate::proto::protos::{AcLs, ApiResource};

const READERS: &str = "/Channel/Application/Readers";

/// What a reader asks for: to evaluate contracts, and which contracts there are. All of it is guarded by `Writers`
/// otherwise (`core/aclmgmt/defaultaclprovider.go`). What is written has to pass the orderers' own check of `Writers`.
const QUESTIONS: [&str; 4] = [
    "_lifecycle/QueryChaincodeDefinition",
    "_lifecycle/QueryChaincodeDefinitions",
    "peer/ChaincodeToChaincode",
    "peer/Propose",
];

/// The policies of the Application group that depend on who its members are.
pub(super) fn majorities(members: &[Organization]) -> [(&'static str, Policy); 3] {
    let any_reader = members.iter().any(|member| member.reads_only);
    let writers = members.iter().filter(|member| !member.reads_only);
    let writers: BTreeSet<&str> = writers.map(|member| member.msp.name.as_str()).collect();
    let majority = |role, sub_policy| match any_reader {
        true => majority_of(&writers, role),
        false => implicit_meta(Rule::Majority, sub_policy),
    };
    [
        ("Admins", majority(Role::Admin, "Admins")),
        ("Endorsement", majority(Role::Peer, "Endorsement")),
        ("LifecycleEndorsement", majority(Role::Peer, "Endorsement")),
    ]
}

/// The policies of a member by which it writes.
pub(super) fn writing(member: &Organization) -> [(&'static str, Policy); 2] {
    let id = &member.msp.name;
    match member.reads_only {
        true => [("Writers", nobody()), ("Endorsement", nobody())],
        false => [
            ("Writers", any_role(id, &[Role::Admin, Role::Client])),
            ("Endorsement", any_role(id, &[Role::Peer])),
        ],
    }
}

/// The access control list of a channel with these members, unless Fabric's defaults will do.
pub(super) fn access(members: &[Organization]) -> Option<AcLs> {
    let entries = QUESTIONS.map(|resource| (resource.to_owned(), to_readers()));
    members.iter().any(|member| member.reads_only).then(|| AcLs {
        acls: entries.into_iter().collect(),
    })
}

fn to_readers() -> ApiResource {
    ApiResource {
        policy_ref: READERS.to_owned(),
    }
}

/// Lets those of `members` that only read do no more, and has the others decide. A channel that has no readers and wants
/// none keeps whatever policies it has.
pub fn settle(config: &Config, members: &[Organization]) -> Result<Config, ConfigError> {
    let wanted = members.iter().any(|member| member.reads_only);
    edit::edit(config, &["Application"], |application| {
        if !wanted && !application.groups.values().any(only_reads) {
            return Ok(());
        }
        for (name, policy) in majorities(members) {
            edit::put_policy(application, name, policy);
        }
        for member in members {
            let group = application.groups.get_mut(&member.name);
            let Some(group) = group.filter(|group| only_reads(group) != member.reads_only) else {
                continue;
            };
            for (name, policy) in writing(member) {
                edit::put_policy(group, name, policy);
            }
        }
        open_questions(application, wanted)
    })
}

/// Whether a member's group has nobody write.
fn only_reads(member: &ConfigGroup) -> bool {
    let writers = member.policies.get("Writers");
    writers.is_some_and(|writers| writers.policy.as_ref() == Some(&nobody()))
}

/// Adds what readers ask for to the access control list or takes it out; other entries stay.
fn open_questions(application: &mut ConfigGroup, open: bool) -> Result<(), ConfigError> {
    let current = application.values.get("ACLs").map(|value| &value.value[..]);
    let mut lists: AcLs = edit::decode("ACLs", current.unwrap_or_default())?;
    for resource in QUESTIONS {
        if open {
            lists.acls.insert(resource.to_owned(), to_readers());
        } else {
            lists.acls.remove(resource);
        }
    }
    if lists.acls.is_empty() {
        application.values.remove("ACLs");
    } else {
        edit::put(application, "ACLs", lists.encode_to_vec());
    }
    Ok(())
}
