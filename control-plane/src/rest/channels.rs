//! `/v1/chains/{chain}/channels`: the ledgers of a chain.

use axum::extract::State;
use entente_api::Chain;
use entente_api::chain::ChannelStatus;

use super::App;
use super::extract::{Path, Query};
use super::nodes::find_chain;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller};
use crate::ledger::view::LedgerInfo;

/// List the channels of a chain.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels", tag = "channels",
    params(("chain" = String, Path, description = "Name of the chain"), PageQuery),
    responses((status = OK, body = Page<ChannelStatus>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn channel_list(
    State(app): State<App>,
    caller: Caller,
    Path(chain): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<ChannelStatus>>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let window = page.window(&format!("channels {chain}"))?;
    let mut channels = channels(&find_chain(&app, &scope, &chain).await?.chain);
    channels.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(axum::Json(window.page(channels, |channel| channel.name.clone())))
}

/// Read a channel.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}", tag = "channels",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel")),
    responses((status = OK, body = ChannelStatus), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn channel_get(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
) -> Result<axum::Json<ChannelStatus>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let chain = find_chain(&app, &scope, &chain).await?.chain;
    let found = channels(&chain).into_iter().find(|known| known.name == channel);
    found
        .map(axum::Json)
        .ok_or_else(|| Problem::not_found("channel", &channel))
}

/// Read the height and hashes of a channel's ledger.
///
/// Asks a peer.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/info", tag = "channels",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel")),
    responses((status = OK, body = LedgerInfo), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn channel_info(
    State(app): State<App>,
    caller: Caller,
    Path((chain, channel)): Path<(String, String)>,
) -> Result<axum::Json<LedgerInfo>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    app.ledger
        .open(&scope, &chain, &channel, &Default::default())
        .await?
        .info()
        .await
        .map(axum::Json)
}

fn channels(chain: &Chain) -> Vec<ChannelStatus> {
    chain
        .status
        .as_ref()
        .map(|status| status.channels.clone())
        .unwrap_or_default()
}
