//! `/v1/chains/{chain}/channels/{channel}/blocks`. Asks a peer.

use axum::extract::State;

use super::App;
use super::codes::Code;
use super::extract::{Path, Query};
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

/// Read a block with its transactions.
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
    Ok(axum::Json(view::block(&ledger.block(&reference).await?, true)))
}

fn read_reference(text: &str) -> Option<BlockRef> {
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
