//! `/v1/admin/fleet`: every chain of every tenant.

use std::collections::HashMap;

use axum::extract::State;
use entente_api::condition::{State as Standing, kind};
use entente_api::node_release::{Engine, NodeReleaseSpec};
use entente_api::time::Time;
use entente_api::{Chain, NodeRelease};
use entente_operator::registry::{Key, Sought};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Action, Caller};
use crate::rest::App;
use crate::rest::extract::Query;
use crate::rest::filter;
use crate::rest::page::{Page, PageQuery};
use crate::rest::problem::{Problem, ProblemBody};
use crate::rest::view;

/// Which chains to list: those that all of this fits.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FleetQuery {
    /// Only of this tenant.
    #[param(example = "hebei-finance")]
    pub tenant: Option<String>,
    /// Only those that run this NodeRelease.
    #[param(example = "native-0-1-0")]
    pub release: Option<String>,
    /// Only in this state.
    #[param(example = "ready", inline)]
    pub state: Option<Standing>,
    /// Only with this in the name, the display name or the value of a label, in any case.
    #[param(example = "payments")]
    pub q: Option<String>,
}

/// A chain, as the platform's operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetChain {
    /// The tenant that has founded it.
    pub tenant: String,
    /// Its name in the tenant.
    pub name: String,
    /// Opaque; never used again.
    pub uid: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Where it stands, in one word.
    pub state: Standing,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether it rests.
    pub suspended: bool,
    /// Name of the release that its nodes run; absent until one is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Engine of that release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// Version of that release; absent when the release is not published any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// From when on nobody mends that release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_of_life_time: Option<Time>,
    /// Whether that time has come.
    pub is_end_of_life: bool,
    /// Its nodes.
    pub nodes: NodeCount,
    /// Organizations that take part.
    pub member_count: u32,
    /// When it was created.
    pub create_time: Option<Time>,
    /// When it was asked to be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_time: Option<Time>,
    /// When what lies in the recycle bin is deleted for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purge_time: Option<Time>,
}

/// How many nodes a chain has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCount {
    /// Those that are ready.
    pub ready: u32,
    /// Those that should be: none while it rests. Nodes of another tenant count once that tenant has said how many.
    pub desired: u32,
}

/// List the chains of all tenants, by tenant and name.
#[utoipa::path(
    get, path = "/v1/admin/fleet", tag = "admin", params(FleetQuery, PageQuery),
    responses((status = OK, body = Page<FleetChain>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn fleet_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<FleetQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<FleetChain>>, Problem> {
    let platform = caller.may_on_the_platform(Action::ReadPlatform)?;
    let sought = query.sought()?;
    let window = page.window(&format!("fleet {query:?}"))?;
    let after = window.after.as_deref().and_then(|after| after.split_once('/'));
    let after = after.map(|(namespace, name)| Key {
        kind: "Chain".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    });
    let tenant = query.tenant.as_deref();
    let found = app
        .resources
        .chains_of_all(&platform, tenant, after, window.size + 1, &sought);
    let (mut found, releases) = (
        found.await?,
        app.resources.list::<NodeRelease>(&caller.own_scope()).await?,
    );
    let releases = releases
        .into_iter()
        .filter_map(|release| Some((release.metadata.name?, release.spec)))
        .collect();
    let now = Time::now();
    let page = window.close(&mut found, |chain| {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}/{}", of(&chain.metadata.namespace), of(&chain.metadata.name))
    });
    Ok(axum::Json(page.map(|chain| FleetChain::of(&chain, &releases, now))))
}

impl FleetQuery {
    fn sought(&self) -> Result<Sought, Problem> {
        filter::check([("tenant", &self.tenant), ("release", &self.release), ("q", &self.q)])?;
        Ok(Sought::new(filter::words(&self.q), self.state, None).with_release(self.release.clone()))
    }
}

impl FleetChain {
    fn of(chain: &Chain, releases: &HashMap<String, NodeReleaseSpec>, now: Time) -> FleetChain {
        let shown = view::view(chain);
        let status = chain.status.as_ref();
        let named = status.and_then(|status| status.release.as_ref());
        let release = named.or(chain.spec.release.as_ref());
        let published = release.and_then(|release| releases.get(release));
        let end_of_life_time = published.and_then(|published| published.end_of_life_time);
        let ready = status.and_then(|status| status.progress.condition(kind::READY));
        FleetChain {
            tenant: chain.metadata.namespace.clone().unwrap_or_default(),
            name: shown.name,
            uid: shown.uid,
            display_name: chain.spec.display_name.clone(),
            state: shown.state,
            message: ready
                .filter(|_| shown.state != Standing::Ready)
                .map(|ready| ready.message.clone())
                .filter(|message| !message.is_empty()),
            suspended: chain.spec.suspended,
            release: release.cloned(),
            engine: status
                .and_then(|status| status.engine)
                .or(published.map(|published| published.engine)),
            version: published.map(|published| published.version.clone()),
            is_end_of_life: end_of_life_time.is_some_and(|time| time <= now),
            end_of_life_time,
            nodes: NodeCount::of(chain),
            member_count: status.map_or(0, |status| status.member_count),
            create_time: shown.create_time,
            delete_time: shown.delete_time,
            purge_time: shown.purge_time,
        }
    }
}

impl NodeCount {
    fn of(chain: &Chain) -> NodeCount {
        let nodes = chain.status.as_ref().map_or(&[][..], |status| &status.nodes);
        let ready = nodes.iter().filter(|node| node.state == Standing::Ready).count();
        let own = chain.spec.members.iter().filter(|member| member.namespace.is_none());
        let asked = own.map(|member| member.peers).sum::<u32>() + chain.spec.ordering.replicas;
        // Those of members that speak for themselves are known from what the operator reports alone.
        let desired = asked.max(u32::try_from(nodes.len()).unwrap_or(u32::MAX));
        NodeCount {
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            desired: if chain.spec.rests() { 0 } else { desired },
        }
    }
}
