//! Decides the fate of each transaction of a block, before versions are settled: formats, signatures and policies
//! (`core/committer/txvalidator/v20`). Reads the state as of the block before; writes nothing.
//!
//! What costs time, signatures above all, is done for all transactions side by side. Policies are looked at in order
//! when a transaction of the block changes one of them.

mod configuration;
mod dispatch;
mod endorsement;
mod format;
mod policy;
mod presence;

use std::collections::HashSet;

use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;
use entente_fabric::proto::protos::TxValidationCode;
use entente_ledger::lifecycle::DefinitionError;
use entente_ledger::{Ledger, LedgerError};
use rayon::prelude::*;

use dispatch::Endorsed;
use endorsement::{Settled, Validator};
use format::Body;

/// Why a block could not be judged. The channel must not go on: other peers may have judged it.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{0}")]
    Halted(String),
}

impl From<DefinitionError> for ValidateError {
    fn from(error: DefinitionError) -> ValidateError {
        match error {
            DefinitionError::Ledger(error) => ValidateError::Ledger(error),
            DefinitionError::Malformed(reason) => ValidateError::Halted(reason),
        }
    }
}

/// A judged block.
#[derive(Debug)]
pub struct Verdicts {
    /// One for each transaction, for [`Ledger::commit`].
    pub codes: Vec<TxValidationCode>,
    /// The configuration to be put in force once the block is committed.
    pub configuration: Option<Bundle>,
}

/// A transaction after the first pass.
enum Checked {
    Invalid(TxValidationCode),
    Configuration(Box<Bundle>),
    Endorsed(Box<Endorsed>),
}

/// Judges the next block against the configuration in force and the state as of the block before.
pub fn block(block: &Block, bundle: &Bundle, ledger: &Ledger) -> Result<Verdicts, ValidateError> {
    let envelopes = block.data.as_ref().map_or(&[][..], |data| &data.data);
    let checked = envelopes
        .par_iter()
        .map(|envelope| check(envelope, bundle, ledger))
        .collect::<Result<Vec<Checked>, ValidateError>>()?;
    let validator = Validator::new(bundle, ledger);
    let settled = settle(&checked, &validator)?;
    let mut configuration = None;
    let mut seen = HashSet::new();
    let mut codes = Vec::with_capacity(checked.len());
    for (checked, settled) in checked.into_iter().zip(settled) {
        codes.push(match (checked, settled) {
            (Checked::Invalid(code), _) => code,
            (Checked::Configuration(bundle), _) => {
                configuration = Some(*bundle);
                TxValidationCode::Valid
            }
            (Checked::Endorsed(endorsed), Some(settled)) => match settled.code {
                // Only those that are valid so far take part: an invalid one reserves its id on the ledger alone.
                TxValidationCode::Valid if !seen.insert(endorsed.tx_id) => TxValidationCode::DuplicateTxid,
                code => code,
            },
            (Checked::Endorsed(_), None) => TxValidationCode::NotValidated,
        });
    }
    Ok(Verdicts { codes, configuration })
}

fn check(envelope: &[u8], bundle: &Bundle, ledger: &Ledger) -> Result<Checked, ValidateError> {
    let opened = match format::check(envelope, bundle) {
        Ok(opened) => opened,
        Err(code) => return Ok(Checked::Invalid(code)),
    };
    match opened.body {
        Body::Configuration(envelope) => {
            configuration::check(&envelope, bundle).map(|bundle| Checked::Configuration(Box::new(bundle)))
        }
        Body::Endorsed(action) => {
            if ledger.transaction(&opened.channel_header.tx_id)?.is_some() {
                return Ok(Checked::Invalid(TxValidationCode::DuplicateTxid));
            }
            Ok(match dispatch::read(opened.channel_header, &action, bundle) {
                Ok(endorsed) => Checked::Endorsed(Box::new(endorsed)),
                Err(code) => Checked::Invalid(code),
            })
        }
    }
}

/// Policies of the endorsed transactions; side by side, unless a transaction of the block changes a key's policy.
fn settle(checked: &[Checked], validator: &Validator<'_>) -> Result<Vec<Option<Settled>>, ValidateError> {
    let endorsed = |checked: &Checked| match checked {
        Checked::Endorsed(endorsed) => Some(validator.settle(endorsed, &HashSet::new())).transpose(),
        _ => Ok(None),
    };
    let changes_policies = |checked: &Checked| match checked {
        Checked::Endorsed(endorsed) => !endorsed.metadata_writes.is_empty(),
        _ => false,
    };
    if !checked.iter().any(changes_policies) {
        return checked.par_iter().map(endorsed).collect();
    }
    let mut changed = HashSet::new();
    let mut settled = Vec::with_capacity(checked.len());
    for checked in checked {
        let mut next = match checked {
            Checked::Endorsed(endorsed) => Some(validator.settle(endorsed, &changed)?),
            _ => None,
        };
        changed.extend(
            next.iter_mut()
                .flat_map(|settled| std::mem::take(&mut settled.changed_policies)),
        );
        settled.push(next);
    }
    Ok(settled)
}
