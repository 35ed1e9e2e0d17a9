//! Whether a transaction is endorsed by those who must: the validation system chaincode
//! (`core/handlers/validation/builtin/v20`, `core/common/validation/statebased`).
//!
//! Each written key is checked against its own policy if it has one, else against its collection's, else against the
//! contract's, the last two once each. A transaction that writes nothing is checked against the contract's.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use entente_fabric::config::{ApplicationConfig, Bundle};
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::lifecycle::{self, Definition};
use entente_ledger::rwset::NsRwSet;
use entente_ledger::{Ledger, View};
use prost::Message as _;

use super::ValidateError;
use super::dispatch::{Endorsed, Key};
use super::policy::{Evaluator, Reference, members};

/// The only validation plugin there is.
const PLUGIN: &str = "vscc";
/// The metadata entry that holds a key's policy.
const VALIDATION_PARAMETER: &str = "VALIDATION_PARAMETER";
const LIFECYCLE_POLICY: &str = "/Channel/Application/LifecycleEndorsement";

/// Judges the transactions of one block.
pub struct Validator<'a> {
    bundle: &'a Bundle,
    ledger: &'a Ledger,
    /// State as of the block before.
    view: View,
    policies: Evaluator<'a>,
}

/// What became of a transaction.
#[derive(Debug)]
pub struct Settled {
    pub code: TxValidationCode,
    /// Keys whose policy it changes, in namespaces for which it is endorsed. Whoever writes one of them later in the
    /// block is refused, whether or not this transaction takes effect in the end.
    pub changed_policies: HashSet<Key>,
}

/// A contract's definition with its policy.
struct Contract {
    definition: Arc<Definition>,
    policy: Reference,
}

impl<'a> Validator<'a> {
    pub fn new(bundle: &'a Bundle, ledger: &'a Ledger) -> Validator<'a> {
        Validator {
            bundle,
            ledger,
            view: ledger.view(),
            policies: Evaluator::new(bundle),
        }
    }

    /// Judges one transaction. `changed` has the keys whose policies those before it in the block change.
    pub fn settle(&self, endorsed: &Endorsed, changed: &HashSet<Key>) -> Result<Settled, ValidateError> {
        let mut verdicts: BTreeMap<&str, TxValidationCode> = BTreeMap::new();
        for namespace in &endorsed.namespaces {
            let code = match self.contract(namespace)? {
                None => TxValidationCode::InvalidChaincode,
                Some(contract) if self.is_endorsed(endorsed, namespace, &contract, changed)? => {
                    TxValidationCode::Valid
                }
                Some(_) => TxValidationCode::EndorsementPolicyFailure,
            };
            verdicts.insert(namespace, code);
            // The other namespaces matter only to those who write the same keys later.
            if code != TxValidationCode::Valid && endorsed.metadata_writes.is_empty() {
                break;
            }
        }
        let is_endorsed = |key: &&Key| verdicts.get(key.namespace.as_str()) == Some(&TxValidationCode::Valid);
        let changed_policies = endorsed.metadata_writes.iter().filter(is_endorsed).cloned().collect();
        let code = verdicts.values().copied().find(|code| *code != TxValidationCode::Valid);
        Ok(Settled {
            code: code.unwrap_or(TxValidationCode::Valid),
            changed_policies,
        })
    }

    /// The definition and policy of a namespace (`ValidationInfo` in `core/chaincode/lifecycle`). `None` when there is
    /// no such contract or its definition names no policy.
    fn contract(&self, namespace: &str) -> Result<Option<Contract>, ValidateError> {
        let Some(definition) = self.ledger.definition(namespace)? else {
            return Ok(None);
        };
        if namespace == lifecycle::NAMESPACE {
            return Ok(Some(Contract {
                definition,
                policy: self.lifecycle_policy(),
            }));
        }
        let validation = &definition.validation;
        match validation.validation_plugin.as_str() {
            "" => return Ok(None),
            PLUGIN => {}
            other => return Err(ValidateError::Halted(format!("plugin with name {other} wasn't found"))),
        }
        if validation.validation_parameter.is_empty() {
            return Ok(None);
        }
        let policy = Reference::Application(validation.validation_parameter.clone());
        Ok(Some(Contract { definition, policy }))
    }

    /// `LifecycleEndorsementPolicyAsBytes`.
    fn lifecycle_policy(&self) -> Reference {
        if self.bundle.policies.get(LIFECYCLE_POLICY).is_some() {
            return Reference::Channel(LIFECYCLE_POLICY.to_owned());
        }
        let msp_ids: Vec<&str> = self.organizations().map(|(_, msp_id)| msp_id).collect();
        members(msp_ids.len() / 2 + 1, &msp_ids)
    }

    /// Group name and MSP id of the channel's application organizations.
    fn organizations(&self) -> impl Iterator<Item = (&str, &str)> {
        let organizations = self
            .bundle
            .application
            .iter()
            .flat_map(|ApplicationConfig { organizations, .. }| organizations);
        organizations.map(|(name, organization)| (name.as_str(), organization.msp_id.as_str()))
    }

    /// Stock takes the same walk in `baseEvaluator.Evaluate`.
    fn is_endorsed(
        &self,
        endorsed: &Endorsed,
        namespace: &str,
        contract: &Contract,
        changed: &HashSet<Key>,
    ) -> Result<bool, ValidateError> {
        let mut check = Check {
            validator: self,
            endorsed,
            namespace,
            contract,
            changed,
            satisfied: HashSet::new(),
            some: false,
        };
        for ns in endorsed.rwset.namespaces.iter().filter(|ns| ns.namespace == namespace) {
            if !check.public(ns)? || !check.collections(ns)? {
                return Ok(false);
            }
        }
        Ok(check.some || check.policy(&contract.policy))
    }

    /// The policy of a collection (`CollectionValidationInfo`). `None` when there is no such collection.
    fn collection_policy(&self, collection: &str, contract: &Contract) -> Option<Reference> {
        if let Some(msp_id) = collection.strip_prefix(lifecycle::IMPLICIT_COLLECTION) {
            let (name, _) = self.organizations().find(|(_, id)| *id == msp_id)?;
            let path = format!("/Channel/Application/{name}/Endorsement");
            let defined = self.bundle.policies.get(&path).is_some();
            return Some(if defined {
                Reference::Channel(path)
            } else {
                members(1, &[msp_id])
            });
        }
        let mut collections = contract.definition.explicit_collections();
        let found = collections.find(|found| found.name == collection)?;
        let own = found
            .endorsement_policy
            .as_ref()
            .map(|policy| Reference::Application(policy.encode_to_vec()));
        Some(own.unwrap_or_else(|| contract.policy.clone()))
    }
}

/// The check of one transaction in one namespace.
struct Check<'a> {
    validator: &'a Validator<'a>,
    endorsed: &'a Endorsed,
    namespace: &'a str,
    contract: &'a Contract,
    changed: &'a HashSet<Key>,
    /// Collections whose policy was found satisfied, and "" for the contract's.
    satisfied: HashSet<String>,
    /// Whether any policy was looked at.
    some: bool,
}

impl Check<'_> {
    fn public(&mut self, ns: &NsRwSet) -> Result<bool, ValidateError> {
        let writes = ns.public.writes.iter().map(|write| &write.key);
        let metadata_writes = ns.public.metadata_writes.iter().map(|write| &write.key);
        for key in writes.chain(metadata_writes) {
            if !self.public_key(key)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn public_key(&mut self, key: &str) -> Result<bool, ValidateError> {
        if self.is_contested("", key.as_bytes()) {
            return Ok(false);
        }
        let found = self.validator.view.get(self.namespace, key)?;
        let policy = found.and_then(|versioned| versioned.metadata_entry(VALIDATION_PARAMETER));
        Ok(self.key(policy, &self.contract.policy.clone(), ""))
    }

    fn collections(&mut self, ns: &NsRwSet) -> Result<bool, ValidateError> {
        let writes = ns.collections.iter().flat_map(|set| {
            set.hashed
                .hashed_writes
                .iter()
                .map(move |write| (&set.collection, &write.key_hash))
        });
        let metadata_writes = ns.collections.iter().flat_map(|set| {
            set.hashed
                .metadata_writes
                .iter()
                .map(move |write| (&set.collection, &write.key_hash))
        });
        for (collection, key_hash) in writes.chain(metadata_writes) {
            // Stock tells public keys by an empty collection name, so a collection of that name is the public state.
            if collection.is_empty() {
                if !self.public_key(&String::from_utf8_lossy(key_hash))? {
                    return Ok(false);
                }
                continue;
            }
            if self.is_contested(collection, key_hash) {
                return Ok(false);
            }
            // A key's own policy does not count in a collection that is no longer defined.
            let Some(collection_policy) = self.validator.collection_policy(collection, self.contract) else {
                return Ok(false);
            };
            let found = self.validator.view.private_hash(self.namespace, collection, key_hash)?;
            let policy = found.and_then(|versioned| versioned.metadata_entry(VALIDATION_PARAMETER));
            if !self.key(policy, &collection_policy, collection) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a transaction before this one changes the key's policy.
    fn is_contested(&self, collection: &str, key: &[u8]) -> bool {
        !self.changed.is_empty()
            && self.changed.contains(&Key {
                namespace: self.namespace.to_owned(),
                collection: collection.to_owned(),
                key: key.to_vec(),
            })
    }

    /// Checks a key against its own policy, or once against `fallback`, remembered under `name`.
    fn key(&mut self, own: Option<Vec<u8>>, fallback: &Reference, name: &str) -> bool {
        if let Some(own) = own.filter(|own| !own.is_empty()) {
            self.some = true;
            // Stock stops the channel on a policy that cannot be read; nobody can satisfy it here.
            return self.policy(&Reference::Signature(own));
        }
        if self.satisfied.contains(name) {
            return true;
        }
        let is_satisfied = self.policy(fallback);
        if is_satisfied {
            self.satisfied.insert(name.to_owned());
            self.some = true;
        }
        is_satisfied
    }

    fn policy(&self, reference: &Reference) -> bool {
        self.validator
            .policies
            .is_satisfied(reference, &self.endorsed.endorsers)
    }
}
