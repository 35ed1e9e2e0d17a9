//! Turns calls away when too many are running, as stock's gRPC limiters do (`internal/peer/node/grpc_limiters.go`).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;
use tracing::warn;

/// A gRPC service of which at most so many calls run at once; a stream counts for as long as it lasts.
#[derive(Clone)]
pub struct Limited<S> {
    inner: S,
    slots: Arc<Semaphore>,
    limit: usize,
}

impl<S> Limited<S> {
    /// A limit of 0 means none, as in stock's configuration.
    pub fn new(inner: S, limit: usize) -> Limited<S> {
        let slots = if limit == 0 { Semaphore::MAX_PERMITS } else { limit };
        Limited {
            inner,
            slots: Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))),
            limit,
        }
    }
}

impl<S: NamedService> NamedService for Limited<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Limited<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible> + NamedService,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Ok(slot) = self.slots.clone().try_acquire_owned() else {
            let message = format!(
                "too many requests for /{}, exceeding concurrency limit ({})",
                S::NAME,
                self.limit
            );
            warn!("{message}");
            return Box::pin(async move { Ok(Status::unknown(message).into_http()) });
        };
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await?;
            Ok(response.map(|body| Body::new(Held { body, _slot: slot })))
        })
    }
}

/// A response that holds its slot until it has been sent.
struct Held {
    body: Body,
    _slot: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers when the test says so.
    #[derive(Clone)]
    struct Slow(Arc<Semaphore>);

    impl NamedService for Slow {
        const NAME: &'static str = "gateway.Gateway";
    }

    impl Service<http::Request<Body>> for Slow {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            let told = self.0.clone();
            Box::pin(async move {
                told.acquire().await.expect("it is never closed").forget();
                Ok(http::Response::new(Body::new("an answer".to_owned())))
            })
        }
    }

    fn refusal(response: &http::Response<Body>) -> Option<(tonic::Code, String)> {
        let status = Status::from_header_map(response.headers())?;
        Some((status.code(), status.message().to_owned()))
    }

    #[tokio::test]
    async fn a_call_too_many_is_told_what_stock_tells_it_and_a_slot_is_free_again_after_the_answer() {
        let told = Arc::new(Semaphore::new(0));
        let mut limited = Limited::new(Slow(told.clone()), 2);
        let mut call = || limited.call(http::Request::new(Body::empty()));

        let (first, second) = (call(), call());
        let third = call().await.unwrap();
        told.add_permits(3);
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let still_held = call().await.unwrap();
        drop(first);
        let fourth = call().await.unwrap();

        let too_many = "too many requests for /gateway.Gateway, exceeding concurrency limit (2)";
        let too_many = Some((tonic::Code::Unknown, too_many.to_owned()));
        assert_eq!(refusal(&third), too_many);
        // An answer holds its slot until it has been sent.
        assert_eq!(refusal(&still_held), too_many);
        assert_eq!(refusal(&fourth), None);
        assert_eq!(refusal(&second), None);
    }

    #[tokio::test]
    async fn a_limit_of_zero_is_none() {
        let mut unlimited = Limited::new(Slow(Arc::new(Semaphore::new(0))), 0);

        let running: Vec<_> = (0..1000)
            .map(|_| unlimited.call(http::Request::new(Body::empty())))
            .collect();

        assert_eq!(
            unlimited.slots.available_permits(),
            Semaphore::MAX_PERMITS - running.len()
        );
    }
}
