//! Asks a peer about itself: `qscc GetChainInfo`, which a peer of any member organization usually may call.

use entente_fabric::crypto::Signer;
use entente_fabric::proposal::{self, Invocation};
use entente_fabric::proto::common::BlockchainInfo;
use prost::Message as _;

use super::members::{Proposals, Unanswered};

/// What a peer said about itself.
pub(super) struct ChainInfo {
    /// 0 when it would not say.
    pub height: u64,
    pub identity: Option<Vec<u8>>,
}

/// `Err` when there is no answer at all. A peer that refuses to tell is there all the same.
pub(super) async fn chain_info(
    peer: &dyn Proposals,
    channel: &str,
    signer: &dyn Signer,
) -> Result<ChainInfo, String> {
    let invocation = Invocation::new(channel, "qscc", "GetChainInfo").arg(channel);
    let proposed = proposal::create(&invocation, signer).map_err(|error| error.to_string())?;
    let response = match peer.process(proposed.signed).await {
        Ok(response) => response,
        Err(Unanswered::Unreachable(reason)) if reason.starts_with("rpc error: code = Unknown") => {
            return Ok(ChainInfo {
                height: 0,
                identity: None,
            });
        }
        Err(Unanswered::Unreachable(reason) | Unanswered::Refused(reason)) => return Err(reason),
    };
    let answer = response.response.unwrap_or_default();
    let info = BlockchainInfo::decode(answer.payload.as_slice())
        .ok()
        .filter(|_| answer.status == 200);
    let identity = response.endorsement.map(|endorsement| endorsement.endorser);
    Ok(ChainInfo {
        height: info.map_or(0, |info| info.height),
        identity,
    })
}
