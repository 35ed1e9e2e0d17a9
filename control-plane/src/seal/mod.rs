//! Secrets at rest: private keys in the vault, and what the tables keep of webhooks, second factors and tokens.
//!
//! master key, kept apart from all of it → [`data_key`], which rests in the vault sealed by the master key → what is sealed:
//! files of the vault ([`vault::Sealed`]) and columns of the tables (`crate::store::sealed`).

mod args;
pub mod data_key;
pub mod rotate;
pub mod vault;

use std::sync::Arc;

use entente_ca::keys::envelope::{DoesNotOpen, SealingKey};

pub use args::SealArgs;

/// What sealed bytes begin with. PEM does not, and neither does any secret of the tables.
pub(crate) const MARK: &str = "sealed:v1:";

/// Seals and opens, under the installation's data key. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<SealingKey>);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it cannot be sealed: there is no randomness")]
    Seal,
    #[error("it is sealed; start the platform with its master key (--master-key-file)")]
    NoMasterKey,
    #[error(transparent)]
    DoesNotOpen(#[from] DoesNotOpen),
    #[error("what was sealed is no text")]
    NotText,
}

impl Seal {
    pub fn new(key: SealingKey) -> Seal {
        Seal(Arc::new(key))
    }

    /// `purpose` has to be the same when it is opened: what is sealed is of no use in another place.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<String, SealError> {
        let sealed = self.0.seal(purpose, plain).ok_or(SealError::Seal)?;
        Ok(format!("{MARK}{sealed}"))
    }
}

pub fn is_sealed(content: &[u8]) -> bool {
    content.starts_with(MARK.as_bytes())
}

/// What was sealed; what never was is given as it is, because it may be older than the master key.
pub fn open(seal: Option<&Seal>, purpose: &str, content: Vec<u8>) -> Result<Vec<u8>, SealError> {
    let Some(sealed) = content.strip_prefix(MARK.as_bytes()) else {
        return Ok(content);
    };
    let seal = seal.ok_or(SealError::NoMasterKey)?;
    let text = std::str::from_utf8(sealed).map_err(|_| DoesNotOpen)?;
    Ok(seal.0.open(purpose, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn seal(byte: u8) -> Seal {
        Seal::new(SealingKey::new(&[byte; 32]).unwrap())
    }

    #[test]
    fn what_is_sealed_opens_where_it_belongs_and_what_never_was_stays_as_it_is() {
        let (own, other) = (seal(1), seal(2));
        let sealed = own.seal("webhook 1", b"whsec_").unwrap().into_bytes();

        let opened = |seal: Option<&Seal>, purpose: &str| open(seal, purpose, sealed.clone());

        assert_eq!(opened(Some(&own), "webhook 1"), Ok(b"whsec_".to_vec()));
        assert_eq!(
            opened(Some(&own), "webhook 2"),
            Err(SealError::DoesNotOpen(DoesNotOpen))
        );
        assert_eq!(
            opened(Some(&other), "webhook 1"),
            Err(SealError::DoesNotOpen(DoesNotOpen))
        );
        assert_eq!(opened(None, "webhook 1"), Err(SealError::NoMasterKey));
        assert_eq!(open(None, "webhook 1", b"whsec_".to_vec()), Ok(b"whsec_".to_vec()));
    }
}
