//! The resources that a chain's short form stands for: written when they are missing, waited for, and withdrawn.

use std::time::Duration;

use entente_api::chain::{ChainStatus, ContractSummary};
use entente_api::condition::{Progress, State, Step};
use entente_api::member::MemberSpec;
use entente_api::organization::OrganizationSpec;
use entente_api::{Chain, Contract, Member, Organization, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource as _, ResourceExt as _};

use super::fetch::{self, Inputs, is_managed};
use super::plan::{self, MemberPlan, Plan};
use crate::context::Context;
use crate::registry::{Event, RegistryError, Scope};
use crate::report::Report;
use crate::trouble::{Kind, Result, Trouble};

/// How long one pass waits for members and contracts. Whatever comes later calls the next pass.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes the organizations, members and contracts of the short form.
pub async fn declare(context: &Context, chain: &Chain, plan: &Plan, report: &Report<ChainStatus>) -> Result<()> {
    report
        .step(
            "organizations",
            "preparing certificate authorities",
            organizations(context, chain, plan),
        )
        .await?;
    let scope = Scope::namespace(&plan.namespace);
    for member in plan.members.iter().filter(|member| member.managed) {
        self::member(context, chain, plan, member).await?;
    }
    for contract in &plan.contracts {
        let entry = chain.spec.contracts.iter().find(|entry| {
            entry.name == contract.name
                && plan::channel_of(entry.definition.channel.as_deref(), &chain.spec).as_ref()
                    == Some(&contract.channel)
        });
        let Some(entry) = entry else { continue };
        let spec = plan::contract_spec(&plan.chain, entry, &contract.channel);
        let mut resource = Contract::new(&contract.resource, spec);
        adopt(resource.meta_mut(), chain, "");
        context.registry.apply(&scope, &resource).await?;
    }
    Ok(())
}

/// What the organization itself says in its Member stays: its decisions, and who approves unless the chain says so.
async fn member(context: &Context, chain: &Chain, plan: &Plan, member: &MemberPlan) -> Result<()> {
    let organization = &member.organization;
    let entry = chain
        .spec
        .members
        .iter()
        .find(|entry| entry.organization == *organization);
    let chosen = entry.and_then(|entry| entry.contract_approval);
    let spec = MemberSpec {
        contract_approval: chosen.unwrap_or_default(),
        ..MemberSpec::new(
            &plan.chain,
            organization,
            member.peers.len().try_into().unwrap_or(u32::MAX),
        )
    };
    let mut resource = Member::new(&names::member(&plan.chain, organization), spec);
    adopt(resource.meta_mut(), chain, organization);
    let keep = |next: &mut Member, current: &Member| {
        next.spec.approvals.clone_from(&current.spec.approvals);
        next.spec.contract_approval = chosen.unwrap_or(current.spec.contract_approval);
    };
    let scope = Scope::namespace(&plan.namespace);
    context.registry.apply_keeping(&scope, &resource, keep).await?;
    Ok(())
}

async fn organizations(context: &Context, chain: &Chain, plan: &Plan) -> Result<()> {
    let scope = Scope::namespace(&plan.namespace);
    for member in plan.members.iter().filter(|member| member.managed) {
        // An organization outlives the chain that first named it, so it has no owner.
        let organization = Organization::new(&member.organization, OrganizationSpec::default());
        create(context, &scope, organization).await?;
    }
    let display_name = Some(format!("Ordering service of {}", plan.chain));
    let spec = OrganizationSpec {
        display_name,
        ..OrganizationSpec::default()
    };
    let mut ordering = Organization::new(&plan.ordering.organization, spec);
    adopt(ordering.meta_mut(), chain, &plan.ordering.organization);
    // Its authorities are what a retained chain is continued with, so it must not go with the resource.
    ordering.metadata.owner_references = None;
    create(context, &scope, ordering).await
}

async fn create(context: &Context, scope: &Scope, mut organization: Organization) -> Result<()> {
    // With it from the beginning: its own first pass need not write it.
    organization.metadata.finalizers = Some(vec![names::FINALIZER.to_owned()]);
    match context
        .registry
        .get::<Organization>(scope, &organization.name_any())
        .await?
    {
        Some(_) => Ok(()),
        None => match context.registry.create(scope, &organization).await {
            Ok(_) | Err(RegistryError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        },
    }
}

/// Marks a resource as written for a chain.
fn adopt(
    metadata: &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    chain: &Chain,
    organization: &str,
) {
    let mut labels = names::chain_labels(&chain.name_any());
    if !organization.is_empty() {
        labels.insert(names::label::ORGANIZATION.to_owned(), organization.to_owned());
    }
    metadata.labels = Some(labels);
    metadata.finalizers = Some(vec![names::FINALIZER.to_owned()]);
    metadata.owner_references = Some(vec![OwnerReference {
        api_version: Chain::api_version(&()).into_owned(),
        kind: Chain::kind(&()).into_owned(),
        name: chain.name_any(),
        uid: chain.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }]);
}

/// Withdraws members and contracts that the short form no longer names. The channels have let go of the members.
pub async fn dismiss(context: &Context, plan: &Plan, inputs: &Inputs) -> Result<()> {
    let scope = Scope::namespace(&plan.namespace);
    let is_member = |organization: &str| plan.members.iter().any(|member| member.organization == organization);
    let own = inputs
        .members
        .iter()
        .filter(|member| member.namespace().as_deref() == Some(&*plan.namespace));
    for member in own.filter(|member| is_managed(*member)) {
        if !is_member(&member.spec.organization) {
            context.registry.delete::<Member>(&scope, &member.name_any()).await?;
        }
    }
    for contract in inputs.contracts.iter().filter(|contract| is_managed(*contract)) {
        if !plan
            .contracts
            .iter()
            .any(|planned| planned.resource == contract.name_any())
        {
            context
                .registry
                .delete::<Contract>(&scope, &contract.name_any())
                .await?;
        }
    }
    Ok(())
}

/// Waits until every member and contract is as the plan asks, ready or at rest, and tells their steps as the chain's own meanwhile.
pub async fn settled(context: &Context, chain: &Chain, plan: &Plan, report: &Report<ChainStatus>) -> Result<()> {
    let mut watch = context.registry.watch(&Scope::All);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let outcome = look(context, chain, plan, report).await?;
        let trouble = match outcome {
            None => return Ok(()),
            // A child that failed tries again by itself, but whoever watches should know by now.
            Some(trouble) if trouble.kind != Kind::Waiting => return Err(trouble),
            Some(trouble) => trouble,
        };
        let concerns = |event: &Event| {
            matches!(event.key.kind.as_str(), "Member" | "Contract") && fetch::belongs(&event.object, &plan.chain)
        };
        loop {
            match tokio::time::timeout_at(deadline, watch.next()).await {
                Err(_) => return Err(trouble),
                Ok(Ok(Some(event))) if !concerns(&event) => {}
                Ok(Ok(None)) => return Err(trouble),
                Ok(_) => break,
            }
        }
    }
}

/// What the first member or contract that is not settled waits for or fails with.
async fn look(
    context: &Context,
    chain: &Chain,
    plan: &Plan,
    report: &Report<ChainStatus>,
) -> Result<Option<Trouble>> {
    let inputs = fetch::inputs(context, chain).await?;
    // Ready means ready for this plan: a new member, for one, has contracts to approve.
    let fingerprint = Some(plan.fingerprint());
    if fingerprint != Some(plan::chain(chain, &inputs).fingerprint()) {
        return Err(Trouble::waiting("the chain's members have changed meanwhile"));
    }
    let Inputs { members, contracts, .. } = inputs;
    let (mut children, mut nodes) = (Vec::new(), Vec::new());
    for member in &members {
        let status = member.status.clone().unwrap_or_default();
        nodes.extend(status.nodes);
        if member.metadata.deletion_timestamp.is_none() {
            let name = format!("member/{}", member.spec.organization);
            children.push(Child {
                name,
                current: fingerprint == status.plan,
                generation: member.metadata.generation,
                progress: status.progress,
            });
        }
    }
    let mut summaries = Vec::new();
    for contract in &contracts {
        if contract.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let status = contract.status.clone().unwrap_or_default();
        let name = contract.spec.name.clone().unwrap_or_else(|| contract.name_any());
        summaries.push(ContractSummary {
            channel: status
                .channel
                .or_else(|| contract.spec.definition.channel.clone())
                .unwrap_or_default(),
            resource: contract.name_any(),
            version: status.version,
            sequence: status.sequence,
            state: status.progress.state,
            name: name.clone(),
        });
        let name = format!("contract/{name}");
        children.push(Child {
            name,
            current: fingerprint == status.plan,
            generation: contract.metadata.generation,
            progress: status.progress,
        });
    }
    report.edit(|status| {
        super::apply::put_nodes(&mut status.nodes, nodes, |node| node.role == "peer");
        status.contracts = summaries;
        put_steps(&mut status.progress, &children);
    });
    Ok(children.iter().find_map(Child::trouble))
}

/// A member or contract, as far as its chain cares.
struct Child {
    name: String,
    /// In line with the chain's plan.
    current: bool,
    generation: Option<i64>,
    progress: Progress,
}

impl Child {
    fn trouble(&self) -> Option<Trouble> {
        let current = self
            .generation
            .is_some_and(|generation| self.progress.observed_generation == Some(generation));
        // A plan either lets all run or none, so one that is at rest has been told so. What people have to decide first is
        // theirs: the chain works without.
        let progress = &self.progress;
        let settled = progress.is_ready() || progress.state == State::Suspended || progress.awaits_approval();
        if current && self.current && settled {
            return None;
        }
        let message = self
            .progress
            .condition(entente_api::condition::kind::READY)
            .map(|ready| ready.message.clone());
        let message = format!(
            "{}: {}",
            self.name,
            message.unwrap_or_else(|| "not begun yet".to_owned())
        );
        Some(match self.progress.state {
            State::Rejected if current => Trouble {
                kind: Kind::Rejected,
                cause: message,
                hint: None,
            },
            State::Failed | State::Degraded if current => Trouble::failed(message),
            _ => Trouble::waiting(message),
        })
    }
}

/// The chain's own steps, then those of its children that belong to the work on this generation.
fn put_steps(progress: &mut Progress, children: &[Child]) {
    let is_own = |step: &Step| !step.name.starts_with("member/") && !step.name.starts_with("contract/");
    let began = progress
        .steps
        .iter()
        .filter(|step| is_own(step))
        .filter_map(|step| step.start_time)
        .min();
    let last = progress.steps.iter().position(|step| step.name == super::probe::STEP);
    let probe = last.map(|index| progress.steps.remove(index));
    progress.steps.retain(is_own);
    for child in children {
        let recent = child
            .progress
            .steps
            .iter()
            .filter(|step| step.end_time.is_none_or(|end| Some(end) >= began));
        progress.steps.extend(recent.map(|step| Step {
            name: format!("{}/{}", child.name, step.name),
            ..step.clone()
        }));
    }
    progress.steps.extend(probe);
}

/// The chain that a member or contract belongs to, with its plan and what that was made from.
pub async fn parent(context: &Context, namespace: &str, chain: &str) -> Result<(Chain, Inputs, Plan)> {
    let chain = fetch::chain(context, namespace, chain).await?;
    let inputs = fetch::inputs(context, &chain).await?;
    if super::validate::chain(&chain, &inputs).is_err() {
        return Err(Trouble::waiting(format!(
            "the spec of chain \"{}\" must be corrected first",
            chain.name_any()
        )));
    }
    let plan = plan::chain(&chain, &inputs);
    Ok((chain, inputs, plan))
}
