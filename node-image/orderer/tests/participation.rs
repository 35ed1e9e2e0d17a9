//! The participation API answers what stock's does, status by status.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod network;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use network::{CHANNEL, Network, eventually};
use prost::Message as _;
use tower::ServiceExt as _;

const CHANNELS: &str = "/participation/v1/channels";

/// What a caller sees.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    body: String,
    headers: Vec<(&'static str, String)>,
}

fn seen(status: u16, body: &str) -> Seen {
    Seen {
        status,
        body: body.to_owned(),
        headers: Vec::new(),
    }
}

impl Seen {
    fn with(mut self, name: &'static str, value: &str) -> Seen {
        self.headers.push((name, value.to_owned()));
        self
    }
}

struct Api(axum::Router);

impl Api {
    async fn ask(&self, request: Request<Body>) -> Seen {
        let answer = self.0.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let named = ["allow", "location", "cache-control"].into_iter();
        let headers = named
            .filter_map(|name| Some((name, answer.headers().get(name)?.to_str().unwrap().to_owned())))
            .collect();
        let body = axum::body::to_bytes(answer.into_body(), 10 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Seen { status, body, headers }
    }

    async fn call(&self, method: Method, path: &str) -> Seen {
        self.ask(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
            .await
    }

    async fn get(&self, path: &str) -> Seen {
        self.call(Method::GET, path).await
    }

    async fn upload(&self, method: Method, parts: &[(&str, Option<&str>, &[u8])]) -> Seen {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head = format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--edge--\r\n");
        let request = Request::builder().method(method).uri(CHANNELS);
        let request = request.header("content-type", "multipart/form-data; boundary=edge");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    async fn join(&self, block: &[u8]) -> Seen {
        self.upload(Method::POST, &[("config-block", Some("block"), block)])
            .await
    }
}

fn error(status: u16, text: &str) -> Seen {
    seen(status, &serde_json::json!({ "error": text }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_joined_shown_read_and_removed() {
    let mut network = Network::new(1);
    network.start_all();
    let api = Api(network.orderers[0].participation());
    let genesis = network.genesis(1).encode_to_vec();
    let url = format!("{CHANNELS}/{CHANNEL}");
    let info = r#"{"name":"ledger","url":"/participation/v1/channels/ledger","consensusRelation":"consenter","status":"active","height":1}"#;

    let empty = api.get(CHANNELS).await;
    let joined = api.join(&genesis).await;
    let again = api.join(&genesis).await;
    let list = api.get(CHANNELS).await;
    let one = api.get(&url).await;
    let newest = api.get(&format!("{url}/blocks/newest")).await;
    let config = api.get(&format!("{url}/blocks/config")).await;
    let missing = api.get(&format!("{url}/blocks/7")).await;
    let removed = api.call(Method::DELETE, &url).await;
    let gone = eventually("the channel to be gone", async || {
        let gone = api.get(&url).await;
        (gone.status == 404).then_some(gone)
    })
    .await;
    let twice = api.call(Method::DELETE, &url).await;

    let no_store = |seen: Seen| seen.with("cache-control", "no-store");
    assert_eq!(empty, no_store(seen(200, r#"{"systemChannel":null,"channels":null}"#)));
    assert_eq!(joined, seen(201, info).with("location", &url));
    let exists = error(405, "cannot join: channel already exists");
    assert_eq!(again, exists.with("allow", "GET, DELETE"));
    let channels = format!(r#"{{"systemChannel":null,"channels":[{{"name":"ledger","url":"{url}"}}]}}"#);
    assert_eq!(list, no_store(seen(200, &channels)));
    assert_eq!(one, no_store(seen(200, info)));
    assert_eq!(newest, no_store(seen(200, &String::from_utf8_lossy(&genesis))));
    assert_eq!(config, newest);
    assert_eq!(missing, error(404, "no such block number [7] in index"));
    assert_eq!(removed, seen(204, ""));
    assert_eq!(gone, error(404, "channel does not exist"));
    assert_eq!(twice, error(404, "cannot remove: channel does not exist"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told_what_is_wrong() {
    let mut network = Network::new(1);
    network.start_all();
    let api = Api(network.orderers[0].participation());
    let genesis = network.genesis(1);
    let mut tampered = genesis.clone();
    tampered.header.as_mut().unwrap().data_hash = vec![0; 32];
    let bytes = genesis.encode_to_vec();
    let json = Request::builder().method(Method::POST).uri(CHANNELS);
    let json = json
        .header("content-type", "application/json")
        .body(Body::from("{}"))
        .unwrap();
    let html = Request::builder()
        .uri(CHANNELS)
        .header("accept", "text/html")
        .body(Body::empty())
        .unwrap();
    let post = async |parts: &[(&str, Option<&str>, &[u8])]| api.upload(Method::POST, parts).await;

    assert_eq!(
        api.ask(json).await,
        error(400, "unsupported Content-Type: [application/json]")
    );
    assert_eq!(
        api.ask(html).await,
        error(406, "response Content-Type is application/json only")
    );
    let no_key = error(400, "form does not contains part key: config-block");
    assert_eq!(post(&[("block", Some("f"), &bytes)]).await, no_key);
    assert_eq!(
        post(&[("config-block", None, &bytes)]).await,
        no_key,
        "a field is not a file"
    );
    let two = [("config-block", Some("f"), &bytes[..]), ("more", Some("g"), b"x")];
    assert_eq!(post(&two).await, error(400, "form contains too many parts"));
    let garbage =
        "cannot unmarshal file part config-block into a block: proto: cannot parse invalid wire-format data";
    assert_eq!(api.join(b"\xff\xff").await, error(400, garbage));
    assert_eq!(
        api.join(b"").await,
        error(400, "invalid join block: block is not a config block")
    );
    let hash = "invalid join block: invalid block: Header.DataHash is different from Hash(block.Data)";
    assert_eq!(api.join(&tampered.encode_to_vec()).await, error(400, hash));
    let large = api.join(&vec![0; 2 << 20]).await;
    assert_eq!(large.status, StatusCode::BAD_REQUEST);
    assert!(
        large
            .body
            .starts_with(r#"{"error":"cannot read form from request body: "#),
        "{}",
        large.body
    );
    let bad_name = "invalid channel ID: 'No_Name' contains illegal characters";
    assert_eq!(api.get(&format!("{CHANNELS}/No_Name")).await, error(400, bad_name));
    let bad_block = "invalid block ID: 'last' not equal <newest|oldest|config|(number)>";
    assert_eq!(
        api.get(&format!("{CHANNELS}/ledger/blocks/last")).await,
        error(400, bad_block)
    );
    assert_eq!(
        api.get(CHANNELS).await.body,
        r#"{"systemChannel":null,"channels":null}"#,
        "nothing was left behind"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_do_not_exist_name_those_that_do() {
    let mut network = Network::new(1);
    network.start_all();
    let api = Api(network.orderers[0].participation());
    let not_allowed =
        |method: &str, allow: &str| error(405, &format!("invalid request method: {method}")).with("allow", allow);

    assert_eq!(
        api.call(Method::PATCH, CHANNELS).await,
        not_allowed("PATCH", "GET, POST, PUT")
    );
    assert_eq!(
        api.call(Method::DELETE, CHANNELS).await,
        not_allowed("DELETE", "GET, POST, PUT")
    );
    let one = format!("{CHANNELS}/ledger");
    assert_eq!(api.call(Method::POST, &one).await, not_allowed("POST", "GET, DELETE"));
    let block = format!("{CHANNELS}/ledger/blocks/1");
    assert_eq!(api.call(Method::DELETE, &block).await, not_allowed("DELETE", "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_can_be_updated_over_the_api() {
    let network = Network::with_channel(1).await;
    network.leader().await;
    let api = Api(network.orderers[0].participation());
    let (_, config) = network.config(0).await;
    let changed = entente_fabric::config::edit::set_batch_size(&config, 77, 1 << 20, 512 << 10).unwrap();
    let update = entente_fabric::config::update::compute(CHANNEL, &config, &changed).unwrap();
    let envelope = network.sign_update(update.encode_to_vec()).encode_to_vec();
    let part = |bytes: &'static [u8]| [("config-update-envelope", Some("update"), bytes)];

    let bad = api.upload(Method::PUT, &part(b"")).await;
    let updated = api
        .upload(Method::PUT, &[("config-update-envelope", Some("update"), &envelope)])
        .await;
    network.wait_for_height(0, 2).await;
    let stale = api
        .upload(Method::PUT, &[("config-update-envelope", Some("update"), &envelope)])
        .await;

    assert_eq!(bad, error(400, "invalid config update envelope: bad header"));
    assert_eq!(updated.status, 201, "{}", updated.body);
    assert_eq!(stale.status, 400);
    let context = "cannot update: failed update config of channel ledger: error applying config update to existing channel 'ledger': ";
    assert!(stale.body.contains(context), "{}", stale.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_whose_files_are_damaged_fails_alone() {
    let mut network = Network::with_channel(1).await;
    network.submit(0, "before").await;
    network.transactions(0, 1).await;
    network.orderers[0].kill();
    std::fs::write(network.orderers[0].data().join("channels/ledger/raft/log"), b"nonsense").unwrap();

    network.orderers[0].start();

    let api = Api(network.orderers[0].participation());
    let info = r#"{"name":"ledger","url":"/participation/v1/channels/ledger","consensusRelation":"consenter","status":"failed","height":0}"#;
    assert_eq!(api.get(&format!("{CHANNELS}/{CHANNEL}")).await.body, info);
    let failed = network.orderers[0].failed_checks();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].component, "channel ledger");
    assert!(failed[0].reason.contains("not a Raft log"), "{}", failed[0].reason);
    assert_eq!(
        api.call(Method::DELETE, &format!("{CHANNELS}/{CHANNEL}")).await,
        seen(204, "")
    );
}
