//! What takes a look at every tenant: certificates that expire, and how far the indexes of ledgers are behind.
//!
//! Taken when an operator of the platform asks, and good for a minute: nobody pays for it who does not look.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use entente_api::time::Time;
use entente_api::{Chain, Tenant};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::access::{PlatformScope, TenantScope};
use crate::certificate::{Band, CertificateType, CertificateView, Renewal, collect};
use crate::rest::App;
use crate::rest::problem::{Problem, chain_of};
use crate::store::ledger_index;

/// How long it is good.
const GOOD: TimeDelta = TimeDelta::seconds(60);
/// Certificates that are named.
const NAMED: usize = 20;

/// The last survey; whoever asks while one is taken waits for it.
pub type Last = Arc<Mutex<Option<Survey>>>;

/// What was found with all tenants.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    pub certificates: ExpiringCertificates,
    pub indexes: IndexLag,
}

/// Certificates of all tenants that have expired or soon will.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpiringCertificates {
    /// When they were looked at.
    pub check_time: Time,
    /// How many have expired.
    pub expired: u32,
    /// How many expire within 7 days.
    pub within_7_days: u32,
    /// How many expire within 30 days, but not within 7.
    pub within_30_days: u32,
    /// How many expire within 90 days, but not within 30.
    pub within_90_days: u32,
    /// How many of those that have expired or do within 7 days the platform should have renewed by itself.
    pub overdue: u32,
    /// The first of them, 20 at most.
    pub first: Vec<ExpiringCertificate>,
}

/// A certificate of a tenant that has expired or soon will.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpiringCertificate {
    /// Whose it is.
    pub tenant: String,
    /// What bears it.
    #[schema(example = "chains/ledger/nodes/peer0-bank")]
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: CertificateType,
    /// When it expires.
    pub expire_time: Time,
    /// How soon that is.
    pub band: Band,
    /// Who sees to it that there is another one in time.
    pub renewal: Renewal,
}

/// How far the indexes of ledgers are behind. A ledger is indexed when somebody searches it: one that nobody has looked at of
/// late is behind without harm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexLag {
    /// Ledgers that somebody has searched.
    pub ledgers: u32,
    /// How many of them have blocks that are not indexed.
    pub behind: u32,
    /// How many blocks that are.
    pub blocks: u64,
}

/// The last survey, or a new one.
pub async fn recent(app: &App, platform: &PlatformScope, now: Time) -> Result<Survey, Problem> {
    let mut last = app.survey.lock().await;
    match &*last {
        Some(survey) if (TimeDelta::zero()..GOOD).contains(&(now.get() - survey.certificates.check_time.get())) => {
            Ok(survey.clone())
        }
        _ => Ok(last.insert(take(app, platform, now).await?).clone()),
    }
}

async fn take(app: &App, platform: &PlatformScope, now: Time) -> Result<Survey, Problem> {
    let mut indexed: HashMap<String, Vec<(String, u64)>> = HashMap::new();
    for (tenant, ledger, height) in ledger_index::heights(&app.db, platform).await? {
        indexed.entry(tenant).or_default().push((ledger, height));
    }
    let (mut expiring, mut indexes) = (Vec::new(), IndexLag::default());
    let every = TenantScope::for_background_task("a survey of all tenants", "");
    for tenant in app.resources.list::<Tenant>(&every).await? {
        let name = tenant.metadata.name.unwrap_or_default();
        let scope = TenantScope::for_background_task("a survey of all tenants", &name);
        if let Some(known) = indexed.get(&name) {
            indexes.add(known, &app.resources.list::<Chain>(&scope).await?);
        }
        match collect::of_tenant(&app.resources, app.authorities.as_deref(), &scope).await {
            Ok(found) => expiring.extend(
                found
                    .iter()
                    .map(|certificate| (name.clone(), CertificateView::new(certificate, now)))
                    .filter(|(_, view)| view.band != Band::Later),
            ),
            // One tenant's trouble hides nobody else's.
            Err(error) => {
                tracing::warn!(tenant = name, error = %chain_of(&error), "certificates cannot be looked at")
            }
        }
    }
    let certificates = ExpiringCertificates::of(expiring, now);
    Ok(Survey { certificates, indexes })
}

impl ExpiringCertificates {
    fn of(mut all: Vec<(String, CertificateView)>, now: Time) -> ExpiringCertificates {
        all.sort_by(|(a_tenant, a), (b_tenant, b)| {
            (a.expire_time, a_tenant, &a.name).cmp(&(b.expire_time, b_tenant, &b.name))
        });
        let count_of = |is_counted: &dyn Fn(&CertificateView) -> bool| {
            let found = all.iter().filter(|(_, view)| is_counted(view)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        let count = |band| count_of(&|view| view.band == band);
        ExpiringCertificates {
            check_time: now,
            expired: count(Band::Expired),
            within_7_days: count(Band::Within7Days),
            within_30_days: count(Band::Within30Days),
            within_90_days: count(Band::Within90Days),
            overdue: count_of(&|view| view.renewal == Renewal::Automatic && view.band <= Band::Within7Days),
            first: all
                .into_iter()
                .take(NAMED)
                .map(|(tenant, view)| ExpiringCertificate {
                    tenant,
                    name: view.name,
                    kind: view.kind,
                    expire_time: view.expire_time,
                    band: view.band,
                    renewal: view.renewal,
                })
                .collect(),
        }
    }
}

impl IndexLag {
    /// Counts a tenant's ledgers by what its chains were last seen to have.
    fn add(&mut self, indexed: &[(String, u64)], chains: &[Chain]) {
        for (ledger, height) in indexed {
            let Some((uid, channel)) = ledger.split_once('/') else {
                continue;
            };
            let chain = chains.iter().find(|chain| chain.metadata.uid.as_deref() == Some(uid));
            let channels = chain
                .and_then(|chain| chain.status.as_ref())
                .map(|status| &status.channels);
            let seen = channels.and_then(|channels| channels.iter().find(|one| one.name == channel)?.height);
            // What is indexed of a chain that is gone goes when its tenant next searches a new one.
            let Some(seen) = seen else { continue };
            self.ledgers += 1;
            self.behind += u32::from(seen > *height);
            self.blocks += seen.saturating_sub(*height);
        }
    }
}
