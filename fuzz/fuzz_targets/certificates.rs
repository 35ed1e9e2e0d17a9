//! What strangers send to a certificate authority before it knows who they are: certificate signing requests, and tokens
//! with certificates in them.
#![no_main]

use entente_ca::token::Signed;
use entente_ca::{certificate, csr, token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = csr::read_der(data);
    let _ = certificate::read_der(data);
    let text = String::from_utf8_lossy(data);
    let _ = csr::read(&text);
    let _ = csr::hosts(&text.lines().map(str::to_owned).collect::<Vec<_>>());
    let signed = Signed {
        method: "POST",
        uri: "/api/v1/register",
        body: data,
    };
    let _ = token::verify(&text, signed, true);
    let _ = token::issuer(&text);
});
