//! The connection to a cluster's API server.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::{Layer, Service};

use crate::metrics::Metrics;

/// Connects as `kubectl` would (`KUBECONFIG`, `~/.kube/config`), or as the pod that this runs in. Nothing is asked yet.
pub async fn connect(metrics: &Metrics) -> Result<Client, ConnectError> {
    let config = Config::infer().await.map_err(ConnectError::Config)?;
    let builder = ClientBuilder::try_from(config).map_err(ConnectError::Client)?;
    Ok(builder.with_layer(&Counting(metrics.clone())).build())
}

/// Why there can be no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no cluster is known: set KUBECONFIG, or run this in a pod with a service account")]
    Config(#[source] kube::config::InferConfigError),
    #[error("the cluster's configuration cannot be used")]
    Client(#[source] kube::Error),
}

/// Counts what the API server answers.
#[derive(Clone)]
struct Counting(Metrics);

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted {
            inner,
            metrics: self.0.clone(),
        }
    }
}

#[derive(Clone)]
struct Counted<S> {
    inner: S,
    metrics: Metrics,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (verb, resource) = (verb(&request), resource(request.uri().path()).to_owned());
        let metrics = self.metrics.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            metrics.answered(verb, &resource, code);
            answer
        })
    }
}

/// The word that Kubernetes itself has for a request.
fn verb<B>(request: &Request<B>) -> &'static str {
    let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
    match *request.method() {
        Method::GET if watches => "watch",
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    }
}

/// The resource in a path such as `/apis/entente.dev/v1alpha1/namespaces/hebei/chains/ledger/status`; names are left out,
/// so that there are few.
fn resource(path: &str) -> &str {
    let mut parts = path.trim_start_matches('/').split('/');
    let skipped = match parts.next() {
        Some("apis") => 2,
        Some("api") => 1,
        _ => return "other",
    };
    let mut parts = parts.skip(skipped).peekable();
    match parts.next() {
        Some("namespaces") => {
            parts.next();
            parts.next().unwrap_or("namespaces")
        }
        Some(resource) if !resource.is_empty() => resource,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_by_its_resource_and_not_by_its_name() {
        let cases = [
            (
                "/apis/entente.dev/v1alpha1/namespaces/hebei/chains/ledger/status",
                "chains",
            ),
            ("/apis/entente.dev/v1alpha1/chains", "chains"),
            ("/api/v1/namespaces/hebei/secrets/ledger", "secrets"),
            ("/api/v1/namespaces/hebei", "namespaces"),
            ("/version", "other"),
        ];
        for (path, expected) in cases {
            assert_eq!(resource(path), expected);
        }
    }
}
