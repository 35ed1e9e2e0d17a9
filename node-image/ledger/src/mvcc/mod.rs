//! Settles versions: which transactions of a block still read what they read when they were simulated
//! (`validation/validator.go`).
//!
//! Transactions are taken in order. A key that an earlier valid transaction of the block wrote counts as changed, even
//! when it was written with the same value.

pub mod ops;
pub mod range;
pub mod updates;

use entente_fabric::proto::protos::TxValidationCode;

use crate::rwset::{NsRwSet, TxRwSet, version};
use crate::state::View;
use crate::{LedgerError, Version};
use updates::Updates;

/// Why a transaction cannot take effect.
#[derive(Debug)]
pub enum Conflict {
    /// A key has another version than was read.
    Read,
    /// A range holds other keys than were read.
    Phantom,
    /// Stock stops the whole channel on this; we refuse the transaction and go on.
    Refused(Refusal),
    Failed(LedgerError),
}

/// Content of a read-write set that no simulation makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    RangeReadWithoutVersion,
    MerkleDegree,
    MetadataOfDeletedKey,
}

impl From<LedgerError> for Conflict {
    fn from(error: LedgerError) -> Conflict {
        Conflict::Failed(error)
    }
}

/// Checks the transactions of block `number` that are valid so far, in order, and collects what they change. `codes`
/// holds the outcome afterwards. An entry of `rwsets` is `None` for a transaction without any.
///
/// With `check` false the codes are final already, as when a committed block is applied again.
pub fn settle(
    number: u64,
    rwsets: &[Option<TxRwSet>],
    codes: &mut [TxValidationCode],
    view: &View,
    check: bool,
) -> Result<Updates, LedgerError> {
    let mut updates = Updates::default();
    for (at, (rwset, code)) in rwsets.iter().zip(codes.iter_mut()).enumerate() {
        let Some(rwset) = rwset.as_ref().filter(|_| *code == TxValidationCode::Valid) else {
            continue;
        };
        let outcome = if check { reads(rwset, &updates, view) } else { Ok(()) };
        let outcome = outcome.and_then(|()| {
            let applied = ops::apply(
                rwset,
                Version {
                    block: number,
                    tx: at as u64,
                },
                &mut updates,
                view,
            )?;
            if applied {
                Ok(())
            } else {
                Err(Conflict::Refused(Refusal::MetadataOfDeletedKey))
            }
        });
        match outcome {
            Ok(()) => {}
            Err(Conflict::Read) => *code = TxValidationCode::MvccReadConflict,
            Err(Conflict::Phantom) => *code = TxValidationCode::PhantomReadConflict,
            Err(Conflict::Refused(refusal)) => {
                tracing::warn!(block = number, tx = at, ?refusal, "refused a malformed read-write set");
                *code = TxValidationCode::InvalidOtherReason;
            }
            Err(Conflict::Failed(error)) => return Err(error),
        }
    }
    Ok(updates)
}

fn reads(rwset: &TxRwSet, updates: &Updates, view: &View) -> Result<(), Conflict> {
    rwset.namespaces.iter().try_for_each(|ns| {
        public_reads(ns, updates, view)?;
        ns.public
            .range_queries_info
            .iter()
            .try_for_each(|info| range::check(&ns.namespace, info, updates, view))?;
        hashed_reads(ns, updates, view)
    })
}

fn public_reads(ns: &NsRwSet, updates: &Updates, view: &View) -> Result<(), Conflict> {
    for read in &ns.public.reads {
        if updates.public(&ns.namespace, &read.key).is_some() {
            return Err(Conflict::Read);
        }
        let committed = view.get(&ns.namespace, &read.key)?.map(|versioned| versioned.version);
        if committed != version(read.version.as_ref()) {
            return Err(Conflict::Read);
        }
    }
    Ok(())
}

fn hashed_reads(ns: &NsRwSet, updates: &Updates, view: &View) -> Result<(), Conflict> {
    for set in &ns.collections {
        for read in &set.hashed.hashed_reads {
            if updates.hashed(&ns.namespace, &set.collection, &read.key_hash).is_some() {
                return Err(Conflict::Read);
            }
            let committed = view.private_hash(&ns.namespace, &set.collection, &read.key_hash)?;
            if committed.map(|versioned| versioned.version) != version(read.version.as_ref()) {
                return Err(Conflict::Read);
            }
        }
    }
    Ok(())
}
