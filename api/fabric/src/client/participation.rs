//! An orderer's channels, over its REST administration (`orderer/common/channelparticipation`).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use prost::Message as _;

use super::connect::{ConnectError, ConnectOptions};
use super::dial::Dialler;
use crate::proto::common::Block;
use crate::tls::TlsClient;

const ROOT: &str = "/participation/v1/channels";
/// Blocks come over this interface too, nothing larger.
const MAX_ANSWER: usize = super::MAX_MESSAGE_BYTES;

/// A channel as the orderer describes it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ChannelInfo {
    pub name: String,
    /// `consenter`, `follower`, `config-tracker` or `other`.
    #[serde(rename = "consensusRelation")]
    pub consensus_relation: String,
    /// `active`, `onboarding`, `inactive` or `failed`.
    pub status: String,
    pub height: u64,
}

/// Why the orderer did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ParticipationError {
    #[error(transparent)]
    Unreachable(#[from] ConnectError),
    #[error("{endpoint}: the connection broke: {reason}")]
    Broken { endpoint: String, reason: String },
    #[error("{endpoint}: no answer within {after:?}")]
    TimedOut { endpoint: String, after: Duration },
    #[error("{message}")]
    NotFound { message: String },
    /// The orderer is in the channel already, or the channel is being removed.
    #[error("{message}")]
    Conflict { message: String },
    #[error("{message} (HTTP status {status})")]
    Refused { status: u16, message: String },
    #[error("{endpoint}: the answer cannot be read: {reason}")]
    Malformed { endpoint: String, reason: String },
}

/// One orderer's administration endpoint.
#[derive(Debug, Clone)]
pub struct Participation {
    endpoint: String,
    tls: Option<TlsClient>,
    connect: ConnectOptions,
    timeout: Duration,
}

impl Participation {
    /// `endpoint` is `host:port`; `tls` carries the administrator's TLS certificate.
    pub fn new(endpoint: &str, tls: Option<TlsClient>) -> Participation {
        let timeout = Duration::from_secs(30);
        Participation {
            endpoint: endpoint.to_owned(),
            tls,
            connect: ConnectOptions::default(),
            timeout,
        }
    }

    /// How long connecting, and the whole request, may take.
    pub fn with_timeouts(mut self, connect: Duration, request: Duration) -> Participation {
        self.connect.timeout = connect;
        self.timeout = request;
        self
    }

    /// Names of the channels that the orderer takes part in.
    pub async fn list(&self) -> Result<Vec<String>, ParticipationError> {
        #[derive(serde::Deserialize)]
        struct Short {
            name: String,
        }
        #[derive(serde::Deserialize)]
        struct List {
            channels: Option<Vec<Short>>,
        }
        let answer = self.ask(Method::GET, ROOT, None).await?;
        let list: List = self.json(&answer)?;
        Ok(list
            .channels
            .unwrap_or_default()
            .into_iter()
            .map(|channel| channel.name)
            .collect())
    }

    /// What the orderer says of one channel; `NotFound` when it takes no part in it.
    pub async fn info(&self, channel: &str) -> Result<ChannelInfo, ParticipationError> {
        let answer = self.ask(Method::GET, &path(channel), None).await?;
        self.json(&answer)
    }

    /// Joins with a channel's genesis block, or the newest config block of a running channel.
    pub async fn join(&self, config_block: &Block) -> Result<ChannelInfo, ParticipationError> {
        let file = File {
            name: "config-block",
            bytes: config_block.encode_to_vec(),
        };
        let answer = self.ask(Method::POST, ROOT, Some(file)).await?;
        self.json(&answer)
    }

    /// Leaves a channel; its blocks on this orderer are deleted.
    pub async fn remove(&self, channel: &str) -> Result<(), ParticipationError> {
        self.ask(Method::DELETE, &path(channel), None).await.map(drop)
    }

    /// The config block in force (Fabric 3.0 and later).
    pub async fn config_block(&self, channel: &str) -> Result<Block, ParticipationError> {
        let answer = self
            .ask(Method::GET, &format!("{}/blocks/config", path(channel)), None)
            .await?;
        Block::decode(answer).map_err(|error| self.malformed(&error))
    }

    async fn ask(&self, method: Method, path: &str, file: Option<File>) -> Result<Bytes, ParticipationError> {
        let exchange = self.exchange(method, path, file);
        let (status, body) = tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| {
            Err(ParticipationError::TimedOut {
                endpoint: self.endpoint.clone(),
                after: self.timeout,
            })
        })?;
        if status.is_success() {
            return Ok(body);
        }
        let message = refusal(&body);
        Err(match status {
            StatusCode::NOT_FOUND => ParticipationError::NotFound { message },
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::CONFLICT => ParticipationError::Conflict { message },
            other => ParticipationError::Refused {
                status: other.as_u16(),
                message,
            },
        })
    }

    /// One request over its own connection: administration is rare, and an idle connection would only age.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        file: Option<File>,
    ) -> Result<(StatusCode, Bytes), ParticipationError> {
        let stream = Dialler::http1(&self.endpoint, self.tls.as_ref(), &self.connect)?
            .dial()
            .await?;
        let broken = |reason: String| ParticipationError::Broken {
            endpoint: self.endpoint.clone(),
            reason,
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(deepest(&error)))?;
        let request = self.request(method, path, file)?;
        let answer = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| broken(deepest(&error)))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            Ok((status, body.map_err(|error| broken(error.to_string()))?.to_bytes()))
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = answer.as_mut() => answer,
            // Whatever ended the connection shows in the answer, if it is not there already.
            _ = connection => answer.await,
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        file: Option<File>,
    ) -> Result<Request<Full<Bytes>>, ParticipationError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.endpoint);
        let body = match file {
            Some(file) => {
                request = request.header(header::CONTENT_TYPE, file.content_type());
                file.into_body()
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(body))
            .map_err(|error| ParticipationError::Malformed {
                endpoint: self.endpoint.clone(),
                reason: error.to_string(),
            })
    }

    fn json<T: serde::de::DeserializeOwned>(&self, body: &[u8]) -> Result<T, ParticipationError> {
        serde_json::from_slice(body).map_err(|error| self.malformed(&error))
    }

    fn malformed(&self, error: &dyn std::error::Error) -> ParticipationError {
        ParticipationError::Malformed {
            endpoint: self.endpoint.clone(),
            reason: error.to_string(),
        }
    }
}

fn path(channel: &str) -> String {
    format!("{ROOT}/{channel}")
}

/// The orderer's words, or what it sent instead.
fn refusal(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice::<Refusal>(body).map_or_else(
        |_| String::from_utf8_lossy(body).trim().to_owned(),
        |refusal| refusal.error,
    )
}

fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The one part of a multipart form.
struct File {
    name: &'static str,
    bytes: Vec<u8>,
}

/// Blocks hold hashes and signatures; a boundary this long does not occur in one by chance.
const BOUNDARY: &str = "entente-5f3a86c1d27e4b90a6f8c3de71b2940d";

impl File {
    fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    fn into_body(self) -> Bytes {
        let name = self.name;
        let mut body = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}.block\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend(self.bytes);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        body.into()
    }
}
