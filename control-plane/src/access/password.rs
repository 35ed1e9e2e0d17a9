//! Passwords: what is accepted as one, and their hashes (Argon2id, RFC 9106).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// NIST SP 800-63B: length is what counts; rules on the kinds of characters make passwords worse.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// Each hash takes 19 MiB (the crate's parameters, those of the OWASP cheat sheet) and a core for some milliseconds.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashError(String);

/// What is wrong with a new password; `None` when nothing is.
pub fn weakness(password: &str, email: &str) -> Option<String> {
    let length = password.chars().count();
    let name = email.split('@').next().unwrap_or_default();
    let kinds = password.chars().collect::<std::collections::HashSet<_>>().len();
    match length {
        ..SHORTEST => Some(format!("must have at least {SHORTEST} characters")),
        _ if password.len() > LONGEST => Some(format!("must have at most {LONGEST} bytes")),
        _ if kinds < 5 => Some("must not repeat so few characters".to_owned()),
        _ if name.len() > 3 && password.to_lowercase().contains(&name.to_lowercase()) => {
            Some("must not hold the name in the e-mail address".to_owned())
        }
        _ => None,
    }
}

/// The hash to keep, with its salt and parameters (PHC string).
pub async fn hash(password: &str) -> Result<String, HashError> {
    let password = password.to_owned();
    work(move || {
        let salt: [u8; 16] = rand::random();
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(failed)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether it is the password. Where there is no hash the same work is done, so that time does not tell.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, HashError> {
    let Some(hash) = hash.map(str::to_owned) else {
        return self::hash(password).await.map(|_| false);
    };
    let password = password.to_owned();
    work(move || {
        let hash = PasswordHash::new(&hash).map_err(failed)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
}

async fn work<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let _turn = AT_ONCE.acquire().await.map_err(failed)?;
    spawn_blocking(compute).await.map_err(failed)?
}

fn failed(error: impl std::fmt::Display) -> HashError {
    HashError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash_alone() {
        let hash = hash("correct horse battery").await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse battery", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse batterx", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse battery", None).await.unwrap());
    }

    #[test]
    fn what_is_easily_guessed_is_refused() {
        let refused = ["short", "aaaaaaaaaaaaaaaa", "my-Treasury-2026"].map(|p| weakness(p, "treasury@bank.example"));

        assert_eq!(
            refused.map(|reason| reason.unwrap_or_default()),
            [
                "must have at least 12 characters",
                "must not repeat so few characters",
                "must not hold the name in the e-mail address",
            ]
        );
        assert_eq!(weakness("correct horse battery", "treasury@bank.example"), None);
    }
}
