//! Chains of other tenants that a tenant's own organizations take part in: found by its own Members, shown with its own
//! nodes, and otherwise with no more than what the channels that it shares show to everybody on them.

use std::collections::BTreeSet;

use entente_api::chain::{ChainMember, ChainSpec, ChainStatus};
use entente_api::condition::Progress;
use entente_api::{Chain, Member};
use entente_operator::registry::RegistryError;

use super::nodes;
use super::resource::Resources;
use crate::access::TenantScope;

/// A chain as a tenant sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The chain itself when it is the tenant's own; otherwise what it shares, under the name that it has here.
    pub chain: Chain,
    /// The tenant whose it is, when that is another one.
    pub owner: Option<String>,
}

impl Resources {
    /// The chain of a name: the tenant's own, or one that is shared with it as `NAME.TENANT`.
    pub async fn seen(&self, scope: &TenantScope, name: &str) -> Result<Option<Seen>, RegistryError> {
        if let Some(chain) = self.get::<Chain>(scope, name).await? {
            return Ok(Some(Seen { chain, owner: None }));
        }
        // No name of an own chain has a dot.
        if !name.contains('.') {
            return Ok(None);
        }
        let memberships = self.memberships(scope).await?;
        self.shared_by(scope, &memberships, name).await
    }

    /// Every chain that is shared with the tenant, by name.
    pub async fn shared(&self, scope: &TenantScope) -> Result<Vec<Seen>, RegistryError> {
        let memberships = self.memberships(scope).await?;
        let names: BTreeSet<String> = memberships
            .iter()
            .map(|member| member.spec.chain_seen_from(scope.namespace()))
            .collect();
        let mut shared = Vec::new();
        for name in names {
            shared.extend(self.shared_by(scope, &memberships, &name).await?);
        }
        Ok(shared)
    }

    /// The tenant's Members in chains of others. A key that is limited to chains names a shared one as it is seen.
    async fn memberships(&self, scope: &TenantScope) -> Result<Vec<Member>, RegistryError> {
        let own = scope.namespace();
        let whole = TenantScope::for_background_task("memberships in chains of others", own);
        let mut members: Vec<Member> = self.list(&whole).await?;
        members.retain(|member| {
            member.spec.chain_namespace(own) != own && scope.reaches(Some(&member.spec.chain_seen_from(own)))
        });
        Ok(members)
    }

    async fn shared_by(
        &self,
        scope: &TenantScope,
        memberships: &[Member],
        name: &str,
    ) -> Result<Option<Seen>, RegistryError> {
        let own = scope.namespace();
        let members: Vec<&Member> = memberships
            .iter()
            .filter(|member| member.spec.chain_seen_from(own) == name)
            .collect();
        let Some(first) = members.first() else {
            return Ok(None);
        };
        let owner = first.spec.chain_namespace(own);
        let theirs = TenantScope::for_background_task("a chain that names an organization of the tenant", owner);
        let chain: Option<Chain> = self.get(&theirs, &first.spec.chain).await?;
        Ok(chain.and_then(|chain| share(own, &members, chain, name, owner)))
    }
}

/// What a tenant sees of another one's chain. `None` while the chain names none of its organizations: a Member alone decides
/// nothing.
fn share(own: &str, members: &[&Member], chain: Chain, name: &str, owner: &str) -> Option<Seen> {
    let is_own = |member: &ChainMember| {
        let named = members.iter().any(|own| own.spec.organization == member.organization);
        named && member.namespace.as_deref() == Some(own)
    };
    let organizations: BTreeSet<String> = chain
        .spec
        .members
        .iter()
        .filter(|member| is_own(member))
        .map(|member| member.organization.clone())
        .collect();
    if organizations.is_empty() {
        return None;
    }
    let own_members: Vec<Member> = members
        .iter()
        .filter(|member| organizations.contains(&member.spec.organization))
        .map(|member| (*member).clone())
        .collect();
    let mut shared = Chain::new(name, spec(&chain.spec, &organizations, &own_members));
    shared.metadata.uid = chain.metadata.uid.clone();
    shared.metadata.generation = chain.metadata.generation;
    shared.metadata.creation_timestamp = chain.metadata.creation_timestamp.clone();
    shared.metadata.deletion_timestamp = chain.metadata.deletion_timestamp.clone();
    shared.status = chain.status.map(|found| status(found, &organizations, &own_members));
    Some(Seen {
        chain: shared,
        owner: Some(owner.to_owned()),
    })
}

/// The channels that own organizations are on, with who else is on them; of the rest only what holds for everybody.
fn spec(whole: &ChainSpec, own: &BTreeSet<String>, own_members: &[Member]) -> ChainSpec {
    let everybody = || whole.members.iter().map(|member| member.organization.clone()).collect();
    let mut channels = whole.channels.clone();
    for channel in &mut channels {
        channel.members.get_or_insert_with(everybody);
    }
    channels.retain(|channel| channel.members.iter().flatten().any(|member| own.contains(member)));
    let on_them: BTreeSet<&String> = channels
        .iter()
        .filter_map(|channel| channel.members.as_ref())
        .flatten()
        .collect();
    let peers = |organization: &str| {
        let member = own_members
            .iter()
            .find(|member| member.spec.organization == organization);
        member.map_or(0, |member| member.spec.peers)
    };
    let members = whole
        .members
        .iter()
        .filter(|member| own.contains(&member.organization) || on_them.contains(&member.organization))
        .map(|member| ChainMember::new(&member.organization, peers(&member.organization)))
        .collect();
    let first = whole.channels.first().map(|channel| channel.name.as_str());
    let mut contracts = whole.contracts.clone();
    contracts.retain(|contract| {
        let on = contract.definition.channel.as_deref().or(first);
        channels.iter().any(|channel| Some(channel.name.as_str()) == on)
    });
    for contract in &mut contracts {
        // What its service is started with, and from where, is its owner's.
        contract.definition.settings.clear();
        contract.definition.package = None;
        contract.definition.external = None;
        contract.definition.image = None;
    }
    ChainSpec {
        display_name: whole.display_name.clone(),
        description: whole.description.clone(),
        members,
        channels,
        contracts,
        ordering: whole.ordering.clone(),
        batch: whole.batch.clone(),
        engine: whole.engine,
        suspended: whole.suspended,
        recycled: whole.recycled,
        ..ChainSpec::default()
    }
}

fn status(whole: ChainStatus, own: &BTreeSet<String>, own_members: &[Member]) -> ChainStatus {
    let mut channels = whole.channels;
    channels.retain(|channel| channel.members.iter().any(|member| own.contains(member)));
    let mut contracts = whole.contracts;
    contracts.retain(|contract| channels.iter().any(|channel| channel.name == contract.channel));
    let mut conditions = whole.progress.conditions;
    for condition in &mut conditions {
        // It may name nodes of others.
        condition.message.clear();
    }
    let heights: Vec<u64> = channels.iter().filter_map(|channel| channel.height).collect();
    ChainStatus {
        progress: Progress {
            observed_generation: whole.progress.observed_generation,
            state: whole.progress.state,
            conditions,
            steps: Vec::new(),
        },
        engine: whole.engine,
        member_count: whole.member_count,
        height: (!heights.is_empty()).then(|| heights.iter().sum()),
        nodes: nodes::reported(own_members),
        channels,
        contracts,
        ready_time: whole.ready_time,
        ..ChainStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use entente_api::names;
    use serde_json::{Value, json};

    use super::*;

    fn chain() -> Chain {
        serde_json::from_value(json!({
            "apiVersion": "entente.dev/v1alpha1", "kind": "Chain", "metadata": {"name": "ledger", "namespace": "hebei", "uid": "u1"},
            "spec": {
                "members": [
                    {"organization": "finance", "peers": 3},
                    {"organization": "tax", "namespace": "shijiazhuang"},
                    {"organization": "rival", "namespace": "elsewhere"},
                ],
                "channels": [{"name": "main", "members": ["finance", "tax"]}, {"name": "secret", "members": ["finance", "rival"]}],
                "contracts": [
                    {"name": "evidence", "template": "evidence", "channel": "main", "settings": {"LOG_LEVEL": "debug"}},
                    {"name": "plans", "template": "evidence", "channel": "secret"},
                ],
            },
            "status": {
                "state": "degraded",
                "conditions": [{"type": "Ready", "status": "False", "reason": "Degraded", "message": "peer0-finance does not run",
                    "lastTransitionTime": "2026-11-21T12:00:00.000000Z"}],
                "steps": [{"name": "member/finance/peers", "state": "failed"}],
                "nodes": [{"name": "peer0-finance", "role": "peer", "organization": "finance", "endpoint": "a:1"}],
                "channels": [{"name": "main", "members": ["finance", "tax"], "height": 4}, {"name": "secret", "members": ["finance"], "height": 9}],
                "contracts": [{"name": "plans", "channel": "secret", "resource": "r"}],
            },
        }))
        .unwrap()
    }

    fn member(organization: &str) -> Member {
        serde_json::from_value(json!({
            "apiVersion": "entente.dev/v1alpha1", "kind": "Member", "metadata": {"name": "tax-in-ledger"},
            "spec": {"chain": "ledger", "chainNamespace": "hebei", "organization": organization, "peers": 2},
            "status": {"nodes": [{"name": "peer0-tax", "role": "peer", "organization": "tax", "endpoint": "b:1"}]},
        }))
        .unwrap()
    }

    fn seen(own: &str, organization: &str) -> Option<Value> {
        let member = member(organization);
        let name = names::chain_seen_from(own, "ledger", "hebei");
        let seen = share(own, &[&member], chain(), &name, "hebei")?;
        assert_eq!(seen.owner.as_deref(), Some("hebei"));
        Some(serde_json::to_value(seen.chain).unwrap())
    }

    #[test]
    fn a_tenant_sees_its_own_nodes_and_of_the_others_what_the_channel_shows() {
        let seen = seen("shijiazhuang", "tax").unwrap();

        assert_eq!(seen["metadata"], json!({"name": "ledger.hebei", "uid": "u1"}));
        assert_eq!(
            (&seen["spec"]["members"], &seen["spec"]["channels"][0]["name"]),
            (
                &json!([{"organization": "finance", "peers": 0}, {"organization": "tax", "peers": 2}]),
                &json!("main")
            )
        );
        assert_eq!(seen["status"]["nodes"][0]["name"], "peer0-tax");
        assert_eq!(seen["status"]["height"], 4);
        let text = seen.to_string();
        for hidden in ["secret", "rival", "peer0-finance", "plans", "LOG_LEVEL", "shijiazhuang"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }

    #[test]
    fn whom_the_chain_does_not_name_sees_nothing() {
        assert_eq!(seen("shijiazhuang", "finance"), None);
        assert_eq!(seen("elsewhere", "tax"), None);
    }
}
