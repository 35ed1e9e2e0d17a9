//! `/v1/chains/{chain}/channels/{channel}/blocks`. Asks a peer.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
use super::operations::{ServerSentEvent, last_event};
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller};
use crate::ledger::BlockRef;
use crate::ledger::view::{self, Block};

/// A page of blocks costs one question to a peer for each.
const LARGEST_PAGE: usize = 50;

/// List the blocks of a channel, newest first, without their transactions.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/blocks", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"), PageQuery),
    responses((status = OK, body = Page<Block>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn block_list(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<Block>>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let mut window = page.window(&format!("blocks {chain} {channel}"))?;
    window.size = window.size.min(LARGEST_PAGE);
    let ledger = app.ledger.open(&scope, &chain, &channel, &Default::default()).await?;
    let end = match &window.after {
        Some(after) => after
            .parse::<u64>()
            .map_err(|_| Problem::parameter("pageToken", "is not a token of this list"))?,
        None => ledger.info().await?.height,
    };
    let wanted = u64::try_from(window.size).unwrap_or(u64::MAX).saturating_add(1);
    let mut blocks = Vec::new();
    for number in (end.saturating_sub(wanted)..end).rev() {
        let block = ledger.block(&BlockRef::Number(number)).await?;
        blocks.push(view::block(&block, false));
    }
    Ok(axum::Json(window.close(&mut blocks, |block| block.number.to_string())))
}

/// Read a block with its transactions, who signed it and, of a configuration block, what it changed.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/blocks/{block}", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("block" = String, Path, description = "Its number, its hash in hexadecimal, or `newest`")),
    responses((status = OK, body = Block), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn block_get(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel, block)): Path<(String, String, String)>,
) -> Result<axum::Json<Block>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let reference = read_reference(&block).ok_or_else(|| {
        Problem::new(
            Code::InvalidParameter,
            format!("\"{block}\" is neither a block number, nor a hash of 64 hexadecimal digits, nor `newest`."),
        )
    })?;
    let ledger = app.ledger.open(&scope, &chain, &channel, &Default::default()).await?;
    let block = ledger.block(&reference).await?;
    let mut shown = view::block(&block, true);
    shown.config_changes = ledger.config_changes(&block).await?;
    Ok(axum::Json(shown))
}

/// Follow the blocks of a channel.
///
/// Server-sent events of the type `block`, each a block without its transactions, as lists have them. Begins with the
/// newest block; with `Last-Event-ID`, which is a block number, behind that one. Ends when the peer cannot go on: connect
/// again.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/events", tag = "ledger",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was received")),
    responses((status = OK, body = ServerSentEvent, content_type = "text/event-stream"), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn block_events(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let scope = caller.may(Action::ReadLedger)?;
    let last = last_event::<u64>(&headers)?;
    let ledger = app.ledger.open(&scope, &chain, &channel, &Default::default()).await?;
    let start = match last {
        Some(last) => last.saturating_add(1),
        None => ledger.info().await?.height.saturating_sub(1),
    };
    let mut blocks = ledger.follow(start)?;
    let stream = async_stream::stream! {
        // Whoever stops the platform is not kept waiting by those who watch.
        while let Some(Some(Ok(block))) = app.stop.run_until_cancelled(blocks.next()).await {
            let shown = view::block(&block, false);
            let event = Event::default().id(shown.number.to_string()).event("block").json_data(&shown);
            if let Ok(event) = event {
                yield Ok(event);
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// Reads what names a block: a number, a hash of 64 hexadecimal digits, or `newest`.
pub(super) fn read_reference(text: &str) -> Option<BlockRef> {
    if text == "newest" {
        return Some(BlockRef::Newest);
    }
    if text.len() == 64 {
        return hex::decode(text).ok().map(BlockRef::Hash);
    }
    text.parse().ok().map(BlockRef::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_named_by_number_hash_or_newest() {
        assert_eq!(read_reference("7"), Some(BlockRef::Number(7)));
        assert_eq!(read_reference("newest"), Some(BlockRef::Newest));
        assert_eq!(read_reference(&"ab".repeat(32)), Some(BlockRef::Hash(vec![0xab; 32])));
        assert_eq!(read_reference("-1"), None);
        assert_eq!(read_reference("99999999999999999999999"), None);
    }
}
