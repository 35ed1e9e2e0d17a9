//! How much of a tenant's quotas something takes, and whether there is so much. Pure.

use std::collections::BTreeSet;

use entente_api::needs::Needs;
use entente_api::tenant::Quotas;
use entente_api::units;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much of a tenant's quotas something takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    pub chains: u64,
    /// Organizations by name: one that is there already is not needed twice.
    pub organizations: BTreeSet<String>,
    pub peers: u64,
    /// Thousandths of a core.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes.
    pub storage: u64,
}

/// A quota that does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaShortage {
    /// Which quota: `chains`, `organizations`, `peers`, `cpu` (in thousandths of a core), `memory` and `storage` (in bytes) or
    /// `requestsPerSecond`.
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
    pub fn add(&mut self, other: Demand) {
        self.chains += other.chains;
        self.organizations.extend(other.organizations);
        self.peers = self.peers.saturating_add(other.peers);
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.memory = self.memory.saturating_add(other.memory);
        self.storage = self.storage.saturating_add(other.storage);
    }

    /// Adds what so many of the same ask for.
    pub fn add_nodes(&mut self, count: u64, needs: Needs) {
        self.cpu = self.cpu.saturating_add(count.saturating_mul(needs.cpu));
        self.memory = self.memory.saturating_add(count.saturating_mul(needs.memory));
    }

    /// Each quota by its name, with its limit and how much of it this takes.
    pub fn beside(&self, quotas: &Quotas) -> [(&'static str, Option<u64>, u64); 6] {
        let number = |limit: Option<u32>| limit.map(u64::from);
        // What cannot be read is refused where it is written.
        let bytes = |size: &Option<String>| size.as_deref().and_then(|size| units::bytes(size).ok());
        let cpu = quotas.cpu.as_deref().and_then(|cores| units::cores(cores).ok());
        [
            ("chains", number(quotas.chains), self.chains),
            (
                "organizations",
                number(quotas.organizations),
                self.organizations.len() as u64,
            ),
            ("peers", number(quotas.peers), self.peers),
            ("cpu", cpu, self.cpu),
            ("memory", bytes(&quotas.memory), self.memory),
            ("storage", bytes(&quotas.storage), self.storage),
        ]
    }

    /// The first quota that does not suffice for what the tenant would have after a change. `besides` is what it has without
    /// what is changed, `before` what it has now: what takes no more of a quota fits, however far beyond it the tenant is.
    pub fn shortage(quotas: &Quotas, besides: &Demand, before: &Demand, after: &Demand) -> Option<QuotaShortage> {
        let [besides, before, after] = [besides, before, after].map(|demand| demand.beside(quotas));
        (0..after.len()).find_map(|index| {
            let (quota, limit, then) = after[index];
            let (limit, now, used) = (limit?, before[index].2, besides[index].2);
            (then > now && then > limit).then(|| QuotaShortage {
                quota: quota.to_owned(),
                limit,
                used,
                requested: then.saturating_sub(used),
            })
        })
    }
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
            ..Demand::default()
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
        let short = |more: Demand| {
            let mut after = has.clone();
            after.add(more);
            Demand::shortage(&quotas, &has, &has, &after)
        };

        let fits = short(demand(1, &["bank", "bureau"], 900, 50 << 30));
        let organizations = short(demand(0, &["bank", "bureau", "customs"], 0, 0));
        let storage = short(demand(1, &[], 0, 51 << 30));

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
    fn what_shrinks_fits_whoever_is_beyond_their_quota() {
        let quotas = Quotas {
            peers: Some(2),
            ..Quotas::default()
        };
        let (none, five, four) = (demand(0, &[], 0, 0), demand(0, &[], 5, 0), demand(0, &[], 4, 0));

        assert_eq!(Demand::shortage(&quotas, &none, &five, &four), None);
        assert!(Demand::shortage(&quotas, &none, &four, &five).is_some());
    }
}
