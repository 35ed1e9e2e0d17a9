//! Where the authorities are served: one port with TLS, on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use entente_ca::folder;
use entente_ca::rest::{self, Directory};
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsIdentity, serve};
use entente_operator::pki::{Authority, Leaf, Purpose};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Authorities, CaError};
use crate::cli::CliError;
use crate::seal::{self, Seal, SealError};

const KEY_PURPOSE: &str = "the root that certificate authorities are served with";
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A port and what it presents.
pub struct Listener {
    listener: TcpListener,
    tls: Arc<ServerTls>,
    /// PEM of the root that clients have to trust.
    pub trust: String,
    pub address: SocketAddr,
}

/// Takes the port: the one that was asked for, or the one after the API's when it is free, or any.
pub async fn bind(asked: Option<u16>, api: SocketAddr) -> Result<TcpListener, CliError> {
    let at = |port| SocketAddr::new(api.ip(), port);
    if let Some(port) = asked {
        return crate::api::bind(at(port), "Choose another one with CA_PORT=.").await;
    }
    if let Some(next) = api.port().checked_add(1)
        && let Ok(listener) = TcpListener::bind(at(next)).await
    {
        return Ok(listener);
    }
    crate::api::bind(at(0), "Choose one with CA_PORT=.").await
}

impl Listener {
    /// Prepares its certificate, from a root of the platform's own: behind this port are the authorities of many
    /// organizations, and none of them speaks for the others.
    pub fn new(listener: TcpListener, data: &Path, seal: Option<&Seal>) -> Result<Listener, CaError> {
        let address = listener.local_addr().map_err(|source| CaError::Io {
            path: data.to_owned(),
            action: "served",
            source,
        })?;
        let root = root(data, seal)?;
        let leaf = Leaf {
            common_name: "certificate authorities".to_owned(),
            organization: "entente".to_owned(),
            purpose: Purpose::Tls {
                hosts: vec!["localhost".to_owned(), address.ip().to_string()],
            },
            life: YEAR,
        };
        let own = root.issue(&leaf, None, SystemTime::now())?;
        let identity = TlsIdentity::from_pem(own.certificate_pem.as_bytes(), own.key_pem.as_bytes())?;
        Ok(Listener {
            listener,
            tls: ServerTls::new(&identity, &ClientAuth::None, Alpn::H2AndHttp1)?,
            trust: root.certificate_pem,
            address,
        })
    }

    pub async fn serve(self, authorities: Arc<Authorities>, stop: CancellationToken) -> String {
        let directory: Arc<dyn Directory> = authorities;
        let options = ServeOptions {
            drain: Duration::from_secs(2),
            ..ServeOptions::default()
        };
        serve(self.listener, Some(self.tls), rest::router(directory), options, stop).await;
        "certificate authorities are no longer served".to_owned()
    }
}

/// Kept in the data folder: clients go on trusting it after a restart.
fn root(data: &Path, seal: Option<&Seal>) -> Result<Authority, CaError> {
    let (certificate, key) = (data.join("ca-tls-root.pem"), data.join("ca-tls-root.key"));
    let failed = |path: &Path, action| {
        let path = path.to_owned();
        move |source| CaError::Io { path, action, source }
    };
    let sealed = |key_pem: &str| match seal {
        Some(seal) => seal.seal(KEY_PURPOSE, key_pem.as_bytes()),
        None => Ok(key_pem.to_owned()),
    };
    if certificate.exists() {
        let held = std::fs::read(&key).map_err(failed(&key, "read"))?;
        let is_bare = !seal::is_sealed(&held);
        let opened = seal::open(seal, KEY_PURPOSE, held)?;
        let root = Authority {
            certificate_pem: std::fs::read_to_string(&certificate).map_err(failed(&certificate, "read"))?,
            key_pem: String::from_utf8(opened).map_err(|_| SealError::NotText)?,
        };
        if seal.is_some() && is_bare {
            folder::write_file(&key, sealed(&root.key_pem)?.as_bytes()).map_err(failed(&key, "written"))?;
        }
        return Ok(root);
    }
    let root = Authority::create("Entente certificate authorities", "entente", SystemTime::now())?;
    // The key first: the certificate says that both are there.
    for (path, content) in [(&key, &sealed(&root.key_pem)?), (&certificate, &root.certificate_pem)] {
        folder::write_file(path, content.as_bytes()).map_err(failed(path, "written"))?;
    }
    Ok(root)
}
