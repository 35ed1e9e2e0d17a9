//! Listeners and their TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use entente_api::node_config::TlsFiles;
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsIdentity, serve};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Opens a listener. `what` names it in errors, as the configuration does.
pub async fn bind(what: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{what}: cannot listen on {address}"))
}

/// What a node serves, from its start to its end.
pub struct Listeners {
    options: ServeOptions,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Listeners {
    /// None yet; `options` are for all of them.
    pub fn new(options: ServeOptions) -> Listeners {
        Listeners {
            options,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Answers on a listener from now on; in plain text without `tls`.
    pub fn serve(&mut self, listener: TcpListener, tls: Option<Arc<ServerTls>>, router: Router) {
        self.tasks
            .spawn(serve(listener, tls, router, self.options.clone(), self.stop.clone()));
    }

    /// Stops to answer, once what is under way has had its time.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a listener failed")?;
        }
        Ok(())
    }
}

/// The certificate and key that a TLS endpoint presents.
pub fn identity(files: &TlsFiles) -> anyhow::Result<TlsIdentity> {
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    TlsIdentity::from_pem(&certificate, &key)
        .with_context(|| format!("TLS files {} and {}", files.certificate.display(), files.key.display()))
}

/// Server settings: clients must bring a certificate when issuers for them are configured; otherwise `else_ask`.
pub fn tls(files: &TlsFiles, alpn: Alpn, else_ask: ClientAuth) -> anyhow::Result<Arc<ServerTls>> {
    let auth = match files.client_root_certificates.is_empty() {
        true => else_ask,
        false => ClientAuth::Require {
            authorities: bundle(&files.client_root_certificates)?,
        },
    };
    ServerTls::new(&identity(files)?, &auth, alpn)
        .with_context(|| format!("TLS files {} and {}", files.certificate.display(), files.key.display()))
}

fn bundle(paths: &[PathBuf]) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(read(path)?);
        all.push(b'\n');
    }
    Ok(all)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("the file {} cannot be read", path.display()))
}
