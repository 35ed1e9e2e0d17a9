//! The operations endpoint: `/healthz`, `/metrics`, `/version` and `/logspec`, as stock nodes serve it
//! (`core/operations/system.go`), and `/readyz`, which is our own.

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use tracing::info;

use crate::logging::LogControl;
use crate::version::{COMMIT, VERSION};

/// A check that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedCheck {
    pub component: String,
    pub reason: String,
}

/// What the endpoint shows.
pub struct Operations {
    pub metrics: Registry,
    pub logs: LogControl,
    /// What is wrong; empty when all is well.
    pub checks: Checks,
    /// What keeps the node from serving its channels: wrong, or only not yet right.
    pub unready: Checks,
}

/// Asked at every probe.
pub type Checks = Box<dyn Fn() -> Vec<FailedCheck> + Send + Sync>;

/// The endpoint's routes.
pub fn router(operations: Operations) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .route("/logspec", get(logspec).put(set_logspec))
        .layer(DefaultBodyLimit::max(64 << 10))
        .with_state(Arc::new(operations))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed_checks: Vec<FailedCheck>,
}

async fn healthz(State(operations): State<Arc<Operations>>) -> Response {
    report((operations.checks)())
}

/// Whether the node serves all of its channels: whoever sends it work, or takes another node away, should know.
async fn readyz(State(operations): State<Arc<Operations>>) -> Response {
    report((operations.unready)())
}

fn report(failed_checks: Vec<FailedCheck>) -> Response {
    let time = humantime::format_rfc3339_nanos(SystemTime::now()).to_string();
    if failed_checks.is_empty() {
        return Json(Health {
            status: "OK",
            time,
            failed_checks,
        })
        .into_response();
    }
    let health = Health {
        status: "Service Unavailable",
        time,
        failed_checks,
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(health)).into_response()
}

async fn metrics(State(operations): State<Arc<Operations>>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &operations.metrics) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Serialize)]
struct Version {
    #[serde(rename = "CommitSHA")]
    commit: &'static str,
    #[serde(rename = "Version")]
    version: &'static str,
}

async fn version() -> Json<Version> {
    Json(Version {
        commit: COMMIT,
        version: VERSION,
    })
}

#[derive(Serialize, Deserialize)]
struct Spec {
    spec: String,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

async fn logspec(State(operations): State<Arc<Operations>>) -> Json<Spec> {
    Json(Spec {
        spec: operations.logs.spec(),
    })
}

async fn set_logspec(State(operations): State<Arc<Operations>>, body: Bytes) -> Response {
    let refused = |error: String| (StatusCode::BAD_REQUEST, Json(Refused { error })).into_response();
    let Spec { spec } = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refused(error.to_string()),
    };
    match operations.logs.set(&spec) {
        Ok(()) => {
            info!(spec, "the logging specification was changed");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use prometheus_client::metrics::gauge::Gauge;
    use tower::ServiceExt as _;

    fn endpoint(checks: Vec<FailedCheck>) -> (Router, impl Sized) {
        endpoint_of(checks.clone(), checks)
    }

    fn endpoint_of(checks: Vec<FailedCheck>, unready: Vec<FailedCheck>) -> (Router, impl Sized) {
        let mut metrics = Registry::default();
        metrics.register(
            "ledger_blockchain_height",
            "Height of the chain in blocks",
            Gauge::<i64>::default(),
        );
        let (logs, kept) = crate::logging::unattached("info");
        (
            router(Operations {
                metrics,
                logs,
                checks: Box::new(move || checks.clone()),
                unready: Box::new(move || unready.clone()),
            }),
            kept,
        )
    }

    async fn ask(router: &Router, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_healthy_node_says_so_and_a_sick_one_says_why() {
        let failed = FailedCheck {
            component: "channel main".into(),
            reason: "halted".into(),
        };
        let (healthy, _kept) = endpoint(vec![]);
        let (sick, _also) = endpoint(vec![failed]);

        let (status, body) = ask(&healthy, "GET", "/healthz", "").await;
        assert_eq!(status, 200);
        assert!(body.starts_with(r#"{"status":"OK","time":"20"#), "{body}");
        let (status, body) = ask(&sick, "GET", "/healthz", "").await;
        assert_eq!(status, 503);
        assert!(
            body.ends_with(r#""failed_checks":[{"component":"channel main","reason":"halted"}]}"#),
            "{body}"
        );
    }

    #[tokio::test]
    async fn a_node_may_be_healthy_and_not_ready_yet() {
        let waiting = FailedCheck {
            component: "channel main".into(),
            reason: "there is no leader".into(),
        };
        let (router, _kept) = endpoint_of(vec![], vec![waiting]);

        let (healthy, _) = ask(&router, "GET", "/healthz", "").await;
        let (ready, body) = ask(&router, "GET", "/readyz", "").await;

        assert_eq!((healthy, ready), (200, 503));
        assert!(body.contains("there is no leader"), "{body}");
    }

    #[tokio::test]
    async fn the_log_specification_can_be_read_and_changed() {
        let (router, _kept) = endpoint(vec![]);

        let set = ask(&router, "PUT", "/logspec", r#"{"spec":"gateway=debug:warning"}"#).await;
        let wrong = ask(&router, "PUT", "/logspec", r#"{"spec":"loud"}"#).await;
        let read = ask(&router, "GET", "/logspec", "").await;

        assert_eq!(set, (204, String::new()));
        let error = r#"{"error":"invalid logging specification 'loud': bad segment 'loud'"}"#;
        assert_eq!(wrong, (400, error.to_owned()));
        assert_eq!(read, (200, r#"{"spec":"gateway=debug:warn"}"#.to_owned()));
    }

    #[tokio::test]
    async fn metrics_and_version_are_served() {
        let (router, _kept) = endpoint(vec![]);

        let (status, text) = ask(&router, "GET", "/metrics", "").await;
        let version = ask(&router, "GET", "/version", "").await;

        assert_eq!(status, 200);
        assert!(text.contains("ledger_blockchain_height 0"), "{text}");
        assert_eq!(
            version,
            (200, format!(r#"{{"CommitSHA":"{COMMIT}","Version":"{VERSION}"}}"#))
        );
    }
}
