//! Which capabilities exist, and what each switches on (`common/capabilities`).

use prost::Message as _;

use super::ConfigError;
use crate::identity::MspVersion;
use crate::proto::common;

const CHANNEL: [&str; 6] = ["V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"];
const ORDERER: [&str; 3] = ["V1_1", "V1_4_2", "V2_0"];
const APPLICATION: [&str; 8] = [
    "V1_1",
    "V1_2",
    "V1_3",
    "V1_4_2",
    "V2_0",
    "V2_5",
    "V1_1_PVTDATA_EXPERIMENTAL",
    "V1_1_RESOURCETREE_EXPERIMENTAL",
];

fn any(names: &[String], wanted: &[&str]) -> bool {
    names.iter().any(|name| wanted.contains(&name.as_str()))
}

/// Whether orderer organizations may list their own endpoints, and whether the consensus type may change.
pub(super) fn since_v1_4_2(channel: &[String]) -> bool {
    any(channel, &["V1_4_2", "V1_4_3", "V2_0", "V3_0"])
}

/// V3_0: BFT is allowed, every orderer organization needs endpoints, global addresses are banned.
pub(super) fn bft(channel: &[String]) -> bool {
    any(channel, &["V3_0"])
}

pub(super) fn acls(application: &[String]) -> bool {
    any(application, &["V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"])
}

/// Which MSP rules a channel asks for. Below V1_3 Fabric has still older rules; we apply the oldest that we have.
pub(super) fn msp_version(channel: &[String]) -> MspVersion {
    if any(channel, &["V3_0"]) {
        MspVersion::V3_0
    } else if any(channel, &["V1_4_3", "V2_0"]) {
        MspVersion::V1_4_3
    } else {
        MspVersion::V1_3
    }
}

pub(super) fn check_channel(names: &[String]) -> Result<(), ConfigError> {
    check("Channel", names, &CHANNEL)
}

pub(super) fn check_orderer(names: &[String]) -> Result<(), ConfigError> {
    check("Orderer", names, &ORDERER)
}

pub(super) fn check_application(names: &[String]) -> Result<(), ConfigError> {
    check("Application", names, &APPLICATION)
}

fn check(group: &str, names: &[String], known: &[&str]) -> Result<(), ConfigError> {
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(ConfigError(format!(
            "{group} capability {unknown} is required but not supported"
        ))),
        None => Ok(()),
    }
}

/// The bytes of a `Capabilities` value, as Go writes them: prost leaves out the empty `Capability` of each entry, and
/// updates compare values by bytes.
pub(super) fn encode(names: &[&str]) -> Vec<u8> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let mut out = Vec::new();
    for name in sorted {
        let mut entry = Vec::new();
        prost::encoding::string::encode(1, &name.to_owned(), &mut entry);
        prost::encoding::message::encode(2, &common::Capability {}, &mut entry);
        prost::encoding::bytes::encode(1, &entry, &mut out);
    }
    debug_assert!(common::Capabilities::decode(&out[..]).is_ok());
    out
}
