//! One accepted request: where it starts and stops, and whether its signer may still read.

use std::sync::Arc;
use std::time::SystemTime;

use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{Block, Status};
use entente_fabric::proto::orderer::seek_info::{SeekBehavior, SeekContentType, SeekErrorResponse};
use entente_fabric::proto::orderer::{SeekInfo, SeekPosition, seek_position};
use entente_fabric::{block, expiry};
use prost::Message as _;
use tokio::sync::watch;
use tracing::warn;

use super::request::Request;
use super::{Channel, Client};
use crate::LedgerError;

/// What comes next on a stream.
pub(super) enum Next {
    Block(Arc<Block>),
    /// The request is answered; `Success` lets the client send another one.
    End(Status),
}

pub(super) struct Session<C> {
    channel: C,
    channel_id: String,
    access: Access,
    /// Changes with every block.
    height: watch::Receiver<u64>,
    /// `None` for a best-effort request, and where there is no leader to lose.
    leaderless: Option<watch::Receiver<bool>>,
    next: u64,
    /// Number of the last block to send; `None` never ends.
    stop: Option<u64>,
    fail_if_not_ready: bool,
    header_only: bool,
    done: bool,
}

impl<C: Channel> Session<C> {
    /// Checks a request in stock's order, so that a request with several faults gets the status that stock answers.
    pub(super) fn open(channel: C, request: Request, client: &Client) -> Result<Session<C>, Status> {
        let refuse = |status: Status, reason: &str| {
            warn!(
                channel = request.channel_id,
                client = client.remote,
                reason,
                "deliver request refused"
            );
            status
        };
        let seek = SeekInfo::decode(request.seek.as_slice())
            .map_err(|_| refuse(Status::BadRequest, "the seek information cannot be read"))?;
        let best_effort = seek.error_response() == SeekErrorResponse::BestEffort;
        let leaderless = channel.leaderless().filter(|_| !best_effort);
        if leaderless.as_ref().is_some_and(|watch| *watch.borrow()) {
            return Err(refuse(Status::ServiceUnavailable, "the channel has no leader"));
        }
        let mut access = Access::new(request.signed);
        access
            .check(&channel)
            .map_err(|reason| refuse(Status::Forbidden, &reason))?;
        let (Some(start), Some(stop)) = (&seek.start, &seek.stop) else {
            return Err(refuse(Status::BadRequest, "start or stop is missing"));
        };
        let height = channel.blocks().watch();
        let (next, stop) = range(start, stop, channel.blocks().height()).map_err(|status| refuse(status, "range"))?;
        Ok(Session {
            fail_if_not_ready: seek.behavior() == SeekBehavior::FailIfNotReady,
            header_only: seek.content_type() == SeekContentType::HeaderWithSig,
            channel_id: request.channel_id,
            channel,
            access,
            height,
            leaderless,
            next,
            stop,
            done: false,
        })
    }

    pub(super) fn channel(&self) -> &C {
        &self.channel
    }

    pub(super) fn channel_id(&self) -> &str {
        &self.channel_id
    }

    pub(super) fn request(&self) -> &SignedData {
        &self.access.signed
    }

    /// Waits for the next block, and for the end if there is none.
    pub(super) async fn next(&mut self) -> Next {
        if self.done {
            return Next::End(Status::Success);
        }
        if self.fail_if_not_ready && self.next >= self.channel.blocks().height() {
            return Next::End(Status::NotFound);
        }
        if let Err(status) = self.ready().await {
            return Next::End(status);
        }
        let block = match self.read() {
            Ok(Some(block)) => block,
            Ok(None) => return Next::End(Status::NotFound),
            Err(error) => {
                warn!(channel = self.channel_id, block = self.next, %error, "a block cannot be read");
                return Next::End(Status::InternalServerError);
            }
        };
        if let Err(reason) = self.access.check(&self.channel) {
            warn!(channel = self.channel_id, reason, "the right to read has ended");
            return Next::End(Status::Forbidden);
        }
        self.done = self.stop == Some(self.next);
        self.next += 1;
        Next::Block(if self.header_only { without_data(block) } else { block })
    }

    /// Waits until block `next` is there. The channel's end (removed, shut down) and the loss of the leader end it too.
    async fn ready(&mut self) -> Result<(), Status> {
        let next = self.next;
        let leader_lost = async {
            match &mut self.leaderless {
                Some(watch) => {
                    watch.wait_for(|leaderless| *leaderless).await.ok();
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = leader_lost => Err(Status::ServiceUnavailable),
            height = self.height.wait_for(|height| *height > next) => {
                height.map(|_| ()).map_err(|_| Status::ServiceUnavailable)
            }
        }
    }

    fn read(&self) -> Result<Option<Arc<Block>>, LedgerError> {
        self.channel.blocks().block(self.next)
    }
}

/// First and last block of a request on a chain of `height` blocks (`Iterator` in
/// `common/ledger/blockledger/fileledger/impl.go`, and `deliverBlocks`).
fn range(start: &SeekPosition, stop: &SeekPosition, height: u64) -> Result<(u64, Option<u64>), Status> {
    use seek_position::Type::{Newest, NextCommit, Oldest, Specified};
    let newest = height.saturating_sub(1);
    let first = match &start.r#type {
        Some(Oldest(_)) => 0,
        Some(Newest(_)) => newest,
        // Past the tip by more than one is refused even from those who are willing to wait.
        Some(Specified(at)) if at.number > height => return Err(Status::NotFound),
        Some(Specified(at)) => at.number,
        Some(NextCommit(_)) => height,
        None => return Err(Status::NotFound),
    };
    let last = match &stop.r#type {
        Some(Oldest(_)) => Some(first),
        // From newest to newest is one block, also when another arrives in between.
        Some(Newest(_)) if start == stop => Some(first),
        Some(Newest(_)) => Some(newest),
        Some(Specified(at)) if at.number < first => return Err(Status::BadRequest),
        Some(Specified(at)) => Some(at.number),
        // Stock leaves the stop number at zero here, which no block after the first one reaches.
        Some(NextCommit(_)) | None => (first == 0).then_some(0),
    };
    Ok((first, last))
}

/// What a reader who only wants to know that a block exists gets: header and signatures, and configurations whole.
fn without_data(whole: Arc<Block>) -> Arc<Block> {
    if block::is_config(&whole) {
        return whole;
    }
    Arc::new(Block {
        header: whole.header.clone(),
        data: None,
        metadata: whole.metadata.clone(),
    })
}

/// Whether the signer may read (`common/deliver/acl.go`): its certificate is looked at before every block, the policy
/// when the configuration has changed.
struct Access {
    signed: SignedData,
    expires: Option<SystemTime>,
    checked_at: Option<u64>,
}

impl Access {
    fn new(signed: SignedData) -> Access {
        let expires = expiry::of_identity(&signed.identity);
        Access {
            signed,
            expires,
            checked_at: None,
        }
    }

    fn check(&mut self, channel: &impl Channel) -> Result<(), String> {
        if self.expires.is_some_and(|end| SystemTime::now() > end) {
            return Err("deliver client identity expired".to_owned());
        }
        let sequence = channel.config_sequence();
        if self.checked_at.is_some_and(|checked| sequence <= checked) {
            return Ok(());
        }
        self.checked_at = Some(sequence);
        channel.authorize(&self.signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::orderer::{SeekNewest, SeekNextCommit, SeekOldest, SeekSpecified};
    use seek_position::Type;

    fn at(position: Type) -> SeekPosition {
        SeekPosition { r#type: Some(position) }
    }

    fn number(number: u64) -> SeekPosition {
        at(Type::Specified(SeekSpecified { number }))
    }

    #[test]
    fn positions_mean_what_they_mean_on_a_stock_node() {
        let (oldest, newest) = (at(Type::Oldest(SeekOldest {})), at(Type::Newest(SeekNewest {})));
        let next = at(Type::NextCommit(SeekNextCommit {}));
        let nothing = SeekPosition { r#type: None };

        assert_eq!(range(&oldest, &newest, 10), Ok((0, Some(9))));
        assert_eq!(range(&newest, &newest, 10), Ok((9, Some(9))));
        assert_eq!(range(&oldest, &oldest, 10), Ok((0, Some(0))));
        assert_eq!(range(&number(3), &number(u64::MAX), 10), Ok((3, Some(u64::MAX))));
        assert_eq!(range(&number(10), &number(12), 10), Ok((10, Some(12))));
        assert_eq!(range(&number(11), &number(12), 10), Err(Status::NotFound));
        assert_eq!(range(&number(5), &number(4), 10), Err(Status::BadRequest));
        assert_eq!(range(&number(5), &newest, 10), Ok((5, Some(9))));
        assert_eq!(range(&next, &number(20), 10), Ok((10, Some(20))));
        assert_eq!(range(&number(5), &next, 10), Ok((5, None)));
        assert_eq!(range(&nothing, &newest, 10), Err(Status::NotFound));
    }
}
