//! The server as a peer meets it: over sockets, with and without TLS.

use std::time::Duration;

use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::proto::protos::chaincode_client::ChaincodeClient;
use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{ChaincodeId, ChaincodeMessage};
use entente_fabric::tls::{TlsClient, TlsIdentity};
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

use super::*;
use crate::{Context, ContractError, NoArguments};

const DEADLINE: Duration = Duration::from_secs(10);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<Result<(), ServeError>>,
}

async fn start(tls: Option<Tls>) -> Running {
    let nothing = async |_: Context, _: NoArguments| Ok::<(), ContractError>(());
    let contract = Contract::new("nothing", "1").transaction("Nothing", nothing);
    let options = Options {
        chaincode_id: "nothing:1".into(),
        address: "127.0.0.1:0".into(),
        tls,
    };
    let (listening, address) = oneshot::channel();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let ended =
        tokio::spawn(
            async move { serve(contract, options, |address| listening.send(address).unwrap(), stopped).await },
        );
    Running {
        address: address.await.unwrap(),
        stop,
        ended,
    }
}

/// Connects as a peer does, and waits for the first message.
async fn register(address: SocketAddr, tls: Option<&TlsClient>) -> Result<ChaincodeMessage, String> {
    let greet = async {
        let channel = connect(&address.to_string(), tls, &ConnectOptions::default())
            .await
            .map_err(|e| e.to_string())?;
        let (_outgoing, messages) = mpsc::channel(1);
        let answer = ChaincodeClient::new(channel)
            .connect(ReceiverStream::new(messages))
            .await;
        let mut incoming = answer.map_err(|status| status.to_string())?.into_inner();
        incoming
            .message()
            .await
            .map_err(|status| status.to_string())?
            .ok_or_else(|| "nothing came".to_owned())
    };
    tokio::time::timeout(DEADLINE, greet).await.expect("an answer in time")
}

struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { params, key, pem }
    }

    fn certify(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()]).unwrap();
        let certificate = params
            .signed_by(&key, &Issuer::from_params(&self.params, &self.key))
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

#[tokio::test]
async fn a_peer_that_connects_is_told_the_package_id() {
    let server = start(None).await;

    let first = register(server.address, None).await.unwrap();

    let id = ChaincodeId {
        name: "nothing:1".into(),
        ..Default::default()
    };
    let expected = ChaincodeMessage {
        r#type: Type::Register as i32,
        payload: id.encode_to_vec(),
        ..Default::default()
    };
    assert_eq!(first, expected);
}

#[tokio::test]
async fn with_client_authorities_only_their_peers_get_in() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.certify();
    let tls = Tls {
        certificate_pem: certificate.into(),
        key_pem: key.into(),
        client_authorities_pem: Some(ours.pem.clone().into()),
    };
    let server = start(Some(tls)).await;
    let client = || TlsClient::trusting_pem(ours.pem.as_bytes()).unwrap();
    let identity = |authority: &Authority| {
        let (certificate, key) = authority.certify();
        TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
    };

    assert!(
        register(server.address, Some(&client().with_identity(identity(&ours))))
            .await
            .is_ok()
    );
    assert!(
        register(server.address, Some(&client().with_identity(identity(&strangers))))
            .await
            .is_err()
    );
    assert!(register(server.address, Some(&client())).await.is_err());
    assert!(register(server.address, None).await.is_err());
}

#[tokio::test]
async fn it_stops_at_once_when_nothing_runs() {
    let server = start(None).await;
    let (outgoing, messages) = mpsc::channel(1);
    let channel = connect(&server.address.to_string(), None, &ConnectOptions::default())
        .await
        .unwrap();
    let mut client = ChaincodeClient::new(channel);
    let mut incoming = client
        .connect(ReceiverStream::new(messages))
        .await
        .unwrap()
        .into_inner();
    incoming.message().await.unwrap();

    server.stop.cancel();

    let ended = tokio::time::timeout(Duration::from_secs(5), server.ended).await;
    assert!(ended.expect("it ends before the drain period").unwrap().is_ok());
    assert!(!matches!(incoming.message().await, Ok(Some(_))));
    drop(outgoing);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let server = start(None).await;
    let options = Options {
        chaincode_id: "x".into(),
        address: server.address.to_string(),
        tls: None,
    };

    let refused = serve(Contract::new("x", "1"), options, |_| {}, CancellationToken::new())
        .await
        .unwrap_err();

    assert_eq!(refused.to_string(), format!("cannot listen on {}", server.address));
}
