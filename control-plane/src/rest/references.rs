//! What a change refers to, where that can be told only by looking.

use chrono::{DateTime, Utc};
use entente_api::{Chain, NodeRelease};
use kube::ResourceExt as _;

use super::App;
use super::problem::{FieldError, Problem};
use crate::access::TenantScope;

/// What is wrong with the release that a chain names. One that has come to its end is left to the chains that run it.
pub async fn release(
    app: &App,
    scope: &TenantScope,
    old: Option<&Chain>,
    new: &Chain,
) -> Result<Vec<FieldError>, Problem> {
    let Some(name) = &new.spec.release else {
        return Ok(Vec::new());
    };
    let releases: Vec<NodeRelease> = app.resources.list(scope).await?;
    let stays = old.is_some_and(|old| old.spec.release == new.spec.release);
    Ok(unusable(name, stays, &releases, Utc::now()).into_iter().collect())
}

fn unusable(name: &str, stays: bool, releases: &[NodeRelease], now: DateTime<Utc>) -> Option<FieldError> {
    let ended = |release: &NodeRelease| {
        let end = release.spec.end_of_life_time.map(|time| time.get());
        end.filter(|end| *end <= now)
    };
    let found = releases.iter().find(|release| release.name_any() == name);
    let reason = match found.map(ended) {
        None => format!("there is no node release \"{name}\""),
        Some(Some(end)) if !stays => {
            let day = end.format("%Y-%m-%d");
            format!("the node release \"{name}\" came to its end of life on {day}: no chain is moved to it any more")
        }
        Some(_) => return None,
    };
    let usable: Vec<String> = releases
        .iter()
        .filter(|release| ended(release).is_none())
        .map(|release| release.name_any())
        .collect();
    let usable = match usable.is_empty() {
        true => "there are none".to_owned(),
        false => usable.join(", "),
    };
    Some(FieldError::invalid(
        "/spec/release",
        format!("{reason}; to choose from: {usable}"),
    ))
}
