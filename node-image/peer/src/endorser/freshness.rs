//! What is refused because of today's date: expired creators and requests from another time
//! (`core/handlers/auth/filter`).

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use entente_fabric::expiry;

use super::unpack::Unpacked;
use crate::failure::Failure;

/// How far a proposal's clock may be from the peer's (`peer.authentication.timewindow`).
const TIME_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Refuses proposals of expired identities and those not made about `now`.
pub fn check(proposal: &Unpacked, now: SystemTime) -> Result<(), Failure> {
    if expiry::has_passed(&proposal.signature_header.creator, now) {
        return Err(Failure::new("proposal client identity expired"));
    }
    let stamp = proposal.channel_header.timestamp.unwrap_or_default();
    let nanos = u32::try_from(stamp.nanos).unwrap_or_default();
    let made = DateTime::<Utc>::from_timestamp(stamp.seconds, nanos).unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    let now = DateTime::<Utc>::from(now);
    if (now - made).abs().to_std().is_ok_and(|apart| apart <= TIME_WINDOW) {
        return Ok(());
    }
    let (made, now) = (
        made.to_rfc3339_opts(SecondsFormat::Secs, true),
        now.to_rfc3339_opts(SecondsFormat::Secs, true),
    );
    Err(Failure(format!(
        "request unauthorized due to incorrect timestamp {made}, peer time {now}, peer.authentication.timewindow 15m0s"
    )))
}
