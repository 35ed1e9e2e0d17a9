//! The API as its callers see it: requests in, answers out, on an embedded registry. The operator's part is played by
//! writing the statuses that it would write.

mod access;
mod admin;
mod alliance;
mod approvals;
mod audit;
mod bad_requests;
mod callers;
mod certificates;
mod filter;
mod idempotency;
mod keys;
mod matrix;
mod operations;
mod quota;
mod records;
mod recycle;
mod replicas;
mod resources;
mod retry;
mod service_accounts;
mod signers;
mod strangers;
mod templates;

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use entente_api::names::DEFAULT_NAMESPACE;
use entente_operator::registry::embedded::Embedded;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::{
    self, Addresses, NodeId, NodePlan, NodeState, Outside, Role, Substrate, SubstrateError,
};
use entente_operator::vault;
use futures::stream::BoxStream;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{App, Service};
use crate::access::Gate;
use crate::access::service_accounts::ServiceAccounts;
use crate::access::service_accounts::tests::Believer;
use crate::ledger::Ledger;
use crate::store::Db;
use crate::store::resource::Resources;

pub const TOKEN: &str = "ent_admin_test";
/// What tokens of ServiceAccounts are made for.
pub const AUDIENCE: &str = "entente";

/// A platform without operator and nodes.
pub struct TestApp {
    pub app: App,
    pub registry: Registry,
    pub service: Service,
    folder: Arc<tempfile::TempDir>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{}",
            self.text
        );
        let body = self.json();
        assert_eq!(body["requestId"], self.headers["x-request-id"].to_str().unwrap());
        assert_eq!(body["status"], self.status.as_u16());
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }
}

/// What a test expects of an answer: its status and code.
pub fn problem(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

impl TestApp {
    pub async fn new() -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new(Arc::new(
            Embedded::open(&folder.path().join("registry.db")).await.unwrap(),
        ));
        let db = crate::store::testing::fresh().await;
        TestApp::on(registry, db, Arc::new(folder))
    }

    /// The same, after its `app` was changed.
    pub fn anew(self) -> TestApp {
        TestApp {
            service: super::service(self.app.clone()),
            ..self
        }
    }

    /// Another replica, which shares nothing with this one but its registry and database.
    pub fn replica(&self) -> TestApp {
        TestApp::on(self.registry.clone(), self.app.db.clone(), self.folder.clone())
    }

    fn on(registry: Registry, db: Db, folder: Arc<tempfile::TempDir>) -> TestApp {
        let resources = Resources::new(registry.clone());
        let vault = Arc::new(vault::Local::new(&folder.path().join("vault")));
        let ledger = Ledger::new(resources.clone(), vault);
        let mut gate = Gate::new(db.clone(), registry.clone(), TOKEN, DEFAULT_NAMESPACE);
        gate.service_accounts = Some(ServiceAccounts::new(Arc::new(Believer::default()), AUDIENCE));
        let app = App::new(resources, db, ledger, Arc::new(NoNodes), gate, CancellationToken::new());
        let service = super::service(app.clone());
        TestApp {
            app,
            registry,
            service,
            folder,
        }
    }

    pub fn scope() -> Scope {
        Scope::namespace(DEFAULT_NAMESPACE)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &[], None).await
    }

    /// Creates the chain `ledger` of one member, `bank`.
    pub async fn with_chain() -> TestApp {
        let app = TestApp::new().await;
        let answer = app.post("/v1/chains", ledger()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        app
    }

    /// Plays the operator: writes the status of a chain.
    pub async fn report(&self, chain: &str, status: Value) {
        self.registry
            .put_status::<entente_api::Chain>(&TestApp::scope(), chain, &status)
            .await
            .unwrap();
    }
}

/// The shortest chain.
pub fn ledger() -> Value {
    json!({"name": "ledger", "spec": {"members": [{"organization": "bank"}]}})
}

/// The status of a chain that is what its spec of that generation asks for.
pub fn ready(generation: i64) -> Value {
    let time = "2026-11-21T12:00:00.000000Z";
    json!({
        "observedGeneration": generation,
        "state": "ready",
        "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": time}],
        "steps": [{"name": "nodes", "state": "succeeded", "startTime": time, "endTime": time, "attempt": 1}],
        "nodes": [
            {"name": "peer0-bank", "role": "peer", "organization": "bank", "endpoint": "127.0.0.1:1", "state": "ready"},
            {"name": "orderer0", "role": "orderer", "organization": "ledger.ordering", "endpoint": "127.0.0.1:2", "state": "ready"},
        ],
        "channels": [{"name": "main", "members": ["bank"], "orderers": ["orderer0"], "state": "ready"}],
    })
}

/// No node runs; each has one line of log.
struct NoNodes;

#[async_trait]
impl Substrate for NoNodes {
    fn check_access(&self, _: &entente_api::access::Access) -> Result<(), String> {
        Ok(())
    }

    async fn addresses(&self, _: &NodeId, _: Role) -> Result<Addresses, SubstrateError> {
        Err(SubstrateError::Refused("no nodes run here".to_owned()))
    }

    async fn outside(&self, _: &NodeId, _: Role, _: &entente_api::access::Access) -> Result<Outside, SubstrateError> {
        Ok(Outside::default())
    }

    fn data_dir(&self) -> std::path::PathBuf {
        "data".into()
    }

    fn runs_images(&self) -> bool {
        false
    }

    async fn apply(&self, _: &NodePlan) -> Result<(), SubstrateError> {
        Ok(())
    }

    async fn state(&self, _: &NodeId) -> NodeState {
        NodeState::Absent
    }

    async fn list(&self, _: &str, _: &str) -> Result<Vec<NodeId>, SubstrateError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: &NodeId, _: substrate::Ledger) -> Result<(), SubstrateError> {
        Ok(())
    }

    async fn stop(&self, _: &NodeId) -> Result<(), SubstrateError> {
        Ok(())
    }

    async fn restart(&self, _: &NodeId) -> Result<(), SubstrateError> {
        Ok(())
    }

    async fn logs(
        &self,
        id: &NodeId,
        _: usize,
        _: bool,
    ) -> Result<BoxStream<'static, std::io::Result<String>>, SubstrateError> {
        Ok(Box::pin(futures::stream::iter([Ok(format!("{} started", id.name))])))
    }

    async fn memory(&self, _: &NodeId) -> Option<u64> {
        None
    }

    fn changes(&self) -> tokio::sync::broadcast::Receiver<NodeId> {
        tokio::sync::broadcast::channel(1).1
    }

    async fn stop_all(&self) {}
}
