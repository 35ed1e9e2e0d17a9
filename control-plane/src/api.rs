//! The REST API as a running thing: the service, and the tasks beside it. The same on one machine and on a cluster.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::ServiceExt as _;
use clap::Args;
use entente_api::time::Time;
use entente_operator::registry::Registry;
use entente_operator::substrate::Substrate;
use entente_operator::vault::Vault;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::service_accounts::ServiceAccounts;
use crate::access::{Gate, PlatformScope};
use crate::audit::{AuditArgs, anchor, retention};
use crate::ca::Authorities;
use crate::certificate::notice;
use crate::cli::CliError;
use crate::ledger::Ledger;
use crate::oidc::{self, OidcArgs};
use crate::operate::sight::Sight;
use crate::rest::problem::chain_of;
use crate::rest::rate::FORGET;
use crate::rest::{self, App};
use crate::store::access::{attempts, invitations, sessions};
use crate::store::replicas::Replica;
use crate::store::resource::Resources;
use crate::store::{Db, DbError, audit, idempotency, rate, replicas, webhooks};
use crate::trace::export::ExportArgs;
use crate::webhook::address::AddressArgs;
use crate::webhook::courier::Courier;

/// Answers to keyed requests are kept at least this long.
const KEEP_ANSWERS: Duration = Duration::from_secs(48 * 3600);
/// What webhooks were told can be looked up for so long.
const KEEP_DELIVERIES: Duration = Duration::from_secs(30 * 24 * 3600);
/// A replica that has said nothing for so long is forgotten.
const KEEP_REPLICAS: Duration = Duration::from_secs(24 * 3600);
/// How often a replica says that it is there.
const BE_SEEN: Duration = Duration::from_secs(15);
/// Requests that are being answered get this long to end when the platform stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Takes the port, so that a second user of it is found before anything else happens.
pub async fn bind(address: SocketAddr, hint: &str) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("port {} is in use", address.port()),
            std::io::ErrorKind::PermissionDenied => format!("port {} may not be used by you", address.port()),
            _ => format!("port {} cannot be used: {error}", address.port()),
        };
        CliError::Failed {
            message,
            hint: Some(hint.to_owned()),
        }
    })
}

/// What an installation decides about its API, wherever it runs.
#[derive(Debug, Clone, Args)]
pub struct ApiArgs {
    /// Let an organization take part in chains only once an operator of the platform has approved its record
    #[arg(long, env = "ENTENTE_REQUIRE_REAL_NAMES", value_parser = clap::builder::BoolishValueParser::new())]
    pub require_real_names: bool,
    #[command(flatten)]
    pub oidc: OidcArgs,
    #[command(flatten)]
    pub export: ExportArgs,
    #[command(flatten)]
    pub webhooks: AddressArgs,
    #[command(flatten)]
    pub audit: AuditArgs,
}

/// What the API stands on.
pub struct Ground {
    pub registry: Registry,
    pub substrate: Arc<dyn Substrate>,
    pub vault: Arc<dyn Vault>,
    pub db: Db,
    /// The administrator's token.
    pub token: String,
    /// Organizations' certificate authorities, where they are served.
    pub authorities: Option<Arc<Authorities>>,
    /// Whether an organization needs an approved record before it takes part in a chain.
    pub requires_real_names: bool,
    /// The OpenID provider that people sign in at, where there is one.
    pub openid: Option<Arc<oidc::Provider>>,
    /// Namespace of the tenant that the token is for.
    pub namespace: String,
    /// Where webhooks may go.
    pub webhook_addresses: AddressArgs,
    /// How long rows of the audit are kept, and where its heads are anchored.
    pub audit: AuditArgs,
    /// Where the tokens of ServiceAccounts are taken.
    pub service_accounts: Option<ServiceAccounts>,
    /// Where the operator is seen.
    pub operator: Sight,
    /// What replicas of this one are called; each adds something of its own.
    pub name: String,
    /// Whether browsers reach it over TLS only.
    pub has_secure_cookies: bool,
}

/// A running API.
pub struct Api {
    pub app: App,
    /// Of the tenant that the installation's token is for.
    pub namespace: String,
    /// The first that ends before it was told to is a failure.
    tasks: tokio::sync::Mutex<Vec<JoinHandle<String>>>,
}

impl Api {
    /// Starts it; it answers when this returns.
    pub fn start(listener: TcpListener, ground: Ground) -> Api {
        let mut gate = Gate::new(
            ground.db.clone(),
            ground.registry.clone(),
            &ground.token,
            &ground.namespace,
        );
        gate.has_secure_cookies = ground.has_secure_cookies;
        gate.service_accounts = ground.service_accounts;
        let resources = Resources::new(ground.registry);
        let ledger = Ledger::new(resources.clone(), ground.vault);
        let stop = CancellationToken::new();
        let mut app = App::new(resources, ground.db, ledger, ground.substrate, gate, stop.clone());
        app.authorities = ground.authorities;
        app.requires_real_names = ground.requires_real_names;
        app.openid = ground.openid;
        app.webhook_addresses = ground.webhook_addresses;
        app.namespace.clone_from(&ground.namespace);
        app.audit = ground.audit.clone();
        app.operator = Some(ground.operator);
        app.replica = Replica::starting(&ground.name);
        app.is_on_loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
        let service = rest::service(app.clone());
        let tasks = vec![
            tokio::spawn(serve(listener, service, stop)),
            tokio::spawn(track(app.clone())),
            tokio::spawn(forget(app.clone(), ground.audit.audit_retention_days)),
            tokio::spawn(anchor_heads(app.clone(), ground.audit)),
            tokio::spawn(deliver(app.clone())),
            tokio::spawn(be_seen(app.clone())),
            tokio::spawn(look_at_certificates(app.clone())),
        ];
        Api {
            app,
            namespace: ground.namespace,
            tasks: tasks.into(),
        }
    }

    /// Counts another task among its own: its end is the platform's.
    pub async fn watch_over(&self, task: JoinHandle<String>) {
        self.tasks.lock().await.push(task);
    }

    /// Ends when a part of the platform has ended by itself; says why.
    pub async fn failed(&self) -> String {
        let mut tasks = self.tasks.lock().await;
        let (outcome, _, _) = futures::future::select_all(tasks.iter_mut()).await;
        outcome.unwrap_or_else(|error| error.to_string())
    }

    /// Answers what is being asked, and nothing more.
    pub async fn stop(&self) {
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
    // Handlers are told where a request comes from.
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    match served.into_future().await {
        Ok(()) => "the API has ended".to_owned(),
        Err(error) => format!("the API cannot be served: {error}"),
    }
}

async fn track(app: App) -> String {
    app.operations.run(app.stop.clone()).await;
    "operations are no longer followed".to_owned()
}

async fn deliver(app: App) -> String {
    match Courier::new(app.db.clone(), app.webhook_addresses) {
        Ok(courier) => courier.run(app.stop.clone()).await,
        // A machine without any roots of trust: everything else works all the same.
        Err(error) => {
            tracing::error!(error = %chain_of(&error), "webhooks are not delivered");
            app.stop.cancelled().await;
        }
    }
    "webhooks are no longer delivered".to_owned()
}

/// Tells other replicas of this one, where there may be any.
async fn be_seen(app: App) -> String {
    let platform = PlatformScope::for_background_task("which replicas there are");
    let mut often = tokio::time::interval(BE_SEEN);
    while app.db.is_shared() && !app.stop.is_cancelled() {
        tokio::select! {
            () = app.stop.cancelled() => {}
            _ = often.tick() => {
                if let Err(error) = replicas::note(&app.db, &platform, &app.replica.seen(Time::now())).await {
                    tracing::warn!(error = %chain_of(&error), "other replicas cannot be told of this one");
                }
            }
        }
    }
    app.stop.cancelled().await;
    if app.db.is_shared() && replicas::remove(&app.db, &platform, &app.replica.name).await.is_err() {
        tracing::warn!("other replicas cannot be told that this one ends");
    }
    "other replicas are no longer told of this one".to_owned()
}

/// Tells webhooks of certificates that expire.
async fn look_at_certificates(app: App) -> String {
    let mut hourly = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return "certificates are no longer looked at".to_owned(),
            _ = hourly.tick() => {}
        }
        let told = notice::round(&app.db, &app.resources, app.authorities.as_deref(), Time::now());
        if let Err(error) = told.await {
            tracing::warn!(error = %chain_of(&error), "nobody can be told of certificates that expire");
        }
    }
}

/// Puts heads of the audit on a chain, where one is configured.
async fn anchor_heads(app: App, args: AuditArgs) -> String {
    match &args.audit_anchor {
        Some(place) => anchor::run(&app, place, args.audit_anchor_every).await,
        None => app.stop.cancelled().await,
    }
    "heads of the audit are no longer anchored".to_owned()
}

async fn forget_old(db: &Db, answers: Time, now: Time) -> Result<(), DbError> {
    idempotency::forget_before(db, answers).await?;
    rate::forget_before(db, (now.get() - FORGET).timestamp_millis()).await?;
    sessions::forget(db, now).await?;
    invitations::forget(db, now).await?;
    attempts::forget(db, now).await?;
    webhooks::forget(db, Time::from(now.get() - KEEP_DELIVERIES)).await?;
    replicas::forget(db, Time::from(now.get() - KEEP_REPLICAS)).await?;
    let platform = PlatformScope::for_background_task("changes that were interrupted");
    audit::settle_interrupted(db, &platform, now).await.map(|_| ())
}

/// Keeps house, now and every hour: forgets old answers to keyed requests, ended sessions and the like.
async fn forget(app: App, audit_days: Option<u32>) -> String {
    let mut hourly = tokio::time::interval(Duration::from_secs(3600));
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return "old answers are no longer forgotten".to_owned(),
            _ = hourly.tick() => {}
        }
        let before = chrono::Utc::now() - KEEP_ANSWERS;
        if let Err(error) = forget_old(&app.db, before.into(), Time::now()).await {
            tracing::warn!(error = %chain_of(&error), "what is old cannot be forgotten");
        }
        if let Err(problem) = rest::records::note_all(&app).await {
            tracing::warn!(%problem, "not all approvals of records stand on their organizations");
        }
        if let Err(problem) = retention::round(&app, audit_days, Time::now()).await {
            tracing::warn!(error = %chain_of(&problem), "rows of the audit cannot be forgotten");
        }
    }
}

/// A database that cannot be opened is told apart from one that is only busy by its text; both need a person.
pub fn damaged(file: &str, error: &(dyn std::error::Error + 'static)) -> CliError {
    CliError::Failed {
        message: format!("{file} in the data folder cannot be opened: {}", chain_of(error)),
        hint: Some("Restore the data folder from a backup, or choose another one.".to_owned()),
    }
}
