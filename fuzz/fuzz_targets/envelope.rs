//! One transaction, from the envelope down to what it did.
#![no_main]

use entente_ledger::transaction;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(opened) = transaction::open(bytes) else { return };
    let _ = (opened.tx_id(), opened.action(), opened.rwset().is_ok());
});
