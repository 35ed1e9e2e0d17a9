//! The REST API, version 1: what it is made of and how a request passes through it.
//!
//! verb rewriting → request id → token → idempotency → handler. A handler authorizes, checks, writes, answers; only
//! what reads or writes a ledger (`transactions`, `blocks`) talks to nodes, through [`crate::ledger`].

mod admin;
mod alliance;
mod api_keys;
mod approvals;
mod audit;
mod audit_anchors;
mod audited;
pub mod auth;
mod authorities;
mod blocks;
mod bodies;
mod bundle;
mod certificates;
mod chain_check;
mod chains;
mod channels;
pub mod codes;
mod contracts;
mod crud;
mod deletable;
mod deliveries;
mod enroll;
mod explorer;
mod extract;
mod factor;
mod filter;
mod guards;
mod health;
mod idempotency;
mod identities;
mod invitations;
mod keys;
pub mod kind;
pub mod language;
mod members;
mod node_detail;
mod node_metrics;
mod nodes;
pub mod openapi;
mod operations;
mod organizations;
mod page;
pub mod permissions;
pub mod problem;
mod profile;
pub mod quota;
pub mod rate;
pub mod records;
mod references;
mod releases;
mod repeat;
mod request_id;
mod resources;
mod routes;
mod service_accounts;
mod session;
mod sign_in;
mod standing;
mod templates;
mod tenants;
mod transactions;
mod users;
mod verbs;
mod verify;
pub mod view;
mod webhooks;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use entente_api::names::DEFAULT_NAMESPACE;
use entente_operator::substrate::Substrate;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tower::util::MapRequest;

use self::codes::Code;
use self::problem::Problem;
use crate::access::Gate;
use crate::audit::AuditArgs;
use crate::ca::Authorities;
use crate::console;
use crate::ledger::Ledger;
use crate::ledger::index::Index;
use crate::oidc;
use crate::operate::sight::Sight;
use crate::operation::tracker::Operations;
use crate::store::again::Transient;
use crate::store::replicas::Replica;
use crate::store::resource::Resources;
use crate::store::{Db, DbError};
use crate::webhook::address::AddressArgs;

/// Everything that handlers use. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub resources: Resources,
    pub db: Db,
    pub operations: Operations,
    pub ledger: Ledger,
    pub index: Index,
    pub nodes: Arc<dyn Substrate>,
    pub gate: Gate,
    /// Organizations' certificate authorities, where they are served.
    pub authorities: Option<Arc<Authorities>>,
    /// Whether an organization needs an approved record before it takes part in a chain.
    pub requires_real_names: bool,
    /// The OpenID provider that people sign in at, where there is one.
    pub openid: Option<Arc<oidc::Provider>>,
    /// Where webhooks may go.
    pub webhook_addresses: AddressArgs,
    /// The installation's own tenant, with whose chain heads of the audit are anchored.
    pub namespace: String,
    /// How long rows of the audit are kept, and where its heads are anchored.
    pub audit: AuditArgs,
    /// Where the operator is seen.
    pub operator: Option<Sight>,
    /// This replica.
    pub replica: Replica,
    /// Whether it listens on this machine alone.
    pub is_on_loopback: bool,
    survey: admin::survey::Last,
    /// Cancelled when the platform stops: whoever waits for something answers now.
    pub stop: CancellationToken,
    strangers: audited::Strangers,
    buckets: rate::Buckets,
    turns: quota::Turns,
}

impl App {
    pub fn new(
        resources: Resources,
        db: Db,
        ledger: Ledger,
        nodes: Arc<dyn Substrate>,
        gate: Gate,
        stop: CancellationToken,
    ) -> App {
        let operations = Operations::new(db.clone(), resources.clone());
        let index = Index::new(db.clone(), resources.clone(), stop.clone());
        let (buckets, turns) = (rate::Buckets::new(&db), quota::Turns::new(&db));
        App {
            resources,
            db,
            operations,
            ledger,
            index,
            nodes,
            gate,
            authorities: None,
            requires_real_names: false,
            openid: None,
            webhook_addresses: AddressArgs::default(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
            audit: AuditArgs::default(),
            operator: None,
            replica: Replica::starting("entente"),
            is_on_loopback: false,
            survey: admin::survey::Last::default(),
            stop,
            strangers: audited::Strangers::default(),
            buckets,
            turns,
        }
    }
}

/// The service to serve. Not a plain router, because verbs are rewritten before routing.
pub type Service = MapRequest<Router, fn(Request) -> Request>;

/// The whole API.
pub fn service(app: App) -> Service {
    let (router, _, permissions) = routes::all();
    let guard = auth::Guard {
        app: app.clone(),
        permissions,
    };
    let router = router
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(extract::LARGEST_BODY))
        .layer(from_fn_with_state(app.clone(), idempotency::layer))
        .layer(from_fn_with_state(guard, auth::layer))
        .layer(from_fn(repeat::layer))
        // Outside of the token check: probes carry none, and learn nothing.
        .route("/healthz", get(async || "ok\n"))
        .layer(from_fn(request_id::layer))
        .layer(from_fn(console::layer))
        .with_state(app);
    router.map_request(verbs::rewrite_request as fn(Request) -> Request)
}

async fn no_such_route(request: Request) -> Problem {
    let path = verbs::public_path(request.uri().path());
    Problem::new(Code::NoSuchRoute, format!("There is nothing at {path}."))
}

async fn method_not_allowed(method: Method, request: Request) -> Problem {
    let path = verbs::public_path(request.uri().path());
    Problem::new(Code::MethodNotAllowed, format!("{path} does not take {method}."))
}

impl Transient for Problem {
    fn is_transient(&self) -> bool {
        self.code() == Code::DatabaseUnreachable
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Problem {
        if error.is_transient() {
            let problem = Problem::new(Code::DatabaseUnreachable, "The platform's database does not answer.");
            return problem.because(error).with_retry_after(1);
        }
        Problem::internal(error)
    }
}
