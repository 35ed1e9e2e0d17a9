//! A TCP connection to an address whose node may move.
//!
//! A first packet that nobody answers is sent again by the kernel after 1 s, then after 3 s, and always to where the first
//! one went. Behind a Service of a cluster that is the pod of that moment, which may be gone by now: whoever dials in the
//! second in which a pod ends would wait until long after its successor listens. Another attempt is led to where the
//! Service leads then, or is refused, so that the caller can turn to another node.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;

/// An attempt without an answer is followed by another one after this long. Far networks answer later; then there is a
/// connection more for a moment.
const ANOTHER: Duration = Duration::from_millis(300);
/// Most attempts under way.
const MOST: usize = 16;

/// Connects to the first of these addresses that takes it. How long that may take is the caller's to say.
pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    first_answer(|| TcpStream::connect(addresses)).await
}

/// What the first attempt gives that is answered at all. A refusal is an answer, and newer than the silence before it.
async fn first_answer<T, F>(attempt: impl Fn() -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut attempts = FuturesUnordered::new();
    loop {
        if attempts.len() < MOST {
            attempts.push(attempt());
        }
        tokio::select! {
            Some(answer) = attempts.next() => return answer,
            () = tokio::time::sleep(ANOTHER) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};
    use std::io::ErrorKind;

    use futures::FutureExt as _;
    use futures::future::LocalBoxFuture;

    use super::*;

    type Attempt = LocalBoxFuture<'static, io::Result<&'static str>>;

    /// What comes of attempts that end like this, one after the other, and how many there were.
    async fn outcome(attempts: Vec<Attempt>) -> (Result<&'static str, ErrorKind>, usize) {
        let (made, attempts) = (Cell::new(0), Cell::new(attempts.into_iter()));
        let answer = first_answer(|| {
            let mut left = attempts.take();
            let next = left.next();
            attempts.set(left);
            made.set(made.get() + 1);
            next.unwrap_or_else(|| pending().boxed_local())
        });
        (answer.await.map_err(|error| error.kind()), made.get())
    }

    fn silence() -> Attempt {
        pending().boxed_local()
    }

    fn answer(answer: Result<&'static str, ErrorKind>) -> Attempt {
        ready(answer.map_err(io::Error::from)).boxed_local()
    }

    #[tokio::test]
    async fn who_does_not_answer_is_asked_again_and_the_first_answer_counts() {
        let refused = ErrorKind::ConnectionRefused;
        let late = tokio::time::sleep(ANOTHER * 3 / 2).map(|()| Ok("far")).boxed_local();

        let at_once = outcome(vec![answer(Ok("there"))]).await;
        let moved = outcome(vec![silence(), silence(), answer(Ok("successor"))]).await;
        let ended = outcome(vec![silence(), answer(Err(refused))]).await;
        let far = outcome(vec![late, silence()]).await;

        assert_eq!(at_once, (Ok("there"), 1));
        assert_eq!(moved, (Ok("successor"), 3));
        assert_eq!(ended, (Err(refused), 2));
        assert_eq!(far.0, Ok("far"));
    }
}
