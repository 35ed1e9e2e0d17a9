//! What a peer says of a contract that its package's TLS settings do not fit.

use entente_fabric::package::{Connection, build};
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::lifecycle::{InstallChaincodeArgs, InstallChaincodeResult};
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsIdentity, serve};
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::{Terms, call, deploy};
use crate::network::{CHANNEL, Network, Peer, outcome};

struct Authority(CertifiedIssuer<'static, KeyPair>);

/// PEM of a certificate and its key.
struct Leaf {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.0)
            .unwrap();
        Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A listener like a contract's, which asks for certificates of `clients`; where it listens.
async fn contract(authority: &Authority, name: &str, clients: Option<&Authority>) -> u16 {
    let leaf = authority.issue(name);
    let identity = TlsIdentity::from_pem(leaf.certificate.as_bytes(), leaf.key.as_bytes()).unwrap();
    let auth = clients.map_or(ClientAuth::None, |clients| ClientAuth::Require {
        authorities: clients.0.pem().into_bytes(),
    });
    let tls = ServerTls::new(&identity, &auth, Alpn::H2).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = tonic::service::Routes::default().prepare();
    tokio::spawn(serve(
        listener,
        Some(tls),
        routes,
        ServeOptions::default(),
        CancellationToken::new(),
    ));
    port
}

/// Installs a package; what the administrator is told when it is refused.
async fn install(peer: &Peer, connection: &Connection) -> Result<String, String> {
    let args = InstallChaincodeArgs {
        chaincode_install_package: build("told_1", connection).unwrap(),
    };
    let (_, response) = peer.ask(&call("InstallChaincode", &args)).await;
    match outcome(&response) {
        (200, _) => {
            let installed = InstallChaincodeResult::decode(&response.response.unwrap().payload[..]);
            Ok(installed.unwrap().package_id)
        }
        (_, refusal) => Err(refusal.to_owned()),
    }
}

/// Installs a package and calls its contract; what the client is told, without the part that is always the same.
async fn failure(connection: Connection) -> String {
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let package = install(&peer, &connection).await.unwrap();
    deploy(&peer, &Terms::new("told"), &package).await;

    let (_, response) = peer.ask_as(&peer.client, &Invocation::new(CHANNEL, "told", "go")).await;

    let (status, message) = outcome(&response);
    assert_eq!(status, 500);
    let always = format!("could not launch chaincode {package}: connection to {package} failed: ");
    let (_, told) = message.split_once(&always).unwrap_or_else(|| panic!("{message}"));
    told.replace(&package, "PACKAGE")
}

#[tokio::test]
async fn a_package_whose_tls_settings_do_not_fit_its_contract_is_told_why() {
    let (authority, stranger) = (Authority::new("contracts"), Authority::new("others"));
    let open = contract(&authority, "127.0.0.1", None).await;
    let elsewhere = contract(&authority, "contract.example", None).await;
    let closed = contract(&authority, "127.0.0.1", Some(&authority)).await;
    let to = |port: u16| Connection {
        address: format!("127.0.0.1:{port}"),
        dial_timeout: "30s".to_owned(),
        tls_required: true,
        root_cert: authority.0.pem(),
        ..Connection::default()
    };
    let as_client = |connection: Connection, of: &Authority| {
        let Leaf { certificate, key } = of.issue("a peer");
        Connection {
            client_auth_required: true,
            client_cert: certificate,
            client_key: key,
            ..connection
        }
    };

    let unknown = failure(Connection {
        root_cert: stranger.0.pem(),
        ..to(open)
    })
    .await;
    let misnamed = failure(to(elsewhere)).await;
    let nameless = failure(to(closed)).await;
    let foreign = failure(as_client(to(closed), &stranger)).await;
    let plain = failure(Connection {
        tls_required: false,
        ..to(open)
    })
    .await;
    let network = Network::new();
    let dir = tempfile::tempdir().unwrap();
    let peer = Peer::new(&network, &network.first, dir.path());
    let broken = install(
        &peer,
        &Connection {
            root_cert: "no PEM".to_owned(),
            ..to(open)
        },
    )
    .await
    .unwrap_err();

    let not_dialled = "error cannot create connection for PACKAGE: error creating grpc connection to";
    let cut_off = "error creating grpc client connection to PACKAGE:";
    assert_eq!(
        unknown,
        format!(
            "{not_dialled} 127.0.0.1:{open}: 127.0.0.1:{open}: its certificate was issued by an unknown authority"
        )
    );
    assert_eq!(
        misnamed,
        format!(
            "{not_dialled} 127.0.0.1:{elsewhere}: 127.0.0.1:{elsewhere}: its certificate is not valid for the name \
             \"127.0.0.1\", but for DnsName(\"contract.example\")"
        )
    );
    assert_eq!(
        nameless,
        format!("{cut_off} 127.0.0.1:{closed}: transport error: received fatal alert: CertificateRequired")
    );
    assert_eq!(
        foreign,
        format!("{cut_off} 127.0.0.1:{closed}: transport error: received fatal alert: UnknownCA")
    );
    let without = format!("{cut_off} 127.0.0.1:{open} (without TLS, as its package says): transport error: ");
    assert!(plain.starts_with(&without), "{plain}");
    assert_eq!(
        broken,
        "failed to invoke backing implementation of 'InstallChaincode': could not build chaincode: chaincode TLS: \
         trusted TLS authorities: no PEM certificate found"
    );
}
