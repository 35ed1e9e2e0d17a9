//! `/v1/chains/{chain}/channels/{channel}/contracts/{contract}`: what is proposed for a contract, and what the tenant's own
//! organizations make of it. On a chain that another tenant shares as on an own one.

use axum::extract::State;
use entente_api::Member;
use entente_api::approval::{ApprovalStanding, ContractApproval, ContractDecision, ContractProposal, Decision};
use entente_api::condition::State as Standing;
use entente_api::time::Time;
use kube::ResourceExt as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::{Json, Path};
use super::nodes::find_chain;
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use super::view;
use crate::access::{Action, Actor, Caller, TenantScope};
use crate::store::access::memberships;
use crate::store::proposals::Proposed;

const LONGEST_REASON: usize = 500;

/// A contract on a channel, with what is proposed for it and who has decided what.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractApprovals {
    /// Name of the chain, as it is seen here.
    pub chain: String,
    /// Name of the channel.
    pub channel: String,
    /// Name of the contract on the channel.
    pub contract: String,
    /// Where the contract stands.
    pub state: Standing,
    /// Whether it waits for more approvals than it has.
    pub awaits_approval: bool,
    /// Committed version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Committed sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// The definition that was proposed last, and where each organization stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ContractProposal>,
    /// The tenant's own organizations on the channel.
    pub members: Vec<ContractMember>,
}

/// An organization of the tenant's own on the channel of a contract.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractMember {
    /// Name of the organization.
    pub organization: String,
    /// Who approves for it.
    pub contract_approval: ContractApproval,
    /// Whether the caller may decide for it.
    pub may_decide: bool,
    /// What it has decided last about this contract, whichever definition that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<ContractDecision>,
}

/// An organization's word on what is proposed for a contract.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractVote {
    /// The organization that decides; one of the tenant's own.
    pub organization: String,
    /// Digest of the proposal that was looked at. When another one has taken its place by now, nothing is decided.
    pub definition: String,
    /// Why, for the other members of the channel; a rejection needs it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// For which of the tenant's organizations a caller decides.
enum Voice {
    All,
    One(Option<String>),
}

impl Voice {
    async fn of(app: &App, caller: &Caller, scope: &TenantScope) -> Result<Voice, Problem> {
        let role = caller.tenant.as_ref().map(|membership| membership.role);
        if !role.is_some_and(|role| role.is_on_an_organization()) {
            return Ok(Voice::All);
        }
        let Actor::User { id, .. } = &caller.actor else {
            return Ok(Voice::One(None));
        };
        let membership = memberships::get(&app.db, scope, id).await?;
        Ok(Voice::One(membership.and_then(|membership| membership.organization)))
    }

    fn is_of(&self, organization: &str) -> bool {
        match self {
            Voice::All => true,
            Voice::One(own) => own.as_deref() == Some(organization),
        }
    }
}

/// Read what is proposed for a contract.
///
/// With where each organization of the channel stands, and for which of them the caller may decide.
#[utoipa::path(
    get, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}", tag = "contracts",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel")),
    responses((status = OK, body = ContractApprovals), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_approvals(
    State(app): State<App>,
    caller: Caller,
    Path(place): Path<(String, String, String)>,
) -> Result<axum::Json<ContractApprovals>, Problem> {
    let scope = caller.may(Action::ReadContracts)?;
    let found = find(&app, &scope, &place).await?;
    show(&app, &caller, &scope, place, &found).await.map(axum::Json)
}

/// Approve a contract's definition for an organization.
///
/// Once enough have approved, the channel commits it. Who approves later has its own peers run the contract from then on.
#[utoipa::path(
    post, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}:approve", tag = "contracts",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel")),
    request_body = ContractVote,
    responses((status = OK, body = ContractApprovals), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_approve(
    State(app): State<App>,
    caller: Caller,
    Path(place): Path<(String, String, String)>,
    Json(body): Json<ContractVote>,
) -> Result<axum::Json<ContractApprovals>, Problem> {
    decide(&app, &caller, place, body, Decision::Approve).await
}

/// Reject a contract's definition for an organization.
///
/// The reason is shown to every member of the channel. The organization may still approve it later.
#[utoipa::path(
    post, path = "/v1/chains/{chain}/channels/{channel}/contracts/{contract}:reject", tag = "contracts",
    params(("chain" = String, Path, description = "Name of the chain"), ("channel" = String, Path, description = "Name of the channel"),
        ("contract" = String, Path, description = "Name of the contract on the channel")),
    request_body = ContractVote,
    responses((status = OK, body = ContractApprovals), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn contract_reject(
    State(app): State<App>,
    caller: Caller,
    Path(place): Path<(String, String, String)>,
    Json(body): Json<ContractVote>,
) -> Result<axum::Json<ContractApprovals>, Problem> {
    decide(&app, &caller, place, body, Decision::Reject).await
}

async fn decide(
    app: &App,
    caller: &Caller,
    place: (String, String, String),
    vote: ContractVote,
    decision: Decision,
) -> Result<axum::Json<ContractApprovals>, Problem> {
    let scope = caller.may(Action::Vote)?;
    check(&vote, decision)?;
    let found = find(app, &scope, &place).await?;
    let member = own_member(&found, &vote.organization)?;
    if !Voice::of(app, caller, &scope).await?.is_of(&vote.organization) {
        let detail = format!("You do not vote for the organization \"{}\".", vote.organization);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    may_be_decided(&found, &place.2, &vote, decision)?;
    let decision = ContractDecision {
        channel: place.1.clone(),
        contract: place.2.clone(),
        definition: vote.definition,
        decision,
        reason: vote.reason,
        by: Some(caller.actor.to_string()),
        time: Some(Time::now()),
    };
    let note = request_id::current().note;
    note.object(format!("members/{}", member.name_any()));
    let before = app.resources.decide(&scope, &member.name_any(), &decision).await?;
    if let Some(before) = &before {
        note.before(before);
    }
    note.after(&decision);
    let found = find(app, &scope, &place).await?;
    show(app, caller, &scope, place, &found).await.map(axum::Json)
}

async fn find(
    app: &App,
    scope: &TenantScope,
    (chain, channel, contract): &(String, String, String),
) -> Result<Proposed, Problem> {
    let seen = find_chain(app, scope, chain).await?;
    let found = app.resources.proposed(scope, &seen, channel, contract).await?;
    found.ok_or_else(|| Problem::not_found("contract", contract))
}

fn check(vote: &ContractVote, decision: Decision) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let digits = vote.definition.strip_prefix("sha256:").map(hex::decode);
    if !digits.is_some_and(|digits| digits.is_ok_and(|digest| digest.len() == 32)) {
        let detail = "must be the digest of the contract's proposal: sha256: and 64 hexadecimal digits";
        errors.push(FieldError::invalid("/definition", detail));
    }
    match &vote.reason {
        None if decision == Decision::Reject => {
            errors.push(FieldError::invalid(
                "/reason",
                "must say why, for the other members of the channel",
            ));
        }
        Some(reason) if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON => {
            let detail = format!("must have 1 to {LONGEST_REASON} characters");
            errors.push(FieldError::invalid("/reason", detail));
        }
        _ => {}
    }
    Problem::unless_valid(errors)
}

/// The tenant's own Member by which an organization takes part.
fn own_member<'a>(found: &'a Proposed, organization: &str) -> Result<&'a Member, Problem> {
    let mut members = found.members.iter();
    if let Some(member) = members.find(|member| member.spec.organization == organization) {
        return Ok(member);
    }
    let status = found.contract.status.as_ref();
    let proposal = status.and_then(|status| status.proposal.as_ref());
    let mut known = proposal.into_iter().flat_map(|proposal| &proposal.organizations);
    match known.any(|known| known.organization == organization) {
        true => {
            let detail =
                format!("The organization \"{organization}\" belongs to another tenant, which decides for it.");
            Err(Problem::new(Code::Forbidden, detail))
        }
        false => Err(Problem::not_found("organization", organization)),
    }
}

/// That this is still what is proposed, and open to the organization.
fn may_be_decided(found: &Proposed, name: &str, vote: &ContractVote, decision: Decision) -> Result<(), Problem> {
    let status = found.contract.status.as_ref();
    let Some(proposal) = status.and_then(|status| status.proposal.as_ref()) else {
        let detail = format!("Nothing is proposed for the contract \"{name}\" yet.");
        return Err(Problem::new(Code::NotReady, detail));
    };
    if proposal.digest != vote.definition {
        let detail = format!(
            "What is proposed for the contract \"{name}\" is {} by now.",
            proposal.digest
        );
        return Err(Problem::new(Code::Conflict, detail).with_hint("Look at it again, and decide on its digest."));
    }
    let mut organizations = proposal.organizations.iter();
    let Some(own) = organizations.find(|one| one.organization == vote.organization) else {
        let detail = format!(
            "The organization \"{}\" only reads the channel: it approves nothing.",
            vote.organization
        );
        return Err(Problem::new(Code::RegulatorOnlyReads, detail));
    };
    if decision == Decision::Reject && own.standing == ApprovalStanding::Approved {
        let detail = format!(
            "The organization \"{}\" has approved it: that stands on the ledger.",
            vote.organization
        );
        return Err(Problem::new(Code::Conflict, detail)
            .with_hint("A new version or sequence of the contract can be rejected again."));
    }
    Ok(())
}

async fn show(
    app: &App,
    caller: &Caller,
    scope: &TenantScope,
    (chain, channel, contract): (String, String, String),
    found: &Proposed,
) -> Result<ContractApprovals, Problem> {
    let votes = caller.is_allowed(Action::Vote);
    let voice = Voice::of(app, caller, scope).await?;
    let status = found.contract.status.clone().unwrap_or_default();
    let proposal = status.proposal;
    let approves = |organization: &str| {
        let mut all = proposal.iter().flat_map(|proposal| &proposal.organizations);
        all.any(|one| one.organization == organization)
    };
    let members = found.members.iter().map(|member| {
        let spec = &member.spec;
        ContractMember {
            organization: spec.organization.clone(),
            contract_approval: spec.contract_approval,
            may_decide: votes && voice.is_of(&spec.organization) && approves(&spec.organization),
            decision: spec.decision(&channel, &contract).cloned(),
        }
    });
    Ok(ContractApprovals {
        members: members.collect(),
        state: view::state(&found.contract),
        awaits_approval: status.progress.awaits_approval(),
        version: status.version,
        sequence: status.sequence,
        proposal,
        chain,
        channel,
        contract,
    })
}
