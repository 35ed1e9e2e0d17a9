//! Opening a stream of answers without waiting for the first one.

use std::future::Future;
use std::pin::Pin;

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Response, Status, Streaming};

use super::CallError;

pub(super) type Answers<A> = Pin<Box<dyn Stream<Item = Result<A, CallError>> + Send>>;

/// Sends the request now. Servers written in Go answer nothing, not even headers, before the first message, so that
/// awaiting the call would await that message: a subscription to what is still to come would look like a hang.
pub(super) fn open<A, C>(call: C) -> Answers<A>
where
    A: Send + 'static,
    C: Future<Output = Result<Response<Streaming<A>>, Status>> + Send + 'static,
{
    let call = AbortOnDropHandle::new(tokio::spawn(call));
    let opened = stream::once(call).map(|joined| match joined {
        Ok(Ok(answers)) => Ok(answers.into_inner().map_err(CallError::from)),
        Ok(Err(status)) => Err(CallError::from(status)),
        Err(error) => Err(CallError::Unreachable(format!("the call was ended: {error}"))),
    });
    Box::pin(opened.try_flatten())
}
