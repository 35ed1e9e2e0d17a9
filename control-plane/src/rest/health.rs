//! `/v1/chains/{chain}/health`.

use std::collections::BTreeMap;

use axum::extract::State;
use entente_api::time::Time;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::Path;
use super::nodes::find_chain;
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller, TenantScope};
use crate::nodes;
use crate::nodes::health::{self, HealthState, Known, LayerHealth};
use crate::store;

/// How a chain is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainHealth {
    /// Name of the chain.
    pub chain: String,
    /// The worst of its layers.
    pub state: HealthState,
    /// When it was looked at.
    pub time: Time,
    /// Its layers, from the network up to what applications get.
    pub layers: Vec<LayerHealth>,
    /// Nodes that did not answer.
    pub unreachable: Vec<String>,
}

/// Look how a chain is.
///
/// Asks its nodes, and each channel as an application does.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/health", tag = "chains",
    params(("chain" = String, Path, description = "Name of the chain"),
        ("Accept-Language" = Option<String>, Header, description = "en, or zh-CN")),
    responses((status = OK, body = ChainHealth), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn chain_health(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<axum::Json<ChainHealth>, Problem> {
    let scope = caller.may(Action::ReadChains)?;
    let seen = find_chain(&app, &scope, &name).await?;
    let all = store::nodes::of_seen(&app.resources, &scope, &seen).await?;
    let status = seen.chain.status.clone().unwrap_or_default();
    let rests = seen.chain.spec.rests();
    let channels: Vec<&str> = status.channels.iter().map(|channel| channel.name.as_str()).collect();
    let (answers, questions) = match rests {
        true => Default::default(),
        false => tokio::join!(nodes::ask(&all), questions(&app, &scope, &name, &channels)),
    };
    let time = Time::now();
    let layers = health::of(&Known {
        status: &status,
        nodes: &all,
        answers: &answers,
        questions: &questions,
        rests,
        is_shared: seen.owner.is_some(),
        now: time,
        language: request_id::current().language,
    });
    Ok(axum::Json(ChainHealth {
        chain: name,
        state: health::overall(&layers),
        time,
        layers,
        unreachable: answers.silent,
    }))
}

/// Asks each channel for its height, through a gateway as an application does.
async fn questions(
    app: &App,
    scope: &TenantScope,
    chain: &str,
    channels: &[&str],
) -> BTreeMap<String, Result<(), String>> {
    let asked = channels
        .iter()
        .map(|channel| question(app.clone(), scope.clone(), chain.to_owned(), (*channel).to_owned()));
    join_all(asked).await.into_iter().collect()
}

async fn question(app: App, scope: TenantScope, chain: String, channel: String) -> (String, Result<(), String>) {
    let answer = async {
        let ledger = app.ledger.open(&scope, &chain, &channel, &Default::default()).await?;
        ledger.info().await
    };
    let answer = answer.await.map(|_| ()).map_err(|problem: Problem| problem.to_string());
    (channel, answer)
}
