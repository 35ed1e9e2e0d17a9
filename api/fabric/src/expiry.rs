//! When an identity's certificate runs out. The only question about an identity whose answer depends on today's date.

use std::time::{Duration, SystemTime};

use prost::Message as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::proto::msp::SerializedIdentity;

/// The end of validity of a marshalled `msp.SerializedIdentity`; `None` when that cannot be told, which counts as
/// "does not expire" (`common/crypto/expiration.go`, `ExpiresAt`).
pub fn of_identity(serialized: &[u8]) -> Option<SystemTime> {
    let identity = SerializedIdentity::decode(serialized).ok()?;
    let (_, block) = x509_parser::pem::parse_x509_pem(&identity.id_bytes).ok()?;
    let (_, certificate) = X509Certificate::from_der(&block.contents).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    match u64::try_from(seconds) {
        Ok(seconds) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
    }
}

/// Whether `serialized` had expired at `now`.
pub fn has_passed(serialized: &[u8], now: SystemTime) -> bool {
    of_identity(serialized).is_some_and(|end| now > end)
}
