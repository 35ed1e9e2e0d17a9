//! A chaincode package as an administrator uploads it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = entente_fabric::package::open(bytes);
});
