//! Secrets that identities enrol with: made, kept as a digest, compared.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// OWASP's floor for argon2id: 19 MiB, two passes, one lane.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Longest secret that is looked at: hashing costs time in proportion.
pub const LONGEST: usize = 1024;

/// No secret can be made or digested: there is no randomness, or no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret cannot be digested")]
pub struct SecretError;

/// A secret that nobody guesses: 144 bits.
pub fn generate() -> Result<String, SecretError> {
    let mut bytes = [0; 18];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SecretError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a secret: algorithm, cost, salt and digest, `argon2id$<KiB>$<passes>$<lanes>$<salt>$<digest>`.
/// Takes tens of milliseconds of computing.
pub fn digest(secret: &str) -> Result<String, SecretError> {
    let mut salt = [0; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| SecretError)?;
    let hash = hash(secret, &salt, COST).ok_or(SecretError)?;
    let (memory, passes, lanes) = COST;
    Ok(format!(
        "argon2id${memory}${passes}${lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

/// Compares in constant time. Takes as long when there is no such identity, `None`.
pub fn is_right(secret: &str, kept: Option<&str>) -> bool {
    /// Of a secret that nobody knows: whether an identity exists cannot be told by the time of an answer.
    static NOBODY: LazyLock<String> =
        LazyLock::new(|| generate().and_then(|secret| digest(&secret)).unwrap_or_default());
    let right = matches(secret, kept.unwrap_or(NOBODY.as_str())).unwrap_or(false);
    right && kept.is_some()
}

fn matches(secret: &str, kept: &str) -> Option<bool> {
    let mut parts = kept.split('$');
    if parts.next()? != "argon2id" || secret.len() > LONGEST {
        return None;
    }
    let mut number = || parts.next()?.parse::<u32>().ok();
    let cost = (number()?, number()?, number()?);
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let wanted = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let given = hash(secret, &salt, cost)?;
    Some(constant_time::verify_slices_are_equal(&given, &wanted).is_ok())
}

fn hash(secret: &str, salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<[u8; HASH_BYTES]> {
    let parameters = Params::new(memory, passes, lanes, Some(HASH_BYTES)).ok()?;
    let mut out = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(secret.as_bytes(), salt, &mut out)
        .ok()?;
    Some(out)
}

/// Seconds for which nobody is listened to after so many wrong secrets in a row: guessing gets slower and slower, and
/// nobody is locked out for good by somebody else.
pub fn back_off(failures: i64) -> i64 {
    const FREE: i64 = 3;
    const LONGEST_SECONDS: i64 = 15 * 60;
    match failures - FREE {
        ..1 => 0,
        doublings @ 1..11 => (1 << (doublings - 1)).min(LONGEST_SECONDS),
        _ => LONGEST_SECONDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognized_by_its_digest() {
        let kept = digest("adminpw").unwrap();

        assert!(kept.starts_with("argon2id$19456$2$1$"), "{kept}");
        assert!(is_right("adminpw", Some(&kept)));
        assert!(!is_right("adminpx", Some(&kept)));
        assert!(!is_right("adminpw", None));
        assert!(!is_right("adminpw", Some("damaged")));
        assert_ne!(kept, digest("adminpw").unwrap());
    }

    #[test]
    fn guessing_gets_slower() {
        let waits = [0, 3, 4, 5, 6, 13, 14, 1000].map(back_off);

        assert_eq!(waits, [0, 0, 1, 2, 4, 512, 900, 900]);
    }
}
