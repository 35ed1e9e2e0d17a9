//! Has the API server tell, before it writes a resource past the API, for whom it does.
//!
//! root of trust of this process → known to the API server → served, with a certificate for the name that it dials; then both
//! are kept as they have to be, for as long as the process runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use entente_fabric::tls::{Alpn, ClientAuth, ServeOptions, ServerTls, TlsError, TlsIdentity, serve};
use entente_operator::pki::{Authority, Leaf, PkiError, Purpose};
use kube::Client;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::listen::Listener;
use super::presence::{self, Known, PresenceError};
use crate::rest::problem::chain_of;
use crate::store::Db;

/// How often it is made sure that the API server knows us; and after it could not be.
const OFTEN: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(3);
/// How long a certificate is good, and after which part of it there is another one.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
const RENEWED: Duration = Duration::from_secs(10 * 24 * 3600);

/// How the cluster tells of those who write past the API.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Audit")]
pub struct AdmissionArgs {
    /// Name of the MutatingWebhookConfiguration by which the cluster tells who writes past the API; the audit names programs
    /// alone when absent
    #[arg(long, env = "ENTENTE_ADMISSION_WEBHOOK", value_name = "NAME")]
    pub admission_webhook: Option<String>,
    /// Where the cluster tells it
    #[arg(
        long,
        env = "ENTENTE_ADMISSION_LISTEN",
        default_value = "127.0.0.1:7443",
        value_name = "ADDRESS"
    )]
    pub admission_listen: SocketAddr,
}

/// Why it cannot be served.
#[derive(Debug, thiserror::Error)]
enum AdmissionError {
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error("no certificate can be made for the cluster's questions")]
    Certificate(#[from] PkiError),
    #[error("the certificate for the cluster's questions cannot be used")]
    Tls(#[from] TlsError),
}

/// Serves on `socket`, for the configuration `name`, until it is told to stop.
pub async fn run(db: Db, client: Client, name: String, socket: TcpListener, stop: CancellationToken) -> String {
    let listener = Listener::new(db);
    let served = async {
        let (root, known, tls) = loop {
            match begin(&client, &name).await {
                Ok(begun) => break begun,
                Err(error) => tell(&error),
            }
            tokio::time::sleep(SOON).await;
        };
        listener.expect(known.secret.clone());
        let options = ServeOptions {
            drain: Duration::from_secs(2),
            ..ServeOptions::default()
        };
        let serve = serve(
            socket,
            Some(tls.clone()),
            listener.clone().router(),
            options,
            stop.clone(),
        );
        tokio::join!(serve, keep(&client, &name, &root, &tls, &listener, known));
    };
    tokio::select! {
        () = served => {}
        () = stop.cancelled() => {}
    }
    "the cluster is no longer asked who writes past the API".to_owned()
}

async fn begin(client: &Client, name: &str) -> Result<(Authority, Known, Arc<ServerTls>), AdmissionError> {
    let root = Authority::create("Entente admission", "entente", SystemTime::now())?;
    let known = presence::keep(client, name, &root.certificate_pem).await?;
    let tls = ServerTls::new(&identity(&root, &known.host)?, &ClientAuth::None, Alpn::H2AndHttp1)?;
    Ok((root, known, tls))
}

/// Somebody may write the configuration anew, and certificates end.
async fn keep(client: &Client, name: &str, root: &Authority, tls: &ServerTls, listener: &Listener, mut known: Known) {
    let (mut issued, mut pause) = (Instant::now(), OFTEN);
    loop {
        tokio::time::sleep(pause).await;
        let kept = async {
            let now = presence::keep(client, name, &root.certificate_pem).await?;
            if now.host != known.host || issued.elapsed() > RENEWED {
                tls.replace(&identity(root, &now.host)?, &ClientAuth::None)?;
                issued = Instant::now();
            }
            listener.expect(now.secret.clone());
            known = now;
            Ok(())
        };
        pause = match kept.await {
            Ok(()) => OFTEN,
            Err(error) => {
                tell(&error);
                SOON
            }
        };
    }
}

fn identity(root: &Authority, host: &str) -> Result<TlsIdentity, AdmissionError> {
    let leaf = Leaf {
        common_name: "admission".to_owned(),
        organization: "entente".to_owned(),
        purpose: Purpose::Tls {
            hosts: vec![host.to_owned()],
        },
        life: LIFE,
    };
    let issued = root.issue(&leaf, None, SystemTime::now())?;
    Ok(TlsIdentity::from_pem(
        issued.certificate_pem.as_bytes(),
        issued.key_pem.as_bytes(),
    )?)
}

fn tell(error: &AdmissionError) {
    tracing::warn!(error = %chain_of(error), "the cluster cannot tell who writes past the API; trying again");
}
