//! `orderer.AtomicBroadcast`: taking messages, and serving blocks (`orderer/common/broadcast`, `orderer/common/server`).

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_stream::stream;
use entente_fabric::crypto;
use entente_fabric::proto::common::{Block, Envelope, HeaderType, Status};
use entente_fabric::proto::orderer::atomic_broadcast_server::AtomicBroadcast;
use entente_fabric::proto::orderer::deliver_response::Type;
use entente_fabric::proto::orderer::{BroadcastResponse, DeliverResponse};
use entente_fabric::tls::ClientCertificate;
use entente_ledger::deliver::{Client, Delivery, Engine};
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Streaming};
use tracing::warn;

use crate::chain::Receipt;
use crate::channel::{Readable, orderer};
use crate::filters::{self, Consenters, Rejection};
use crate::metrics::{ByOutcome, Metrics};
use crate::registrar::Registrar;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, tonic::Status>> + Send>>;

/// Messages of one stream that may be on their way into blocks; then the client is made to wait.
const UNANSWERED: usize = 512;

/// Clients of old give up after three seconds without an answer (`requestTimeout` of the legacy SDKs). Where a batch may
/// take nearly as long, they are told as by a stock orderer: when the message is taken.
const LONGEST_WAIT_FOR_A_BATCH: Duration = Duration::from_secs(2);

/// The answer to a message that was taken, once there is one, and whether it is a refusal already.
type Taken = (BoxFuture<'static, BroadcastResponse>, bool);

/// What comes next on a stream.
enum Next {
    Message(Result<Option<Envelope>, tonic::Status>),
    Taken(Taken),
    Answer(BroadcastResponse),
}

/// What clients and peers call.
pub struct Service {
    pub registrar: Arc<Registrar>,
    pub deliver: Arc<Engine<Arc<Registrar>>>,
    pub metrics: Metrics,
    /// Ends all streams.
    pub stop: CancellationToken,
}

#[tonic::async_trait]
impl AtomicBroadcast for Service {
    type BroadcastStream = Answers<BroadcastResponse>;
    type DeliverStream = Answers<DeliverResponse>;

    async fn broadcast(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Self::BroadcastStream>, tonic::Status> {
        let (registrar, metrics, stop) = (self.registrar.clone(), self.metrics.clone(), self.stop.clone());
        let mut messages = request.into_inner();
        Ok(Response::new(Box::pin(stream! {
            // Messages go in one by one; while some are on their way into blocks, the next ones may follow.
            let (mut unanswered, mut taking, mut ended) = (FuturesOrdered::new(), None, false);
            loop {
                let waits = taking.is_none() && unanswered.len() < UNANSWERED && !ended;
                let next = tokio::select! {
                    biased;
                    Some(answer) = unanswered.next() => Next::Answer(answer),
                    Some(taken) = maybe(taking.as_mut()) => Next::Taken(taken),
                    message = messages.message(), if waits => Next::Message(message),
                    () = stop.cancelled(), if !ended => Next::Message(Ok(None)),
                    else => return,
                };
                match next {
                    Next::Message(Ok(Some(envelope))) => {
                        taking = Some(take(registrar.clone(), metrics.clone(), envelope).boxed());
                    }
                    Next::Message(Ok(None)) => ended = true,
                    Next::Message(Err(status)) => {
                        yield Err(status);
                        return;
                    }
                    Next::Taken((answer, refused)) => {
                        taking = None;
                        unanswered.push_back(answer);
                        // As in stock: what follows a refusal is not looked at.
                        ended |= refused;
                    }
                    Next::Answer(answer) => {
                        let refused = answer.status != Status::Success as i32;
                        yield Ok(answer);
                        // The client starts over with a new stream.
                        if refused {
                            return;
                        }
                    }
                }
            }
        })))
    }

    async fn deliver(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Self::DeliverStream>, tonic::Status> {
        let client = client(&request);
        let blocks = self.deliver.clone().serve(WholeBlocks, client, request.into_inner());
        Ok(Response::new(Box::pin(
            blocks.take_until(self.stop.clone().cancelled_owned()),
        )))
    }
}

fn client<T>(request: &Request<T>) -> Client {
    let certificate = request.extensions().get::<ClientCertificate>();
    Client {
        remote: certificate
            .map(|certificate| certificate.remote.to_string())
            .unwrap_or_default(),
        tls_certificate_hash: certificate.and_then(|c| c.der.as_ref()).map(|der| crypto::sha256(der)),
    }
}

/// Blocks as they are.
struct WholeBlocks;

impl Delivery<Readable> for WholeBlocks {
    type Reply = DeliverResponse;
    const DATA_TYPE: &'static str = "block";

    fn status(&self, status: Status) -> DeliverResponse {
        DeliverResponse {
            r#type: Some(Type::Status(status as i32)),
        }
    }

    fn block(
        &self,
        _: &Readable,
        block: Arc<Block>,
        _: &entente_fabric::policy::SignedData,
    ) -> Result<DeliverResponse, String> {
        Ok(DeliverResponse {
            r#type: Some(Type::Block(Arc::unwrap_or_clone(block))),
        })
    }
}

/// What is measured of a message.
#[derive(Debug)]
struct Trace {
    began: Instant,
    channel: String,
    kind: String,
    validated: Option<Duration>,
    enqueued: Option<Duration>,
}

/// Takes a message. The answer comes when it is in a block, or at once when it is refused.
async fn take(registrar: Arc<Registrar>, metrics: Metrics, envelope: Envelope) -> Taken {
    let unknown = || "unknown".to_owned();
    let mut trace = Trace {
        began: Instant::now(),
        channel: unknown(),
        kind: unknown(),
        validated: None,
        enqueued: None,
    };
    let taken = order(&registrar, &envelope, &mut trace).await;
    let refused = taken.is_err();
    let answer = async move {
        let outcome = match taken {
            Ok(Some(receipt)) => receipt.ordered().await,
            Ok(None) => Ok(()),
            Err(rejection) => Err(rejection),
        };
        self::answer(trace, &metrics, outcome)
    };
    (answer.boxed(), refused)
}

/// The end of what is under way, if anything is.
async fn maybe<F: Future + Unpin>(under_way: Option<F>) -> Option<F::Output> {
    Some(under_way?.await)
}

fn answer(trace: Trace, metrics: &Metrics, outcome: Result<(), Rejection>) -> BroadcastResponse {
    let (status, info) = match outcome {
        Ok(()) => (Status::Success, String::new()),
        Err(Rejection { status, info }) => {
            warn!(channel = trace.channel, %info, "a broadcast message is refused");
            (status, info)
        }
    };
    let labels = ByOutcome {
        channel: trace.channel,
        r#type: trace.kind,
        status: status.as_str_name(),
    };
    metrics.broadcast(
        &labels,
        trace.validated.unwrap_or_else(|| trace.began.elapsed()),
        trace.enqueued,
    );
    BroadcastResponse {
        status: status as i32,
        info,
    }
}

/// `ProcessMessage`: which channel, which kind, the checks for it, and on to the leader. The receipt is for what is worth
/// waiting for.
async fn order(registrar: &Registrar, envelope: &Envelope, trace: &mut Trace) -> Result<Option<Receipt>, Rejection> {
    let header = filters::header(envelope)?;
    trace.kind = match HeaderType::try_from(header.r#type) {
        Ok(kind) => kind.as_str_name().to_owned(),
        Err(_) => header.r#type.to_string(),
    };
    let consenter = registrar.consenter(&header.channel_id);
    let Some(chain) = consenter.as_ref().map(|consenter| &consenter.chain) else {
        return filters::check(None, &header, envelope, Consenters::default).map(|_| None);
    };
    // Not before: the label must not be what any stranger writes into a header.
    trace.channel.clone_from(&header.channel_id);
    let group = || chain.view().borrow().group.clone();
    let request = filters::check(Some(chain.channel()), &header, envelope, group)?;
    trace.validated = Some(trace.began.elapsed());
    let bundle = chain.channel().bundle();
    let waits = orderer(&bundle).is_ok_and(|orderer| orderer.batch_timeout <= LONGEST_WAIT_FOR_A_BATCH);
    let enqueue = Instant::now();
    let taken = if waits {
        chain.order_for_certain(request).await.map(Some)
    } else {
        chain.order(request).await.map(|()| None)
    };
    trace.enqueued = Some(enqueue.elapsed());
    taken.map_err(|error| Rejection::unavailable(error.to_string()))
}
