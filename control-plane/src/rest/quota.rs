//! Whether a tenant may have what it asks for.
//!
//! A demand is compared with what the tenant has besides the object itself, so that an edit is judged by what it ends at.

use std::collections::BTreeSet;

use entente_api::tenant::Quotas;
use entente_api::{Chain, Member, Organization, units};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::guards::is_derived;
use super::kind::Kind;
use super::problem::Problem;
use crate::access::TenantScope;

/// What something needs of a tenant's quotas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    pub chains: u64,
    /// Organizations by name: one that is there already is not needed twice.
    pub organizations: BTreeSet<String>,
    pub peers: u64,
    /// Bytes.
    pub storage: u64,
}

/// A quota that does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaShortage {
    /// Which quota: `chains`, `organizations`, `peers`, `storage` (in bytes) or `requestsPerSecond`.
    #[schema(example = "chains")]
    pub quota: String,
    /// How much the tenant may have.
    #[schema(example = 10)]
    pub limit: u64,
    /// How much it has.
    #[schema(example = 10)]
    pub used: u64,
    /// How much more was asked for.
    #[schema(example = 1)]
    pub requested: u64,
}

impl Demand {
    /// What a chain needs: its own organizations, their peers, and the volumes of its nodes.
    pub fn of_chain(chain: &Chain) -> Demand {
        let spec = &chain.spec;
        let own = || spec.members.iter().filter(|member| member.namespace.is_none());
        let peers: u64 = own().map(|member| u64::from(member.peers)).sum();
        let nodes = peers + u64::from(spec.ordering.replicas);
        // A size that cannot be read is refused elsewhere.
        let size = units::bytes(&spec.storage.size).unwrap_or_default();
        Demand {
            chains: 1,
            organizations: own().map(|member| member.organization.clone()).collect(),
            peers,
            storage: nodes.saturating_mul(size),
        }
    }

    pub fn of_organization(organization: &Organization) -> Demand {
        Demand {
            organizations: organization.metadata.name.clone().into_iter().collect(),
            ..Demand::default()
        }
    }

    /// What a part in another tenant's chain needs.
    pub fn of_member(member: &Member) -> Demand {
        Demand {
            peers: u64::from(member.spec.peers),
            ..Demand::default()
        }
    }

    /// Whether it needs nothing that the other does not.
    pub fn is_within(&self, other: &Demand) -> bool {
        self.chains <= other.chains
            && self.organizations.is_subset(&other.organizations)
            && self.peers <= other.peers
            && self.storage <= other.storage
    }

    fn add(&mut self, other: Demand) {
        self.chains += other.chains;
        self.organizations.extend(other.organizations);
        self.peers += other.peers;
        self.storage = self.storage.saturating_add(other.storage);
    }

    /// Each quota by its name, with its limit and how much of it this is.
    pub fn beside(&self, quotas: &Quotas) -> [(&'static str, Option<u64>, u64); 4] {
        let limit = |limit: Option<u32>| limit.map(u64::from);
        let storage = quotas.storage.as_deref().and_then(|size| units::bytes(size).ok());
        [
            ("chains", limit(quotas.chains), self.chains),
            (
                "organizations",
                limit(quotas.organizations),
                self.organizations.len() as u64,
            ),
            ("peers", limit(quotas.peers), self.peers),
            ("storage", storage, self.storage),
        ]
    }

    /// The first quota that does not suffice for this beside what the tenant has.
    fn shortage(&self, quotas: &Quotas, has: &Demand) -> Option<QuotaShortage> {
        let new = Demand {
            // One that is there already is not needed twice.
            organizations: self.organizations.difference(&has.organizations).cloned().collect(),
            ..self.clone()
        };
        let asked = new.beside(quotas).map(|(_, _, asked)| asked);
        let compared = has.beside(quotas).into_iter().zip(asked);
        compared.into_iter().find_map(|((quota, limit, used), requested)| {
            let limit = limit?;
            let is_short = requested > 0 && used.saturating_add(requested) > limit;
            is_short.then(|| QuotaShortage {
                quota: quota.to_owned(),
                limit,
                used,
                requested,
            })
        })
    }
}

/// A tenant's turn to take more of its quotas; it has to be held until that is written. Nobody waits who has no quota.
pub type Turn = Option<OwnedMutexGuard<()>>;

/// That the tenant may have the resource, in the place of the one of its name. What shrinks fits, however far beyond its
/// quota a tenant is.
///
/// # Errors
/// `quota_exceeded`, with the limit, what is used and what was asked for.
pub async fn admit<K: Kind>(app: &App, scope: &TenantScope, old: Option<&K>, new: &K) -> Result<Turn, Problem> {
    let demand = new.demand();
    if demand.is_within(&old.map(K::demand).unwrap_or_default()) {
        return Ok(None);
    }
    let tenant = app.gate.tenant(scope.namespace()).await?;
    let Some(tenant) = tenant.filter(|tenant| tenant.spec.quotas != Quotas::default()) else {
        return Ok(None);
    };
    let turn = app.admissions.clone().lock_owned().await;
    let itself = (K::kind(&()), new.meta().name.as_deref());
    let has = besides(app, scope, |kind, name| itself == (kind.into(), name)).await?;
    match demand.shortage(&tenant.spec.quotas, &has) {
        None => Ok(Some(turn)),
        Some(short) => {
            let QuotaShortage {
                quota,
                limit,
                used,
                requested,
            } = &short;
            let detail =
                format!("The tenant may have {limit} {quota}; it has {used}, and this asks for {requested} more.");
            Err(Problem::new(Code::QuotaExceeded, detail).with_quota(short))
        }
    }
}

/// What the tenant has.
pub async fn used(app: &App, scope: &TenantScope) -> Result<Demand, Problem> {
    besides(app, scope, |_, _| false).await
}

/// What the tenant has, besides what is left out: by kind and name.
async fn besides(
    app: &App,
    scope: &TenantScope,
    is_left_out: impl Fn(&str, Option<&str>) -> bool,
) -> Result<Demand, Problem> {
    // A key that is limited to some chains is limited by all of them.
    let whole = TenantScope::for_background_task("what a tenant has", scope.namespace());
    let mut has = Demand::default();
    for chain in app.resources.list::<Chain>(&whole).await? {
        if !is_left_out("Chain", chain.metadata.name.as_deref()) {
            has.add(Demand::of_chain(&chain));
        }
    }
    for member in app.resources.list::<Member>(&whole).await? {
        if !is_left_out("Member", member.metadata.name.as_deref()) && !is_derived(&member) {
            has.add(Demand::of_member(&member));
        }
    }
    for organization in app.resources.list::<Organization>(&whole).await? {
        let name = organization.metadata.name.as_deref();
        let is_of_a_chain = name.is_some_and(|name| name.contains('.'));
        if !is_left_out("Organization", name) && !is_of_a_chain {
            has.add(Demand::of_organization(&organization));
        }
    }
    Ok(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(chains: u64, organizations: &[&str], peers: u64, storage: u64) -> Demand {
        Demand {
            chains,
            organizations: organizations.iter().map(|name| (*name).to_owned()).collect(),
            peers,
            storage,
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_numbers() {
        let quotas = Quotas {
            chains: Some(2),
            organizations: Some(3),
            storage: Some("100Gi".to_owned()),
            ..Quotas::default()
        };
        let has = demand(1, &["bank", "tax"], 4, 50 << 30);

        let fits = demand(1, &["bank", "bureau"], 900, 50 << 30).shortage(&quotas, &has);
        let organizations = demand(0, &["bank", "bureau", "customs"], 0, 0).shortage(&quotas, &has);
        let storage = demand(1, &[], 0, 51 << 30).shortage(&quotas, &has);

        assert_eq!(fits, None);
        assert_eq!(
            organizations,
            Some(QuotaShortage {
                quota: "organizations".to_owned(),
                limit: 3,
                used: 2,
                requested: 2
            })
        );
        assert_eq!(
            storage.map(|short| (short.quota, short.limit, short.used)),
            Some(("storage".to_owned(), 100 << 30, 50 << 30))
        );
    }

    #[test]
    fn a_chain_needs_the_volumes_of_all_its_nodes_and_the_peers_of_its_own_members() {
        let spec = serde_json::json!({"members": [
            {"organization": "bank", "peers": 2}, {"organization": "tax", "namespace": "elsewhere", "peers": 3},
        ]});
        let chain = Chain::new("ledger", serde_json::from_value(spec).unwrap());

        assert_eq!(Demand::of_chain(&chain), demand(1, &["bank"], 2, 5 * (10 << 30)));
    }
}
