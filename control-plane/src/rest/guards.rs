//! What stands in the way of a change that is right by itself.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, header};
use entente_api::condition::{State, StepState};
use entente_api::names::{self, label};
use entente_api::{Chain, Member};

use super::App;
use super::codes::Code;
use super::kind::Kind;
use super::problem::Problem;
use super::resources::target;
use super::view::etag;
use crate::access::TenantScope;
use crate::store;

/// `If-Match` (RFC 9110 §13.1.1); `*` asks only that it exists.
pub fn require_match<K: Kind>(headers: &HeaderMap, resource: Option<&K>) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH) else {
        return Ok(());
    };
    let wanted = wanted.to_str().unwrap_or_default();
    let current = resource.map(|resource| etag(resource.meta()));
    let matches = |current: &str| wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current);
    if current.as_deref().is_some_and(matches) {
        return Ok(());
    }
    let detail = match current {
        Some(current) => format!("Its etag is {current}, not {wanted}."),
        None => format!("There is no such {}.", K::NOUN),
    };
    Err(Problem::new(Code::PreconditionFailed, detail))
}

/// What a chain has made is changed through the chain: the operator would undo anything else.
pub fn refuse_derived<K: Kind>(resource: &K) -> Result<(), Problem> {
    let labels = resource.meta().labels.as_ref();
    let get = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let name = resource.meta().name.as_deref().unwrap_or_default();
    match (get(label::MANAGED_BY), get(label::CHAIN)) {
        (Some(names::MANAGER), Some(chain)) => {
            let detail = format!("The {} \"{name}\" belongs to the chain \"{chain}\".", K::NOUN);
            Err(Problem::new(Code::InUse, detail)
                .with_hint(format!("Change the spec of the chain \"{chain}\" instead.")))
        }
        _ => Ok(()),
    }
}

/// One change at a time, so that each operation has an outcome of its own. When the one before is stuck (a step fails
/// again and again, or nobody approves what is proposed) the way out is an edit, so it is let through.
pub async fn refuse_while_running<K: Kind>(app: &App, scope: &TenantScope, resource: &K) -> Result<(), Problem> {
    let running = store::operation::running(&app.db, scope, Some(&target(resource))).await?;
    let stuck = resource.progress().is_some_and(|progress| {
        matches!(progress.state, State::Failed | State::Rejected | State::Degraded)
            || progress.awaits_approval()
            || progress.steps.iter().any(|step| step.state == StepState::Failed)
    });
    for operation in running.into_iter().filter(|_| !stuck) {
        let operation = app.operations.refresh(scope, operation).await?;
        if !operation.state.is_terminal() {
            let detail = format!(
                "Operation {} ({}) is in progress.",
                operation.id,
                operation.kind.as_str()
            );
            let problem = Problem::new(Code::OperationInProgress, detail);
            return Err(problem.with_operation(operation.id).with_retry_after(1));
        }
    }
    Ok(())
}

/// An organization stays while a chain has it as a member: its keys are what the chain's ledgers are signed with. A chain
/// or membership that is being deleted is no hindrance; the operator waits for its end.
pub async fn refuse_while_member(app: &App, scope: &TenantScope, organization: &str) -> Result<(), Problem> {
    let chains: Vec<Chain> = app.resources.list(scope).await?;
    let members: Vec<Member> = app.resources.list(scope).await?;
    let mut of = BTreeSet::new();
    for chain in chains
        .iter()
        .filter(|chain| chain.metadata.deletion_timestamp.is_none())
    {
        if chain
            .spec
            .members
            .iter()
            .any(|member| member.organization == organization && member.namespace.is_none())
        {
            of.extend(chain.metadata.name.clone());
        }
    }
    // What a chain has made goes with the chain.
    let own = members
        .into_iter()
        .filter(|member| member.metadata.deletion_timestamp.is_none() && !is_derived(member));
    of.extend(
        own.filter(|member| member.spec.organization == organization)
            .map(|member| member.spec.chain),
    );
    if of.is_empty() {
        return Ok(());
    }
    let chains = of.into_iter().collect::<Vec<_>>().join(", ");
    let detail = format!("The organization \"{organization}\" is a member of: {chains}.");
    Err(Problem::new(Code::InUse, detail).with_hint(
        "Take it out of these chains first, or delete them; those in the recycle bin by DELETE with `force=true`.",
    ))
}

/// Whether the platform has made it for another resource.
pub fn is_derived<K: Kind>(resource: &K) -> bool {
    let labels = resource.meta().labels.as_ref();
    labels
        .and_then(|labels| labels.get(label::MANAGED_BY))
        .is_some_and(|manager| manager == names::MANAGER)
}
