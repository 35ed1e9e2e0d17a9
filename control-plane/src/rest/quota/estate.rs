//! Everything of a tenant that takes of its quotas, and how much that is.
//!
//! What is asked for is put in its place here, and all of it counted again: an edit is judged by what it ends at.

use std::collections::HashMap;

use entente_api::contract::ContractDefinition;
use entente_api::needs::Needs;
use entente_api::node_release::Engine;
use entente_api::{Chain, Contract, Member, NodeRelease, Organization, units};
use kube::ResourceExt as _;

use super::demand::Demand;
use crate::access::TenantScope;
use crate::rest::App;
use crate::rest::guards::is_derived;
use crate::rest::kind::Kind;
use crate::rest::problem::Problem;

/// Everything of a tenant that takes of its quotas.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    pub chains: Vec<Chain>,
    pub members: Vec<Member>,
    pub organizations: Vec<Organization>,
    pub contracts: Vec<Contract>,
    /// Chains of other tenants that it takes part in, by namespace and name.
    foreign: HashMap<(String, String), Chain>,
    releases: Vec<NodeRelease>,
}

impl Estate {
    /// What a tenant has, as far as this replica knows.
    pub async fn known(app: &App, scope: &TenantScope) -> Result<Estate, Problem> {
        // A key that is limited to some chains is limited by all of them.
        let whole = TenantScope::for_background_task("what a tenant has", scope.namespace());
        let mut estate = Estate {
            chains: app.resources.list(&whole).await?,
            members: app.resources.list(&whole).await?,
            organizations: app.resources.list(&whole).await?,
            contracts: app.resources.list(&whole).await?,
            releases: app.resources.list(&whole).await?,
            foreign: HashMap::new(),
        };
        estate.find_foreign(app, None).await?;
        Ok(estate)
    }

    /// What a tenant has, with what other replicas have only just written, and what the chain is like that `joining` takes
    /// part in.
    pub async fn now(app: &App, scope: &TenantScope, joining: Option<&Member>) -> Result<Estate, Problem> {
        let whole = TenantScope::for_background_task("what a tenant has", scope.namespace());
        let mut estate = Estate {
            chains: app.resources.list_now(&whole).await?,
            members: app.resources.list_now(&whole).await?,
            organizations: app.resources.list_now(&whole).await?,
            contracts: app.resources.list_now(&whole).await?,
            releases: app.resources.list(&whole).await?,
            foreign: HashMap::new(),
        };
        estate.find_foreign(app, joining).await?;
        Ok(estate)
    }

    async fn find_foreign(&mut self, app: &App, joining: Option<&Member>) -> Result<(), Problem> {
        let members = self.members.iter().chain(joining);
        let elsewhere = members.filter_map(|member| Some((member.spec.chain_namespace.clone()?, &member.spec.chain)));
        let elsewhere: Vec<(String, String)> = elsewhere.map(|(space, chain)| (space, chain.clone())).collect();
        for (namespace, name) in elsewhere {
            let theirs = TenantScope::for_background_task("how large a shared chain's nodes are", &namespace);
            if let Some(chain) = app.resources.get::<Chain>(&theirs, &name).await? {
                self.foreign.insert((namespace, name), chain);
            }
        }
        Ok(())
    }

    /// Takes out the resource of a name.
    pub fn remove<K: Kind>(&mut self, name: Option<&str>) {
        if let Some(place) = K::place(self) {
            place.retain(|one| one.meta().name.as_deref() != name);
        }
    }

    /// Puts a resource in its place.
    pub fn put<K: Kind>(&mut self, resource: K) {
        self.remove::<K>(resource.meta().name.as_deref());
        if let Some(place) = K::place(self) {
            place.push(resource);
        }
    }

    /// How much all of it takes.
    pub fn demand(&self) -> Demand {
        let mut all = Demand::default();
        for chain in &self.chains {
            all.add(self.of_chain(chain));
        }
        for member in self.members.iter().filter(|member| !is_derived(*member)) {
            all.add(self.of_member(member));
        }
        // Those that chains make for themselves are not counted.
        let organizations = self.organizations.iter().map(|one| one.name_any());
        all.organizations
            .extend(organizations.filter(|name| !name.contains('.')));
        for contract in self.contracts.iter().filter(|contract| !is_derived(*contract)) {
            all.add(of_contract(&contract.spec.definition));
        }
        all
    }

    /// What a chain needs: its own organizations, their peers, and what its nodes and contracts ask for.
    fn of_chain(&self, chain: &Chain) -> Demand {
        let spec = &chain.spec;
        let own = || spec.members.iter().filter(|member| member.namespace.is_none());
        let peers: u64 = own().map(|member| u64::from(member.peers)).sum();
        let mut demand = Demand {
            chains: 1,
            organizations: own().map(|member| member.organization.clone()).collect(),
            ..self.of_nodes(peers + u64::from(spec.ordering.replicas), Some(chain))
        };
        demand.peers = peers;
        for contract in &spec.contracts {
            demand.add(of_contract(&contract.definition));
        }
        demand
    }

    /// What a part in a chain needs that has a resource of its own.
    fn of_member(&self, member: &Member) -> Demand {
        let chain = match &member.spec.chain_namespace {
            Some(namespace) => self.foreign.get(&(namespace.clone(), member.spec.chain.clone())),
            None => self.chains.iter().find(|chain| chain.name_any() == member.spec.chain),
        };
        let peers = u64::from(member.spec.peers);
        Demand {
            peers,
            ..self.of_nodes(peers, chain)
        }
    }

    /// What nodes of a chain need; of one that is not there, what is usual.
    fn of_nodes(&self, count: u64, chain: Option<&Chain>) -> Demand {
        let storage = chain.map_or_else(Default::default, |chain| chain.spec.storage.clone());
        // A size that cannot be read is refused elsewhere.
        let size = units::bytes(&storage.size).unwrap_or_default();
        let mut demand = Demand {
            storage: count.saturating_mul(size),
            ..Demand::default()
        };
        demand.add_nodes(count, Needs::of_node(self.engine(chain)));
        demand
    }

    /// The engine that a chain runs or is going to.
    fn engine(&self, chain: Option<&Chain>) -> Engine {
        let running = chain.and_then(|chain| chain.status.as_ref()?.engine);
        let spec = chain.map(|chain| &chain.spec);
        let named = spec.and_then(|spec| spec.release.as_deref());
        let is_chosen = |release: &&NodeRelease| match named {
            Some(name) => release.name_any() == name,
            None => release.spec.default,
        };
        let asked = spec.and_then(|spec| spec.engine).filter(|_| named.is_none());
        let of_release = || Some(self.releases.iter().find(is_chosen)?.spec.engine);
        running.or(asked).or_else(of_release).unwrap_or_default()
    }
}

/// What the service of a contract asks for, where the platform runs it.
fn of_contract(definition: &ContractDefinition) -> Demand {
    let mut demand = Demand::default();
    if definition.template.is_some() {
        demand.add_nodes(1, Needs::TEMPLATE);
    }
    if definition.image.is_some() {
        demand.add_nodes(1, Needs::IMAGE);
    }
    demand
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_needs_what_all_its_nodes_and_contracts_do_and_the_peers_of_its_own_members() {
        let spec = serde_json::json!({"engine": "fabric", "members": [
            {"organization": "bank", "peers": 2}, {"organization": "tax", "namespace": "elsewhere", "peers": 3},
        ], "contracts": [{"name": "evidence", "template": "evidence"}]});
        let mut estate = Estate::default();

        estate.put(Chain::new("ledger", serde_json::from_value(spec).unwrap()));

        let expected = Demand {
            chains: 1,
            organizations: ["bank".to_owned()].into(),
            peers: 2,
            cpu: 5 * 50 + 10,
            memory: (5 * 128 + 16) << 20,
            storage: 5 * (10 << 30),
        };
        assert_eq!(estate.demand(), expected);
    }

    #[test]
    fn a_part_in_another_tenants_chain_needs_nodes_as_that_chain_has_them() {
        let spec =
            serde_json::json!({"chain": "ledger", "chainNamespace": "bureau", "organization": "bank", "peers": 2});
        let mut estate = Estate::default();
        let theirs = serde_json::json!({"engine": "native", "storage": {"size": "20Gi"}});
        estate.foreign.insert(
            ("bureau".to_owned(), "ledger".to_owned()),
            Chain::new("ledger", serde_json::from_value(theirs).unwrap()),
        );

        estate.put(Member::new("ledger-bank", serde_json::from_value(spec).unwrap()));

        let expected = Demand {
            peers: 2,
            cpu: 40,
            memory: 64 << 20,
            storage: 40 << 30,
            ..Demand::default()
        };
        assert_eq!(estate.demand(), expected);
    }
}
