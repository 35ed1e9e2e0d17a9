//! Registry, operator and API in one process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entente_api::names::DEFAULT_NAMESPACE;
use entente_api::time::Time;
use entente_operator::Context;
use entente_operator::registry::Registry;
use entente_operator::registry::embedded::Embedded;
use entente_operator::substrate::Substrate;
use entente_operator::substrate::local::{Executables, Local};
use entente_operator::vault;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::UpArgs;
use super::data::Data;
use super::first;
use super::layout::Address;
use super::releases;
use crate::api::{Api, Ground, damaged};
use crate::ca::{self, Authorities};
use crate::cli::CliError;
use crate::cli::client::Client;
use crate::cli::locate::Server;
use crate::cli::profiles::Credential;
use crate::oidc;
use crate::operate::sight::Sight;
use crate::seal::vault::Sealed;
use crate::store::Db;

/// A running platform.
pub struct Platform {
    url: String,
    token: String,
    api: Api,
    substrate: Arc<dyn Substrate>,
    /// Stops the operator before the API, so that nothing starts nodes while they are being stopped.
    operator_stop: CancellationToken,
}

impl Platform {
    /// Starts everything; the API answers when this returns.
    pub async fn start(
        data: &Data,
        listener: TcpListener,
        authorities: TcpListener,
        openid: Option<Arc<oidc::Provider>>,
        args: &UpArgs,
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
        let keys: Arc<dyn vault::Vault> = Arc::new(vault::Local::new(&layout.vault()));
        let seal = args.seal.on_one_machine(&*keys).await?;
        let vault: Arc<dyn vault::Vault> = Arc::new(Sealed::new(keys, seal.clone()));
        let db = async { Db::open(&layout.platform()).await?.sealed_by(seal.clone()).await };
        let db = db.await.map_err(|error| damaged("platform.db", &error))?;
        let executables = executables(args.fabric_bin.clone())?;
        let substrate: Arc<dyn Substrate> = Arc::new(
            Local::open(&layout.nodes(), executables).map_err(|error| failed("nodes cannot be run")(&error))?,
        );
        releases::publish(&registry, args.fabric_bin.as_deref())
            .await
            .map_err(|error| failed("node releases cannot be published")(&error))?;

        first::tenant(&registry, DEFAULT_NAMESPACE).await?;
        first::administrator(&db, DEFAULT_NAMESPACE, first::EMAIL, None, &layout.password()).await?;

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

        let context = Context {
            requires_real_names: args.api.require_real_names,
            ..Context::new(registry.clone(), substrate.clone(), vault.clone())
        };
        let operator_stop = context.stop.clone();
        let operator = Sight::Here {
            metrics: context.metrics.clone(),
            since: Time::now(),
        };
        let served = ca::Listener::new(authorities, &layout.root, seal.as_ref())
            .map_err(|error| failed("certificate authorities cannot be served")(&error))?;
        let authorities = Arc::new(Authorities::new(
            registry.clone(),
            vault.clone(),
            &layout.authorities(),
            format!("https://{}", served.address),
            served.trust.clone(),
        ));
        authorities
            .resume()
            .await
            .map_err(|error| failed("certificate authorities cannot be opened")(&error))?;
        let ground = Ground {
            registry,
            authorities: Some(authorities.clone()),
            requires_real_names: args.api.require_real_names,
            openid,
            webhook_addresses: args.api.webhooks,
            audit: args.api.audit.clone(),
            substrate: substrate.clone(),
            vault,
            db,
            token: token.clone(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
            service_accounts: None,
            operator,
            name: "entente".to_owned(),
            // On loopback, without TLS.
            has_secure_cookies: false,
        };
        let api = Api::start(listener, ground);
        api.watch_over(tokio::spawn(operate(context))).await;
        let stop = api.app.stop.clone();
        api.watch_over(tokio::spawn(served.serve(authorities, stop))).await;
        Ok(Platform {
            url,
            token,
            api,
            substrate,
            operator_stop,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client of this platform's API.
    pub fn client(&self) -> Result<Client, CliError> {
        Client::new(Server {
            url: self.url.clone(),
            credential: Some(Credential::Token(self.token.clone())),
        })
    }

    /// Memory of a chain's processes in bytes, shared pages counted in proportion.
    pub async fn memory_of(&self, chain: &str) -> u64 {
        let nodes = self
            .substrate
            .list(&self.api.namespace, chain)
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
            .list(&self.api.namespace, chain)
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
        self.api.failed().await
    }

    /// Stops the operator, the nodes, then the API.
    pub async fn stop(&self) {
        self.operator_stop.cancel();
        self.substrate.stop_all().await;
        self.api.stop().await;
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
