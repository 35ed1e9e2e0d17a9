//! Registry, operator and API in one process.

use std::future::IntoFuture as _;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entente_api::names::DEFAULT_NAMESPACE;
use entente_operator::Context;
use entente_operator::registry::Registry;
use entente_operator::registry::embedded::Embedded;
use entente_operator::substrate::Substrate;
use entente_operator::substrate::local::{Executables, Local};
use entente_operator::vault;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::make::Shared;

use super::data::Data;
use super::layout::Address;
use super::releases;
use crate::cli::CliError;
use crate::cli::client::Client;
use crate::cli::locate::Server;
use crate::ledger::Ledger;
use crate::rest::auth::{TenantScope, Tokens};
use crate::rest::problem::{Problem, chain_of};
use crate::rest::{self, App};
use crate::store::resource::Resources;
use crate::store::{Db, idempotency};

/// Answers to keyed requests are kept at least this long.
const KEEP_ANSWERS: Duration = Duration::from_secs(48 * 3600);
/// Requests that are being answered get this long to end when the platform stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Takes the port, so that a second user of it is found before anything else happens.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = match error.kind() {
            ErrorKind::AddrInUse => format!("port {} is in use", address.port()),
            ErrorKind::PermissionDenied => format!("port {} may not be used by you", address.port()),
            _ => format!("port {} cannot be used: {error}", address.port()),
        };
        CliError::Failed {
            message,
            hint: Some("Choose another one with PORT=, or stop the program that uses it.".to_owned()),
        }
    })
}

/// A running platform.
pub struct Platform {
    url: String,
    token: String,
    app: App,
    substrate: Arc<dyn Substrate>,
    scope: TenantScope,
    /// Stops the operator before the API, so that nothing starts nodes while they are being stopped.
    operator_stop: CancellationToken,
    /// What runs in the background; the first that ends before it was told to is a failure.
    tasks: tokio::sync::Mutex<Vec<JoinHandle<String>>>,
}

impl Platform {
    /// Starts everything; the API answers when this returns.
    pub async fn start(
        data: &Data,
        listener: TcpListener,
        fabric_bin: Option<PathBuf>,
    ) -> Result<Platform, CliError> {
        let layout = &data.layout;
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: &dyn std::error::Error| CliError::failed(format!("{what}: {error}"))
        };
        let store = Embedded::open(&layout.registry())
            .await
            .map_err(|error| damaged("registry.db", &error))?;
        let registry = Registry::new(Arc::new(store));
        let db = Db::open(&layout.platform())
            .await
            .map_err(|error| damaged("platform.db", &error))?;
        let executables = executables(fabric_bin.clone())?;
        let substrate: Arc<dyn Substrate> = Arc::new(
            Local::open(&layout.nodes(), executables).map_err(|error| failed("nodes cannot be run")(&error))?,
        );
        let vault: Arc<dyn vault::Vault> = Arc::new(vault::Local::new(&layout.vault()));
        releases::publish(&registry, fabric_bin.as_deref())
            .await
            .map_err(|error| failed("node releases cannot be published")(&error))?;

        let address = listener
            .local_addr()
            .map_err(|error| failed("the address cannot be read")(&error))?;
        let url = format!("http://{address}");
        Address { url: url.clone() }
            .write(layout)
            .map_err(|error| failed("the address cannot be written down")(&error))?;
        let token =
            std::fs::read_to_string(layout.token()).map_err(|error| failed("the token cannot be read")(&error))?;
        let token = token.trim().to_owned();

        let resources = Resources::new(registry.clone());
        let ledger = Ledger::new(resources.clone(), vault.clone());
        let stop = CancellationToken::new();
        let app = App::new(resources, db, ledger, substrate.clone(), stop.clone());
        let scope = TenantScope::for_background_task("operations of the embedded tenant", DEFAULT_NAMESPACE);
        let context = Context::new(registry, substrate.clone(), vault);
        let operator_stop = context.stop.clone();

        let service = rest::service(app.clone(), Tokens::new(&token));
        let tasks = vec![
            tokio::spawn(serve(listener, service, stop)),
            tokio::spawn(track(app.clone(), scope.clone())),
            tokio::spawn(forget(app.clone())),
            tokio::spawn(operate(context)),
        ];
        Ok(Platform {
            url,
            token,
            app,
            substrate,
            scope,
            operator_stop,
            tasks: tasks.into(),
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client of this platform's API.
    pub fn client(&self) -> Result<Client, CliError> {
        Client::new(Server {
            url: self.url.clone(),
            token: Some(self.token.clone()),
        })
    }

    /// Memory of a chain's processes in bytes, shared pages counted in proportion.
    pub async fn memory_of(&self, chain: &str) -> u64 {
        let nodes = self
            .substrate
            .list(self.scope.namespace(), chain)
            .await
            .unwrap_or_default();
        let mut bytes = 0;
        for node in nodes {
            bytes += self.substrate.memory(&node).await.unwrap_or_default();
        }
        bytes
    }

    /// Waits until every node of a chain runs, which a status from before the last stop cannot tell; at most `within`.
    pub async fn nodes_run(&self, chain: &str, within: Duration) {
        let deadline = tokio::time::Instant::now() + within;
        let mut changes = self.substrate.changes();
        while !self.all_run(chain).await {
            // A change may be missed; looking again now and then costs nothing.
            let pause = tokio::time::timeout(Duration::from_millis(200), changes.recv());
            if tokio::time::Instant::now() > deadline || matches!(pause.await, Ok(Err(RecvError::Closed))) {
                return;
            }
        }
    }

    async fn all_run(&self, chain: &str) -> bool {
        for node in self
            .substrate
            .list(self.scope.namespace(), chain)
            .await
            .unwrap_or_default()
        {
            if !self.substrate.state(&node).await.is_running() {
                return false;
            }
        }
        true
    }

    /// Ends when a part of the platform has ended by itself; says why.
    pub async fn failed(&self) -> String {
        let mut tasks = self.tasks.lock().await;
        let (outcome, _, _) = futures::future::select_all(tasks.iter_mut()).await;
        outcome.unwrap_or_else(|error| error.to_string())
    }

    /// Stops the operator, the nodes, then the API.
    pub async fn stop(&self) {
        self.operator_stop.cancel();
        self.substrate.stop_all().await;
        self.app.stop.cancel();
        let mut tasks = self.tasks.lock().await;
        let all = futures::future::join_all(tasks.drain(..));
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("a part of the platform did not end in time");
        }
        self.app.db.close().await;
    }
}

async fn serve(listener: TcpListener, service: rest::Service, stop: CancellationToken) -> String {
    let served = axum::serve(listener, Shared::new(service)).with_graceful_shutdown(stop.cancelled_owned());
    match served.into_future().await {
        Ok(()) => "the API has ended".to_owned(),
        Err(error) => format!("the API cannot be served: {error}"),
    }
}

async fn track(app: App, scope: TenantScope) -> String {
    app.operations.run(&scope, app.stop.clone()).await;
    "operations are no longer followed".to_owned()
}

/// Forgets old answers to keyed requests.
async fn forget(app: App) -> String {
    let mut hourly = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return "old answers are no longer forgotten".to_owned(),
            _ = hourly.tick() => {}
        }
        let before = chrono::Utc::now() - KEEP_ANSWERS;
        if let Err(error) = idempotency::forget_before(&app.db, before.into()).await {
            tracing::warn!(error = %chain_of(&Problem::internal(error)), "old answers cannot be forgotten");
        }
    }
}

async fn operate(context: Context) -> String {
    entente_operator::run(context).await;
    "the operator has ended".to_owned()
}

/// The programs that nodes run lie beside this one.
fn executables(stock: Option<PathBuf>) -> Result<Executables, CliError> {
    let own = std::env::current_exe()
        .map_err(|error| CliError::failed(format!("this program cannot be found: {error}")))?;
    let beside = |name: &str| {
        let path = own.with_file_name(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(CliError::Failed {
            message: format!("{} is missing", path.display()),
            hint: Some("Build it with `make up`, or put it beside this program.".to_owned()),
        })
    };
    if let Some(folder) = &stock
        && let Some(missing) = ["peer", "orderer"].iter().find(|name| !folder.join(name).is_file())
    {
        let message = format!(
            "ENTENTE_FABRIC_BIN names {}, which has no `{missing}`",
            folder.display()
        );
        return Err(CliError::Failed {
            message,
            hint: Some("Name the folder of stock Fabric's executables, or none.".to_owned()),
        });
    }
    Ok(Executables {
        node: beside("entente-node")?,
        stock,
    })
}

/// A database that cannot be opened is told apart from one that is only busy by its text; both need a person.
fn damaged(file: &str, error: &(dyn std::error::Error + 'static)) -> CliError {
    CliError::Failed {
        message: format!("{file} in the data folder cannot be opened: {}", chain_of(error)),
        hint: Some("Restore the data folder from a backup, or choose another one with DATA=.".to_owned()),
    }
}
