//! Private data collections: whether one exists, and what a transaction's creator may do with it
//! (`core/common/privdata/store.go`, `core/ledger/kvledger/txmgmt/txmgr/collection_val.go`).
//!
//! The definition is read through the transaction's simulator, so the reads are part of its read set, as on a stock
//! peer: without them the payloads of two peers would differ.

use entente_fabric::policy::Policy;
use entente_fabric::proto::protos::{CollectionConfigPackage, StaticCollectionConfig, collection_config};

use super::transaction::{Place, Transaction};
use crate::failure::Failure;
use crate::lifecycle::{definition, implicit, state::PublicState};

/// What a creator may do in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    pub read: bool,
    pub write: bool,
}

impl Access {
    const FULL: Access = Access {
        read: true,
        write: true,
    };

    /// Looks up `collection` of `namespace` and judges the transaction's creator.
    pub fn of(transaction: &Transaction, namespace: &str, collection: &str) -> Result<Access, Failure> {
        let place = transaction.place()?;
        let missing = || {
            let channel = &transaction.channel_id;
            Failure(format!(
                "collection {channel}/{namespace}/{collection} could not be found"
            ))
        };
        let defined = defined(transaction, namespace)?.ok_or_else(missing)?;
        if let Some(msp_id) = implicit::organization(collection) {
            // An implicit collection is open to everybody on a peer that has it, but it must be one of this channel.
            return match implicit::organizations(&place.bundle).any(|member| member == msp_id) {
                true => Ok(Access::FULL),
                false => Err(not_in(namespace, collection)),
            };
        }
        let config = statics(&defined)
            .find(|config| config.name == collection)
            .ok_or_else(missing)?;
        judge(config, transaction, place).map_err(|reason| {
            reason.within(format_args!(
                "error setting up collection for collection criteria privdata.CollectionCriteria{{Channel:{:?}, Collection:{collection:?}, Namespace:{namespace:?}}}",
                &*transaction.channel_id
            ))
        })
    }
}

fn not_in(namespace: &str, collection: &str) -> Failure {
    Failure(format!(
        "collection [{collection}] not defined in the collection config for chaincode [{namespace}]"
    ))
}

fn defined(transaction: &Transaction, namespace: &str) -> Result<Option<CollectionConfigPackage>, Failure> {
    if namespace == crate::lifecycle::NAMESPACE {
        return Ok(Some(CollectionConfigPackage::default()));
    }
    let defined = definition::read(&mut PublicState(transaction), namespace)
        .map_err(|failure| failure.within("could not get chaincode"))?;
    if defined.is_none() {
        // The legacy registry is where a stock peer looks next.
        transaction.simulate(|simulator| simulator.get_state("lscc", &format!("{namespace}~collection")))?;
    }
    Ok(defined.map(|definition| definition.parameters.collections))
}

fn statics(package: &CollectionConfigPackage) -> impl Iterator<Item = &StaticCollectionConfig> {
    package.config.iter().filter_map(|config| {
        let collection_config::Payload::StaticCollectionConfig(config) = config.payload.as_ref()?;
        Some(config)
    })
}

fn judge(config: &StaticCollectionConfig, transaction: &Transaction, place: &Place) -> Result<Access, Failure> {
    let policy = member_policy(config, place)?;
    if !config.member_only_read && !config.member_only_write {
        return Ok(Access::FULL);
    }
    if policy.evaluate_signed(&[transaction.signed_data()]).is_ok() {
        return Ok(Access::FULL);
    }
    Ok(Access {
        read: !config.member_only_read,
        write: !config.member_only_write,
    })
}

fn member_policy(config: &StaticCollectionConfig, place: &Place) -> Result<Policy, Failure> {
    use entente_fabric::proto::protos::collection_policy_config::Payload;
    let policy = config
        .member_orgs_policy
        .as_ref()
        .ok_or_else(|| Failure::new("Collection config policy is nil"))?;
    let Some(Payload::SignaturePolicy(envelope)) = &policy.payload else {
        return Err(Failure::new("Collection config access policy is nil"));
    };
    Policy::from_signature_policy(envelope, place.bundle.msps.clone()).map_err(|reason| Failure(reason.to_string()))
}
