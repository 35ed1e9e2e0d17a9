//! Where the API server asks.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use entente_api::time::Time;
use parking_lot::RwLock;

use super::attempt::Attempt;
use super::review::{Answer, Review};
use super::scope;
use crate::access::secret;
use crate::rest::problem::chain_of;
use crate::store::{Db, cluster_attempts};

/// Before the last part of the path, which is a secret.
pub const PREFIX: &str = "/changes/";
/// An object as it is and as it is to be; etcd takes none of more than 1.5 MB.
const LARGEST: usize = 8 * 1024 * 1024;
/// Whoever writes waits for the answer: a database that is slower than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Listener {
    db: Db,
    /// What the API server shows, so that nobody else is believed; empty while it is not known.
    secret: Arc<RwLock<String>>,
}

impl Listener {
    pub fn new(db: Db) -> Listener {
        let secret = Arc::default();
        Listener { db, secret }
    }

    pub fn expect(&self, secret: String) {
        *self.secret.write() = secret;
    }

    pub fn router(self) -> Router {
        Router::new()
            .route(&format!("{PREFIX}{{secret}}"), post(note))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(self)
    }

    fn knows(&self, shown: &str) -> bool {
        let secret = self.secret.read();
        !secret.is_empty() && secret::matches(&secret, shown)
    }
}

/// Notes what is about to be written. What cannot be noted is written all the same: nobody waits for the platform with
/// what they do past it.
async fn note(
    State(listener): State<Listener>,
    Path(shown): Path<String>,
    Json(Review { request }): Json<Review>,
) -> Result<Json<Answer>, StatusCode> {
    if !listener.knows(&shown) {
        return Err(StatusCode::NOT_FOUND);
    }
    if let Some(attempt) = Attempt::of(&request) {
        let scope = scope(&attempt.namespace);
        let noted = cluster_attempts::note(&listener.db, &scope, &attempt, Time::now());
        match tokio::time::timeout(PATIENCE, noted).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %chain_of(&error), "who makes a change by kubectl cannot be noted");
            }
            Err(_) => tracing::warn!("who makes a change by kubectl was not noted in time"),
        }
    }
    Ok(Json(Answer::yes(request.uid)))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    use super::*;
    use crate::access::TenantScope;
    use crate::store::testing::fresh;

    async fn ask(listener: &Listener, secret: &str, dry_run: bool) -> (StatusCode, Value) {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "r1", "kind": {"group": "entente.dev", "version": "v1alpha1", "kind": "Chain"}, "namespace": "bank",
            "operation": "DELETE", "userInfo": {"username": "li"}, "object": null, "dryRun": dry_run,
            "oldObject": {
                "apiVersion": "entente.dev/v1alpha1", "kind": "Chain",
                "metadata": {"name": "ledger", "namespace": "bank", "uid": "u1"},
            },
        }});
        let request = Request::post(format!("{PREFIX}{secret}")).header("Content-Type", "application/json");
        let request = request.body(Body::from(review.to_string())).unwrap();
        let answer = listener.clone().router().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), LARGEST).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn whoever_knows_the_secret_is_believed_and_always_answered_yes() {
        let listener = Listener::new(fresh().await);
        let early = ask(&listener, "", false).await;
        listener.expect("abc".to_owned());

        let stranger = ask(&listener, "abd", false).await;
        let dry = ask(&listener, "abc", true).await;
        let answered = ask(&listener, "abc", false).await;

        let unknown = (StatusCode::NOT_FOUND, Value::Null);
        assert_eq!((&early, &stranger), (&unknown, &unknown));
        let yes = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "r1", "allowed": true},
        });
        assert_eq!((&dry.1, &answered.1), (&yes, &yes));
        let scope = TenantScope::for_background_task("test", "bank");
        let noted = cluster_attempts::of_object(&listener.db, &scope, "Chain", "ledger")
            .await
            .unwrap();
        assert_eq!(
            noted
                .iter()
                .map(|noted| noted.attempt.user.as_str())
                .collect::<Vec<_>>(),
            ["li"]
        );
    }
}
