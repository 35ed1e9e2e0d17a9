//! `protos.Deliver`: blocks for event listeners, whole, filtered, or with private data (`core/peer/deliverevents.go`).

mod filtered;

use std::pin::Pin;
use std::sync::Arc;

use entente_fabric::policy::SignedData;
use entente_fabric::proto::common::{Block, Envelope, Status as BlockStatus};
use entente_fabric::proto::protos::deliver_response::Type;
use entente_fabric::proto::protos::deliver_server::Deliver as DeliverService;
use entente_fabric::proto::protos::{BlockAndPrivateData, DeliverResponse};
use entente_fabric::tls::ClientCertificate;
use entente_ledger::BlockStore;
use entente_ledger::deliver::{self, Client, Delivery, Engine, Metrics};
use futures::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::acl::Acl;
use crate::channels::{Channel, Channels};

/// The deliver service. Cheap to clone.
#[derive(Clone)]
pub struct Deliver {
    whole: Arc<Engine<Readable>>,
    filtered: Arc<Engine<Readable>>,
    stop: CancellationToken,
}

impl Deliver {
    /// `mutual_tls` says whether the listener requires client certificates; `stop` ends all streams.
    pub fn new(
        channels: Arc<Channels>,
        acl: Arc<Acl>,
        metrics: Metrics,
        mutual_tls: bool,
        stop: CancellationToken,
    ) -> Deliver {
        let engine = |resource| {
            let channels = Readable {
                channels: channels.clone(),
                acl: acl.clone(),
                resource,
            };
            Arc::new(Engine {
                channels,
                metrics: metrics.clone(),
                mutual_tls,
            })
        };
        Deliver {
            whole: engine("event/Block"),
            filtered: engine("event/FilteredBlock"),
            stop,
        }
    }

    fn serve<D: Delivery<Readers, Reply = DeliverResponse>>(
        &self,
        engine: &Arc<Engine<Readable>>,
        delivery: D,
        request: Request<Streaming<Envelope>>,
    ) -> Response<Replies> {
        let client = client(&request);
        let replies = engine.clone().serve(delivery, client, request.into_inner());
        Response::new(Box::pin(replies.take_until(self.stop.clone().cancelled_owned())))
    }
}

type Replies = Pin<Box<dyn Stream<Item = Result<DeliverResponse, Status>> + Send>>;

fn client<T>(request: &Request<T>) -> Client {
    let Some(certificate) = request.extensions().get::<ClientCertificate>() else {
        return Client::default();
    };
    Client {
        remote: certificate.remote.to_string(),
        tls_certificate_hash: certificate.der.as_ref().map(|der| entente_fabric::crypto::sha256(der)),
    }
}

#[tonic::async_trait]
impl DeliverService for Deliver {
    type DeliverStream = Replies;
    type DeliverFilteredStream = Replies;
    type DeliverWithPrivateDataStream = Replies;

    async fn deliver(&self, request: Request<Streaming<Envelope>>) -> Result<Response<Replies>, Status> {
        Ok(self.serve(&self.whole, Whole, request))
    }

    async fn deliver_filtered(&self, request: Request<Streaming<Envelope>>) -> Result<Response<Replies>, Status> {
        Ok(self.serve(&self.filtered, filtered::Filtered, request))
    }

    async fn deliver_with_private_data(
        &self,
        request: Request<Streaming<Envelope>>,
    ) -> Result<Response<Replies>, Status> {
        Ok(self.serve(&self.whole, WithPrivateData, request))
    }
}

/// The joined channels, guarded by one resource of the access control list.
struct Readable {
    channels: Arc<Channels>,
    acl: Arc<Acl>,
    resource: &'static str,
}

impl deliver::Channels for Readable {
    type Channel = Readers;

    fn channel(&self, id: &str) -> Option<Readers> {
        let channel = self.channels.get(id)?;
        Some(Readers {
            channel,
            acl: self.acl.clone(),
            resource: self.resource,
        })
    }
}

/// One channel, and who may read it.
#[derive(Clone)]
struct Readers {
    channel: Arc<Channel>,
    acl: Arc<Acl>,
    resource: &'static str,
}

impl deliver::Channel for Readers {
    fn blocks(&self) -> &BlockStore {
        self.channel.ledger.blocks()
    }

    fn config_sequence(&self) -> u64 {
        self.channel.bundle().sequence
    }

    fn authorize(&self, request: &SignedData) -> Result<(), String> {
        self.acl
            .check(self.resource, &self.channel.id, request)
            .map_err(|failure| failure.0)
    }
}

fn reply(kind: Type) -> DeliverResponse {
    DeliverResponse { r#type: Some(kind) }
}

fn status(status: BlockStatus) -> DeliverResponse {
    reply(Type::Status(status as i32))
}

struct Whole;

impl Delivery<Readers> for Whole {
    type Reply = DeliverResponse;
    const DATA_TYPE: &'static str = "block";

    fn status(&self, code: BlockStatus) -> DeliverResponse {
        status(code)
    }

    fn block(&self, _: &Readers, block: Arc<Block>, _: &SignedData) -> Result<DeliverResponse, String> {
        Ok(reply(Type::Block(Arc::unwrap_or_clone(block))))
    }
}

/// This peer keeps hashes of private data only, so the map of what a reader may see is always empty.
struct WithPrivateData;

impl Delivery<Readers> for WithPrivateData {
    type Reply = DeliverResponse;
    const DATA_TYPE: &'static str = "block_and_pvtdata";

    fn status(&self, code: BlockStatus) -> DeliverResponse {
        status(code)
    }

    fn block(&self, _: &Readers, block: Arc<Block>, _: &SignedData) -> Result<DeliverResponse, String> {
        let block = Some(Arc::unwrap_or_clone(block));
        Ok(reply(Type::BlockAndPrivateData(BlockAndPrivateData {
            block,
            private_data_map: Default::default(),
        })))
    }
}
