//! The second factor: time-based one-time codes (RFC 6238), and codes for the day the device is lost.

use totp_rs::{Builder, Secret, Totp};

use crate::uri::segment;

/// Recovery codes of one user.
const CODES: usize = 10;
/// A code of the period before or after is taken too: clocks differ.
const SKEW: u16 = 1;
/// What authenticator applications show beside the code.
const ISSUER: &str = "Entente";

/// A new secret, in base 32.
pub fn generate() -> String {
    Secret::from(rand::random::<[u8; 20]>()).to_base32()
}

/// What an authenticator application reads (the key URI format that they share).
pub fn uri(secret: &str, email: &str) -> String {
    let account = segment(email);
    format!("otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}")
}

/// The time step that a code belongs to, at a time in seconds since 1970; `None` when it is wrong, or of a step that is
/// not after `used`, the last one that was accepted: a code is good for once.
pub fn step(secret: &str, code: &str, time: u64, used: u64) -> Option<u64> {
    totp(secret)?.check(code.trim(), time).filter(|step| *step > used)
}

/// The code of a time, as an authenticator application shows it.
#[cfg(test)]
pub fn code(secret: &str, time: u64) -> Option<String> {
    totp(secret).map(|totp| totp.generate(time).to_string())
}

fn totp(secret: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(secret).ok()?;
    Builder::new().with_secret(secret).with_skew(SKEW).build().ok()
}

/// New recovery codes, to be shown once.
pub fn recovery_codes() -> Vec<String> {
    let code = || {
        let half = |bits: u32| format!("{:05}", bits % 100_000);
        format!(
            "{}-{}-{}",
            half(rand::random()),
            half(rand::random()),
            half(rand::random())
        )
    };
    (0..CODES).map(|_| code()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_for_its_time_and_for_once() {
        let secret = generate();
        let code = code(&secret, 1_700_000_000).unwrap();

        let step_of_code = step(&secret, &code, 1_700_000_000, 0).unwrap();

        assert_eq!(step(&secret, &code, 1_700_000_030, 0), Some(step_of_code));
        assert_eq!(step(&secret, &code, 1_700_000_000, step_of_code), None);
        assert_eq!(step(&secret, &code, 1_700_000_120, 0), None);
        assert_eq!(step(&secret, "000000x", 1_700_000_000, 0), None);
    }

    #[test]
    fn an_application_reads_the_account_from_the_address() {
        assert_eq!(
            uri("ABC", "li+ops@bank.example"),
            "otpauth://totp/Entente:li%2Bops%40bank.example?secret=ABC&issuer=Entente"
        );
    }

    #[test]
    fn recovery_codes_are_many_and_different() {
        let codes: std::collections::HashSet<String> = recovery_codes().into_iter().collect();

        assert_eq!(codes.len(), CODES);
    }
}
