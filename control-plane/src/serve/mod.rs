//! `entente serve`: the REST API over a cluster's resources. The operator is a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use entente_api::names::{self, DEFAULT_NAMESPACE};
use entente_operator::metrics::Metrics;
use entente_operator::registry::kubernetes::Kubernetes;
use entente_operator::registry::{Registry, Scope};
use entente_operator::substrate::kubernetes::{self as pods, Settings};
use entente_operator::vault;
use tokio_util::sync::CancellationToken;

use crate::access::service_accounts::{self, ServiceAccounts};
use crate::api::{self, Api, ApiArgs, Ground, damaged};
use crate::audit::cluster::{self, AdmissionArgs, admission};
use crate::cli::{CliError, Console, Exit};
use crate::migrate;
use crate::oidc;
use crate::operate::sight::Sight;
use crate::operate::{self, ClusterArgs};
use crate::rest::problem::chain_of;
use crate::seal::SealArgs;
use crate::seal::vault::Sealed;
use crate::store::Db;
use crate::up::data::Data;
use crate::up::layout::Address;
use crate::up::{first, signals, token};

/// Options of `entente serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Folder for operations, answers and the administrator's token; made when absent
    #[arg(long, env = "ENTENTE_SERVE_DATA", value_name = "FOLDER")]
    pub data: PathBuf,
    /// File with the administrator's token, such as one of a mounted Secret; the one in the folder when absent
    #[arg(long, env = "ENTENTE_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// E-mail address of the first administrator, who is made where there is no user yet
    #[arg(long, env = "ENTENTE_ADMIN_EMAIL", default_value = first::EMAIL, value_name = "ADDRESS")]
    pub admin_email: String,
    /// File with the first administrator's one-time password, such as one of a mounted Secret; one is made, in the folder,
    /// when absent
    #[arg(long, env = "ENTENTE_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub admin_password_file: Option<PathBuf>,
    /// Let browsers send the session's cookie over TLS only
    #[arg(long, env = "ENTENTE_SECURE_COOKIES", default_value_t = true, action = clap::ArgAction::Set)]
    pub secure_cookies: bool,
    /// File with the address of a PostgreSQL database for users, operations and the audit, such as
    /// postgres://entente:PASSWORD@db/entente; a file in the folder is the database when absent
    #[arg(long, env = "ENTENTE_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Where to serve the API
    #[arg(
        long,
        env = "ENTENTE_LISTEN",
        default_value = "127.0.0.1:7420",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Take tokens of ServiceAccounts that were made for this audience; none are taken when absent
    #[arg(long, env = "ENTENTE_TOKEN_AUDIENCE", value_name = "AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    pub token_audience: Option<String>,
    /// Namespace of the resources that the administrator's token is for
    #[arg(long, env = "ENTENTE_NAMESPACE", default_value = DEFAULT_NAMESPACE, value_name = "NAMESPACE")]
    pub namespace: String,
    /// Namespace of the platform, where its data key and the operators' Lease are; that of the connection when absent
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAMESPACE")]
    pub platform_namespace: Option<String>,
    /// Name of the Lease by which operators take turns
    #[arg(long, env = "ENTENTE_LEASE_NAME", default_value = names::MANAGER, value_name = "NAME")]
    pub operator_lease: String,
    /// Name of this process among others of its kind
    #[arg(long, env = "POD_NAME", default_value = "entente-serve", value_name = "NAME")]
    pub identity: String,
    #[command(flatten)]
    pub admission: AdmissionArgs,
    #[command(flatten)]
    pub seal: SealArgs,
    #[command(flatten)]
    pub api: ApiArgs,
}

/// Serves until it is told to stop.
pub async fn run(args: &ServeArgs, console: &mut Console) -> Exit {
    match serve(args, console).await {
        Ok(exit) => exit,
        Err(error) => {
            console.note(&error.to_string());
            error.exit()
        }
    }
}

async fn serve(args: &ServeArgs, console: &mut Console) -> Result<Exit, CliError> {
    let mut interrupted = signals::listen()?;
    let openid = oidc::from(&args.api.oidc, None)?;
    let data = Data::open(&args.data)?;
    let listener = api::bind(args.listen, "Choose another address with --listen.").await?;
    let address = listener
        .local_addr()
        .map_err(|error| CliError::failed(format!("the address cannot be read: {error}")))?;
    let asked = match &args.admission.admission_webhook {
        Some(name) => {
            let hint = "Choose another address with --admission-listen.";
            Some((name.clone(), api::bind(args.admission.admission_listen, hint).await?))
        }
        None => None,
    };
    let client = operate::connect(&Metrics::default()).await?;
    // Releases belong to the whole installation, and are read with every chain: so no single namespace is followed.
    let store = Kubernetes::start(client.clone(), &Scope::All, "entente-serve");
    let keys = vault::Kubernetes::new(client.clone());
    let home = args.platform_namespace.as_deref().unwrap_or(client.default_namespace());
    let seal = tokio::select! {
        seal = args.seal.for_api(&keys, home) => seal?,
        () = interrupted.first() => return Ok(Exit::Success),
    };
    let db = match &args.database_url_file {
        Some(file) => shared(file).await?,
        None => Db::open(&data.layout.platform())
            .await
            .map_err(|error| damaged("platform.db", &error))?,
    };
    let db = db.sealed_by(seal.clone()).await;
    let db = db.map_err(|error| CliError::failed(chain_of(&error)))?;
    let token_file = args.admin_token_file.clone().unwrap_or_else(|| data.layout.token());
    let token = token::read(&token_file)?;
    let url = format!("http://{address}");
    Address { url: url.clone() }
        .write(&data.layout)
        .map_err(|error| CliError::failed(format!("the address cannot be written down: {error}")))?;

    tokio::select! {
        () = store.ready() => {}
        () = interrupted.first() => return Ok(Exit::Success),
    }
    let settings = Settings {
        cluster_domain: args.cluster.cluster_domain.clone(),
        // It looks at nodes and starts none.
        ..Settings::new("")
    };
    let registry = Registry::new(Arc::new(store));
    first::tenant(&registry, &args.namespace).await?;
    let (given, own) = (args.admin_password_file.as_deref(), data.layout.password());
    let made = first::administrator(&db, &args.namespace, &args.admin_email, given, &own).await?;
    if let Some(file) = made {
        let email = &args.admin_email;
        console.line(&format!("user   {email}, one-time password in {}", file.display()))?;
    }
    let service_accounts = args.token_audience.as_deref().map(|audience| {
        let cluster = service_accounts::Cluster::new(client.clone());
        ServiceAccounts::new(Arc::new(cluster), audience)
    });
    let ground = Ground {
        registry,
        substrate: Arc::new(pods::Kubernetes::new(client.clone(), settings)),
        vault: Arc::new(Sealed::reader(Arc::new(keys), seal)),
        authorities: None,
        requires_real_names: args.api.require_real_names,
        openid,
        webhook_addresses: args.api.webhooks,
        audit: args.api.audit.clone(),
        db,
        token,
        namespace: args.namespace.clone(),
        service_accounts,
        operator: Sight::Lease {
            client: client.clone(),
            namespace: home.to_owned(),
            name: args.operator_lease.clone(),
        },
        name: args.identity.clone(),
        has_secure_cookies: args.secure_cookies,
    };
    let (db, stop) = (ground.db.clone(), CancellationToken::new());
    let api = Api::start(listener, ground);
    if let Some((name, socket)) = asked {
        let asked = admission::run(db.clone(), client.clone(), name, socket, stop.clone());
        api.watch_over(tokio::spawn(asked)).await;
    }
    let told = stop.clone().run_until_cancelled_owned(cluster::follow(db, client));
    api.watch_over(tokio::spawn(async move {
        told.await;
        "changes past the API are no longer told".to_owned()
    }))
    .await;
    console.line(&format!(
        "API    {url}/v1 for the resources of namespace {}\ntoken  {}",
        args.namespace,
        token_file.display()
    ))?;
    let exit = tokio::select! {
        () = interrupted.first() => Exit::Success,
        reason = api.failed() => {
            console.note(&format!("error: the API cannot go on: {reason}"));
            Exit::Failed
        }
    };
    stop.cancel();
    api.stop().await;
    Ok(exit)
}

/// The database that several replicas share, by the address in a file: there is a password in it.
async fn shared(file: &Path) -> Result<Db, CliError> {
    let opened = Db::connect(&migrate::shared(file)?).await;
    opened.map_err(|error| CliError::failed(format!("the database cannot be used: {}", chain_of(&error))))
}
