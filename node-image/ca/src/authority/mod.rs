//! One organization's certificate authority: its registry, and the two issuers behind one name.
//!
//! The REST API calls it for clients; a platform that holds the issuers' keys calls it directly.

mod enrollment;
mod registration;
mod revocation;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, watch};

use crate::affiliation;
use crate::attribute::{self, Attribute};
use crate::identity::Identity;
use crate::issuer::Issuer;
use crate::metrics::Metrics;
use crate::refusal::Refusal;
use crate::secret::{self, SecretError};
use crate::store::{Store, StoreError};

pub use enrollment::{Enrollment, Profile};
pub use registration::{Change, Registration};
pub use revocation::{CrlWindow, Reason, Revocation, RevokedCertificate};

/// How an authority behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What clients call it (`caname`).
    pub name: String,
    /// How often one secret is good for a certificate at most; -1: without limit, 0: never.
    pub max_enrollments: i64,
    pub allow_remove_identities: bool,
    pub allow_remove_affiliations: bool,
    /// Whether tokens of clients before Fabric CA 1.4 are taken, which do not sign method and path.
    pub older_tokens: bool,
    /// Whether an expired certificate is good for its own renewal.
    pub reenroll_expired: bool,
    /// Lives in seconds.
    pub default_life: i64,
    pub tls_life: i64,
    pub ca_life: i64,
    pub crl_life: i64,
}

impl Settings {
    /// With Fabric CA's defaults for everything else.
    pub fn new(name: &str) -> Settings {
        const HOUR: i64 = 3600;
        Settings {
            name: name.to_owned(),
            max_enrollments: -1,
            allow_remove_identities: false,
            allow_remove_affiliations: false,
            older_tokens: true,
            reenroll_expired: false,
            default_life: 8760 * HOUR,
            tls_life: 8760 * HOUR,
            ca_life: 43800 * HOUR,
            crl_life: 24 * HOUR,
        }
    }
}

/// Which of the two issuers a name leads to: `bank` signs for people and nodes, `bank/tls` for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Identity,
    Tls,
}

/// Seconds since the Unix epoch.
pub type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// Registers, issues and revokes for one organization.
pub struct CertificateAuthority {
    settings: Settings,
    store: Store,
    identity: Issuer,
    tls: Issuer,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// Digesting secrets takes memory and time: this many at once.
    hashing: Semaphore,
    revocations: watch::Sender<u64>,
}

impl CertificateAuthority {
    pub fn new(
        settings: Settings,
        store: Store,
        identity: Issuer,
        tls: Issuer,
        metrics: Arc<Metrics>,
    ) -> CertificateAuthority {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        CertificateAuthority {
            settings,
            store,
            identity,
            tls,
            metrics,
            clock: Box::new(now),
            hashing: Semaphore::new(cores),
            revocations: watch::Sender::new(0),
        }
    }

    /// With another clock; for tests.
    pub fn with_clock(self, clock: Clock) -> CertificateAuthority {
        CertificateAuthority { clock, ..self }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub fn issuer(&self, face: Face) -> &Issuer {
        match face {
            Face::Identity => &self.identity,
            Face::Tls => &self.tls,
        }
    }

    /// Registers who may do everything, unless there is somebody of this id. `false`: there is.
    pub async fn bootstrap(&self, id: &str, secret: &str) -> Result<bool, BootstrapError> {
        if self.store.identity(id).await?.is_some() {
            return Ok(false);
        }
        let digest = self.digest(secret).await?;
        let owns = [
            (attribute::ROLES, "*"),
            (attribute::DELEGATE_ROLES, "*"),
            (attribute::REVOKER, "true"),
            (attribute::INTERMEDIATE_CA, "true"),
            (attribute::GEN_CRL, "true"),
            (attribute::REGISTRAR_ATTRIBUTES, "*"),
            (attribute::AFFILIATION_MANAGER, "true"),
        ];
        let mut attributes: Vec<Attribute> = owns.map(|(name, value)| Attribute::new(name, value)).into();
        attributes.extend(registration::fixed_attributes(id, "client", ""));
        let identity = Identity {
            id: id.to_owned(),
            kind: "client".to_owned(),
            affiliation: String::new(),
            attributes,
            max_enrollments: self.settings.max_enrollments,
            enrollments: 0,
            revoked: false,
        };
        Ok(self.store.insert_identity(&identity, &digest).await?)
    }

    /// Makes a new secret for who may do everything, registering him if need be.
    pub async fn reset(&self, id: &str) -> Result<String, BootstrapError> {
        let secret = secret::generate()?;
        if !self.bootstrap(id, &secret).await? {
            let digest = self.digest(&secret).await?;
            if let Some(identity) = self.store.identity(id).await? {
                self.store.update_identity(&identity, Some(&digest)).await?;
            }
        }
        Ok(secret)
    }

    /// Changes each time that certificates were revoked.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.revocations.subscribe()
    }

    /// Tells that certificates were revoked.
    pub(crate) fn has_revoked(&self) {
        self.revocations.send_modify(|count| *count += 1);
    }

    /// Adds affiliations with those above them.
    pub async fn ensure_affiliations(&self, names: &[String]) -> Result<(), StoreError> {
        let all: Vec<&str> = names.iter().flat_map(|name| affiliation::path(name)).collect();
        self.store.insert_affiliations(&all).await
    }

    async fn digest(&self, secret: &str) -> Result<String, SecretError> {
        let _turn = self.hashing.acquire().await.map_err(|_| SecretError)?;
        let secret = secret.to_owned();
        tokio::task::spawn_blocking(move || secret::digest(&secret))
            .await
            .unwrap_or(Err(SecretError))
    }
}

/// Why the first identity could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl From<SecretError> for Refusal {
    fn from(error: SecretError) -> Refusal {
        Refusal::internal(&error)
    }
}

/// The time now, in seconds since the Unix epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
