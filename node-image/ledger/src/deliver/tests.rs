//! A client against the deliver engine, over a real block store.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use entente_fabric::block as fabric_block;
use entente_fabric::crypto;
use entente_fabric::proto::common::{
    BlockData, BlockHeader, BlockMetadata, ChannelHeader, Header, HeaderType, Payload, SignatureHeader,
};
use entente_fabric::proto::orderer::seek_info::{SeekBehavior, SeekContentType, SeekErrorResponse};
use entente_fabric::proto::orderer::seek_position::Type;
use entente_fabric::proto::orderer::{SeekInfo, SeekNewest, SeekOldest, SeekPosition, SeekSpecified};
use parking_lot::Mutex;
use prost::Message as _;

use super::*;

#[derive(Clone)]
struct Ledger {
    blocks: BlockStore,
    state: Arc<State>,
    leaderless: watch::Receiver<bool>,
}

struct State {
    sequence: AtomicU64,
    /// What each check of the right to read answers; `Ok` when empty.
    verdicts: Mutex<VecDeque<Result<(), String>>>,
    checks: AtomicU64,
}

impl Channel for Ledger {
    fn blocks(&self) -> &BlockStore {
        &self.blocks
    }

    fn config_sequence(&self) -> u64 {
        self.state.sequence.load(Ordering::SeqCst)
    }

    fn authorize(&self, _: &SignedData) -> Result<(), String> {
        self.state.checks.fetch_add(1, Ordering::SeqCst);
        self.state.verdicts.lock().pop_front().unwrap_or(Ok(()))
    }

    fn leaderless(&self) -> Option<watch::Receiver<bool>> {
        Some(self.leaderless.clone())
    }
}

struct One(Ledger);

impl Channels for One {
    type Channel = Ledger;

    fn channel(&self, id: &str) -> Option<Ledger> {
        (id == "ledger").then(|| self.0.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply {
    Block(u64),
    /// A block without data.
    Header(u64),
    Status(Status),
}

struct Numbers;

impl Delivery<Ledger> for Numbers {
    type Reply = Reply;
    const DATA_TYPE: &'static str = "block";

    fn status(&self, status: Status) -> Reply {
        Reply::Status(status)
    }

    fn block(&self, _: &Ledger, block: Arc<Block>, _: &SignedData) -> Result<Reply, String> {
        let number = block.header.as_ref().unwrap().number;
        Ok(if block.data.is_some() {
            Reply::Block(number)
        } else {
            Reply::Header(number)
        })
    }
}

struct World {
    _dir: tempfile::TempDir,
    ledger: Ledger,
    leaderless: watch::Sender<bool>,
    mutual_tls: bool,
}

impl World {
    fn with_blocks(count: u64) -> World {
        let dir = tempfile::tempdir().unwrap();
        let blocks = BlockStore::open(dir.path()).unwrap();
        let (leaderless, watched) = watch::channel(false);
        let state = State {
            sequence: AtomicU64::new(0),
            verdicts: Mutex::default(),
            checks: AtomicU64::new(0),
        };
        let ledger = Ledger {
            blocks,
            state: Arc::new(state),
            leaderless: watched,
        };
        let world = World {
            _dir: dir,
            ledger,
            leaderless,
            mutual_tls: false,
        };
        (0..count).for_each(|_| world.append());
        world
    }

    fn append(&self) {
        let tip = self.ledger.blocks.tip();
        let data = vec![bytes::Bytes::from_static(b"a transaction")];
        let header = BlockHeader {
            number: self.ledger.blocks.height(),
            previous_hash: tip
                .map(|tip| fabric_block::header_hash(&tip).to_vec())
                .unwrap_or_default(),
            data_hash: fabric_block::data_hash(&data).to_vec(),
        };
        let metadata = Some(BlockMetadata {
            metadata: vec![Vec::new(); 5],
        });
        self.ledger
            .blocks
            .append(&Block {
                header: Some(header),
                data: Some(BlockData { data }),
                metadata,
            })
            .unwrap();
    }

    fn serve(
        &self,
        requests: Vec<Envelope>,
        client: Client,
    ) -> impl Stream<Item = Result<Reply, ()>> + Unpin + use<> {
        let engine = Engine {
            channels: One(self.ledger.clone()),
            metrics: Metrics::default(),
            mutual_tls: self.mutual_tls,
        };
        // The client keeps its side open, as stock clients do.
        let requests = futures::stream::iter(requests.into_iter().map(Ok)).chain(futures::stream::pending());
        Box::pin(Arc::new(engine).serve(Numbers, client, requests))
    }

    /// What comes within a second; streams that wait for more are cut.
    async fn answers(&self, requests: Vec<Envelope>) -> Vec<Reply> {
        let mut replies = Vec::new();
        let mut stream = self.serve(requests, Client::default());
        while let Ok(Some(reply)) = tokio::time::timeout(Duration::from_millis(200), stream.next()).await {
            replies.push(reply.unwrap());
        }
        replies
    }
}

fn at(number: u64) -> SeekPosition {
    SeekPosition {
        r#type: Some(Type::Specified(SeekSpecified { number })),
    }
}

fn newest() -> SeekPosition {
    SeekPosition {
        r#type: Some(Type::Newest(SeekNewest {})),
    }
}

fn oldest() -> SeekPosition {
    SeekPosition {
        r#type: Some(Type::Oldest(SeekOldest {})),
    }
}

fn between(start: SeekPosition, stop: SeekPosition) -> SeekInfo {
    SeekInfo {
        start: Some(start),
        stop: Some(stop),
        ..SeekInfo::default()
    }
}

fn request(seek: &SeekInfo) -> Envelope {
    request_with(|_| {}, seek.encode_to_vec())
}

fn request_with(change: impl FnOnce(&mut ChannelHeader), data: Vec<u8>) -> Envelope {
    request_by(b"somebody".to_vec(), change, data)
}

fn request_by(creator: Vec<u8>, change: impl FnOnce(&mut ChannelHeader), data: Vec<u8>) -> Envelope {
    let mut header = ChannelHeader {
        r#type: HeaderType::DeliverSeekInfo as i32,
        timestamp: Some(SystemTime::now().into()),
        channel_id: "ledger".to_owned(),
        ..ChannelHeader::default()
    };
    change(&mut header);
    let signature_header = SignatureHeader {
        creator,
        nonce: crypto::nonce(),
    }
    .encode_to_vec();
    let header = Header {
        channel_header: header.encode_to_vec(),
        signature_header,
    };
    let payload = Payload {
        header: Some(header),
        data,
    }
    .encode_to_vec();
    Envelope {
        payload,
        signature: b"signature".to_vec(),
    }
}

#[tokio::test]
async fn blocks_come_in_order_and_the_next_request_after_success() {
    let world = World::with_blocks(3);

    let answers = world
        .answers(vec![
            request(&between(oldest(), at(1))),
            request(&between(newest(), newest())),
        ])
        .await;

    let success = Reply::Status(Status::Success);
    assert_eq!(
        answers,
        [
            Reply::Block(0),
            Reply::Block(1),
            success.clone(),
            Reply::Block(2),
            success
        ]
    );
}

#[tokio::test]
async fn a_reader_waits_for_blocks_that_are_not_there_yet() {
    let world = World::with_blocks(2);
    let mut stream = world.serve(vec![request(&between(at(1), at(u64::MAX)))], Client::default());

    let first = stream.next().await;
    world.append();
    let second = stream.next().await;

    assert_eq!((first, second), (Some(Ok(Reply::Block(1))), Some(Ok(Reply::Block(2)))));
}

#[tokio::test]
async fn whoever_does_not_want_to_wait_is_told_that_there_is_nothing() {
    let world = World::with_blocks(2);
    let seek = SeekInfo {
        behavior: SeekBehavior::FailIfNotReady as i32,
        ..between(at(1), at(5))
    };

    assert_eq!(
        world.answers(vec![request(&seek)]).await,
        [Reply::Block(1), Reply::Status(Status::NotFound)]
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_end_the_stream_with_their_status() {
    let world = World::with_blocks(2);
    let good = between(oldest(), newest());
    let stale = |header: &mut ChannelHeader| {
        header.timestamp = Some((SystemTime::now() - TIME_WINDOW - Duration::from_secs(5)).into());
    };
    let cases = [
        ("no headers", Envelope::default(), Status::BadRequest),
        (
            "no timestamp",
            request_with(|header| header.timestamp = None, good.encode_to_vec()),
            Status::BadRequest,
        ),
        ("stale", request_with(stale, good.encode_to_vec()), Status::BadRequest),
        (
            "unknown channel",
            request_with(|h| h.channel_id = "x".to_owned(), good.encode_to_vec()),
            Status::NotFound,
        ),
        ("garbage", request_with(|_| {}, vec![0xff]), Status::BadRequest),
        ("no stop", request(&SeekInfo { stop: None, ..good }), Status::BadRequest),
        ("backwards", request(&between(at(1), at(0))), Status::BadRequest),
        (
            "beyond the next block",
            request(&between(at(3), at(9))),
            Status::NotFound,
        ),
    ];
    for (what, envelope, status) in cases {
        // The second request is never looked at.
        let answers = world.answers(vec![envelope, request(&good)]).await;

        assert_eq!(answers, [Reply::Status(status)], "{what}");
    }
}

#[tokio::test]
async fn without_a_leader_only_those_who_accept_that_are_served() {
    let world = World::with_blocks(1);
    let strict = between(oldest(), at(5));
    let patient = SeekInfo {
        error_response: SeekErrorResponse::BestEffort as i32,
        ..strict
    };
    let mut running = world.serve(vec![request(&strict)], Client::default());
    assert_eq!(running.next().await, Some(Ok(Reply::Block(0))));

    world.leaderless.send_replace(true);

    assert_eq!(
        running.next().await,
        Some(Ok(Reply::Status(Status::ServiceUnavailable)))
    );
    assert_eq!(
        world.answers(vec![request(&strict)]).await,
        [Reply::Status(Status::ServiceUnavailable)]
    );
    assert_eq!(world.answers(vec![request(&patient)]).await, [Reply::Block(0)]);
}

#[tokio::test]
async fn the_right_to_read_is_checked_again_when_the_configuration_changes() {
    let world = World::with_blocks(1);
    let state = world.ledger.state.clone();
    let mut stream = world.serve(vec![request(&between(oldest(), at(9)))], Client::default());
    assert_eq!(stream.next().await, Some(Ok(Reply::Block(0))));
    world.append();
    assert_eq!(stream.next().await, Some(Ok(Reply::Block(1))));
    assert_eq!(
        state.checks.load(Ordering::SeqCst),
        1,
        "once for as long as nothing changes"
    );

    state.sequence.store(1, Ordering::SeqCst);
    state.verdicts.lock().push_back(Err("no longer".to_owned()));
    world.append();

    assert_eq!(stream.next().await, Some(Ok(Reply::Status(Status::Forbidden))));
    assert_eq!(stream.next().await, None);
}

/// The creator of the golden message that stock refused for its expired certificate.
fn expired_identity() -> Vec<u8> {
    use base64::Engine as _;

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/rejects/rejects.jsonl");
    let cases = std::fs::read_to_string(path).unwrap();
    let cases = cases
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let case = cases
        .into_iter()
        .find(|case| case["label"] == "expired creator certificate");
    let envelope = base64::engine::general_purpose::STANDARD
        .decode(case.unwrap()["envelope"].as_str().unwrap())
        .unwrap();
    let envelope = Envelope::decode(&envelope[..]).unwrap();
    let header = Payload::decode(&envelope.payload[..]).unwrap().header.unwrap();
    SignatureHeader::decode(&header.signature_header[..]).unwrap().creator
}

#[tokio::test]
async fn a_reader_whose_certificate_has_expired_is_not_served_whatever_the_policy_says() {
    let world = World::with_blocks(1);
    let seek = between(oldest(), at(0)).encode_to_vec();

    let answers = world.answers(vec![request_by(expired_identity(), |_| {}, seek)]).await;

    assert_eq!(answers, [Reply::Status(Status::Forbidden)]);
    assert_eq!(world.ledger.state.checks.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stranger_is_told_so_before_the_rest_of_the_request_is_looked_at() {
    let world = World::with_blocks(1);
    world
        .ledger
        .state
        .verdicts
        .lock()
        .push_back(Err("not a reader".to_owned()));

    let answers = world.answers(vec![request(&SeekInfo::default())]).await;

    assert_eq!(answers, [Reply::Status(Status::Forbidden)]);
}

#[tokio::test]
async fn headers_come_without_data() {
    let world = World::with_blocks(2);
    let seek = SeekInfo {
        content_type: SeekContentType::HeaderWithSig as i32,
        ..between(oldest(), newest())
    };

    let answers = world.answers(vec![request(&seek)]).await;

    assert_eq!(
        answers,
        [Reply::Header(0), Reply::Header(1), Reply::Status(Status::Success)]
    );
}

#[tokio::test]
async fn over_mutual_tls_a_request_must_carry_the_hash_of_its_certificate() {
    let mut world = World::with_blocks(1);
    world.mutual_tls = true;
    let client = Client {
        tls_certificate_hash: Some([7; 32]),
        ..Client::default()
    };
    let seek = between(oldest(), newest()).encode_to_vec();
    let bound = |hash: &[u8]| {
        let hash = hash.to_vec();
        request_with(move |header| header.tls_cert_hash = hash, seek.clone())
    };
    let first = async |envelope, client| world.serve(vec![envelope], client).next().await.unwrap().unwrap();

    assert_eq!(first(bound(&[7; 32]), client.clone()).await, Reply::Block(0));
    assert_eq!(
        first(bound(&[8; 32]), client.clone()).await,
        Reply::Status(Status::BadRequest)
    );
    assert_eq!(first(bound(&[]), client).await, Reply::Status(Status::BadRequest));
    assert_eq!(
        first(bound(&[7; 32]), Client::default()).await,
        Reply::Status(Status::BadRequest)
    );
}
