//! Who may call what (`core/aclmgmt`): the defaults by resource, and what a channel's configuration puts in their place.

use std::sync::Arc;

use entente_fabric::identity::Msp;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{MspPrincipal, MspRole, msp_principal, msp_role};
use entente_fabric::proto::msp::SerializedIdentity;
use prost::Message as _;

use crate::channels::Channels;
use crate::failure::Failure;

const READERS: &str = "/Channel/Application/Readers";
const WRITERS: &str = "/Channel/Application/Writers";

/// What guards a resource unless its channel says otherwise (`core/aclmgmt/defaultaclprovider.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// A role in the peer's own organization; channels cannot change that.
    Local(LocalRole),
    /// A policy of the channel.
    Channel(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LocalRole {
    Admins,
    Members,
}

impl LocalRole {
    fn name(self) -> &'static str {
        match self {
            LocalRole::Admins => "Admins",
            LocalRole::Members => "Members",
        }
    }

    fn principal(self, msp_id: &str) -> MspPrincipal {
        let role = match self {
            LocalRole::Admins => msp_role::MspRoleType::Admin,
            LocalRole::Members => msp_role::MspRoleType::Member,
        };
        let principal = MspRole {
            msp_identifier: msp_id.to_owned(),
            role: role as i32,
        }
        .encode_to_vec();
        MspPrincipal {
            principal_classification: msp_principal::Classification::Role as i32,
            principal,
        }
    }
}

fn default_guard(resource: &str) -> Option<Guard> {
    Some(match resource {
        "_lifecycle/InstallChaincode"
        | "_lifecycle/QueryInstalledChaincode"
        | "_lifecycle/GetInstalledChaincodePackage"
        | "_lifecycle/QueryInstalledChaincodes"
        | "_lifecycle/ApproveChaincodeDefinitionForMyOrg"
        | "_lifecycle/QueryApprovedChaincodeDefinition"
        | "_lifecycle/QueryApprovedChaincodeDefinitions"
        | "snapshot/submitrequest"
        | "snapshot/cancelrequest"
        | "snapshot/listpending"
        | "cscc/JoinChain"
        | "cscc/JoinChainBySnapshot"
        | "cscc/JoinBySnapshotStatus" => Guard::Local(LocalRole::Admins),
        "cscc/GetChannels" => Guard::Local(LocalRole::Members),
        "_lifecycle/CommitChaincodeDefinition"
        | "_lifecycle/QueryChaincodeDefinition"
        | "_lifecycle/QueryChaincodeDefinitions"
        | "_lifecycle/CheckCommitReadiness"
        | "peer/Propose"
        | "peer/ChaincodeToChaincode" => Guard::Channel(WRITERS),
        "qscc/GetChainInfo"
        | "qscc/GetBlockByNumber"
        | "qscc/GetBlockByHash"
        | "qscc/GetTransactionByID"
        | "qscc/GetBlockByTxID"
        | "cscc/GetConfigBlock"
        | "cscc/GetChannelConfig"
        | "event/Block"
        | "event/FilteredBlock"
        | "gateway/CommitStatus"
        | "gateway/ChaincodeEvents" => Guard::Channel(READERS),
        _ => return None,
    })
}

/// Checks requests against the resources' guards.
pub struct Acl {
    local_msp: Arc<Msp>,
    channels: Arc<Channels>,
}

impl Acl {
    pub fn new(local_msp: Arc<Msp>, channels: Arc<Channels>) -> Acl {
        Acl { local_msp, channels }
    }

    /// The peer's own organization's membership rules.
    pub fn local_msp(&self) -> &Arc<Msp> {
        &self.local_msp
    }

    /// Whether `caller` may use `resource` (such as `peer/Propose`) on `channel`; `channel` is empty for what concerns
    /// the peer alone.
    pub fn check(&self, resource: &str, channel: &str, caller: &SignedData) -> Result<(), Failure> {
        let default = default_guard(resource);
        if let Some(Guard::Local(role)) = default {
            return self.check_local(role, caller);
        }
        let bundle = self.channels.get(channel).map(|channel| channel.bundle());
        let configured = bundle
            .as_ref()
            .and_then(|bundle| bundle.application.as_ref()?.acls.get(resource));
        if let (Some(bundle), Some(path)) = (&bundle, configured.filter(|path| !path.is_empty())) {
            let Some(policy) = bundle.policies.get(path) else {
                return Err(Failure(format!(
                    "failed evaluating policy on signed data during check policy [{path}]: [policy {path} not found]"
                )));
            };
            return policy.evaluate_signed(std::slice::from_ref(caller)).map_err(|reason| {
                Failure(format!(
                    "failed evaluating policy on signed data during check policy [{path}]: [{reason}]"
                ))
            });
        }
        let Some(Guard::Channel(path)) = default else {
            return Err(Failure(format!("Unmapped policy for {resource}")));
        };
        if channel.is_empty() {
            // A policy path is no role of the local organization.
            return Err(Failure(format!(
                "Failed getting local MSP principal during channelless check policy with policy [{path}]: [MSP Principal role [{path}] not recognized]"
            )));
        }
        let Some(bundle) = bundle else {
            return Err(Failure(format!("Failed to get policy manager for channel [{channel}]")));
        };
        let outcome = match bundle.policies.get(path) {
            Some(policy) => policy
                .evaluate_signed(std::slice::from_ref(caller))
                .map_err(|reason| reason.to_string()),
            None => Err(format!("No such policy: '{path}'")),
        };
        outcome.map_err(|reason| {
            Failure(format!(
                "Failed evaluating policy on signed data during check policy on channel [{channel}] with policy [{path}]: [{reason}]"
            ))
        })
    }

    fn check_local(&self, role: LocalRole, caller: &SignedData) -> Result<(), Failure> {
        let name = role.name();
        let identity = self.local_identity(&caller.identity).map_err(|reason| {
            Failure(format!(
                "Failed deserializing proposal creator during channelless check policy with policy [{name}]: [{reason}]"
            ))
        })?;
        identity.satisfies(&role.principal(self.local_msp.id())).map_err(|reason| {
            Failure(format!(
                "Failed verifying that proposal's creator satisfies local MSP principal during channelless check policy with policy [{name}]: [{reason}]"
            ))
        })?;
        identity
            .verify(&caller.data, &caller.signature)
            .map_err(|reason| Failure(reason.to_string()))
    }

    /// Reads a marshalled `msp.SerializedIdentity` as one of the peer's own organization.
    pub fn local_identity(
        &self,
        serialized: &[u8],
    ) -> Result<Arc<entente_fabric::identity::Identity>, entente_fabric::identity::IdentityError> {
        use entente_fabric::identity::IdentityError;
        let identity = SerializedIdentity::decode(serialized)
            .map_err(|_| IdentityError::Malformed("could not deserialize a SerializedIdentity".to_owned()))?;
        if identity.mspid != self.local_msp.id() {
            let (expected, received) = (self.local_msp.id(), identity.mspid);
            return Err(IdentityError::Invalid(format!(
                "expected MSP ID {expected}, received {received}"
            )));
        }
        self.local_msp.deserialize(&identity.id_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_joining_are_for_local_admins_and_reading_is_for_channel_readers() {
        let guards = [
            "_lifecycle/InstallChaincode",
            "cscc/JoinChain",
            "cscc/GetChannels",
            "qscc/GetChainInfo",
        ];

        let found = guards.map(default_guard);

        let admins = Some(Guard::Local(LocalRole::Admins));
        let expected = [
            admins,
            admins,
            Some(Guard::Local(LocalRole::Members)),
            Some(Guard::Channel(READERS)),
        ];
        assert_eq!(found, expected);
        assert_eq!(default_guard("_lifecycle/Nope"), None);
    }
}
