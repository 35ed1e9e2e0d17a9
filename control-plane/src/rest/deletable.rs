//! Whether a resource can be deleted, asked beforehand.

use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::guards::refuse_derived;
use super::kind::Kind;
use super::problem::Problem;
use super::resources::{find, scope};
use crate::access::Caller;

/// Whether a resource can be deleted now, and what stands in the way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deletable {
    /// Whether a deletion would be accepted.
    #[schema(example = false)]
    pub deletable: bool,
    /// What stands in the way; empty when nothing does.
    pub blockers: Vec<Blocker>,
}

/// What stands in the way of a deletion.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocker {
    /// The code of the problem that a deletion would answer.
    #[schema(example = "in_use")]
    pub code: &'static str,
    /// What it is in this case.
    #[schema(example = "The organization \"bank\" is a member of: ledger.")]
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Take it out of these chains first.")]
    pub hint: Option<String>,
}

/// Looks whether a resource can be deleted, without touching it.
pub async fn deletable<K: Kind>(app: &App, caller: &Caller, name: &str) -> Result<axum::Json<Deletable>, Problem> {
    let scope = scope(caller, K::READ)?;
    let resource: K = find(app, &scope, name).await?;
    let mut blockers = Vec::new();
    for found in [refuse_derived(&resource), resource.may_go(app, &scope).await] {
        match found {
            Ok(()) => {}
            Err(problem) if problem.code().status().is_server_error() => return Err(problem),
            Err(problem) => blockers.push(Blocker {
                code: problem.code().as_str(),
                detail: problem.to_string(),
                hint: problem.hint().map(str::to_owned),
            }),
        }
    }
    Ok(axum::Json(Deletable {
        deletable: blockers.is_empty(),
        blockers,
    }))
}
