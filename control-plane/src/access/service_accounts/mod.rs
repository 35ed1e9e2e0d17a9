//! ServiceAccounts of the cluster: which one has been given a token, as the API server tells.
//!
//! A token that claims to be of a ServiceAccount, for us and not yet expired, is shown to the API server, and what it says
//! is believed for a while. What a ServiceAccount may do here is nothing that the cluster says: a tenant's owner gives it a
//! role (`store/access/service_accounts.rs`).

mod claims;
mod review;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use entente_api::time::Time;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

pub use review::Cluster;

use super::secret;

/// What the name of a ServiceAccount as a user of the cluster begins with.
const PREFIX: &str = "system:serviceaccount:";
/// An answer of the API server is believed this long: so long a token outlives its pod or ServiceAccount here.
const BELIEVED: Duration = Duration::from_secs(30);
/// Most answers that are remembered.
const MOST: usize = 4096;
/// The API server is asked about so many tokens at a time: strangers can make up any number of them.
const AT_ONCE: usize = 8;

/// A ServiceAccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
}

impl ServiceAccount {
    /// By its name as a user of the cluster.
    pub fn of_user(name: &str) -> Option<ServiceAccount> {
        let (namespace, name) = name.strip_prefix(PREFIX)?.split_once(':')?;
        Some(ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Its name as a user of the cluster, which the cluster's own audit calls it by.
    pub fn user(&self) -> String {
        format!("{PREFIX}{}:{}", self.namespace, self.name)
    }
}

impl std::fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Why nobody can say whose a token is.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("the API server cannot be asked whose a token is")]
    Cluster(#[from] kube::Error),
    #[error("the platform is being stopped")]
    Stopped(#[from] tokio::sync::AcquireError),
}

/// Whoever knows whose a token is.
#[async_trait]
pub trait Reviewer: Send + Sync {
    /// The ServiceAccount that the token is of, when it is good for this audience.
    async fn review(&self, token: &str, audience: &str) -> Result<Option<ServiceAccount>, ReviewError>;
}

/// Tells ServiceAccounts by their tokens.
#[derive(Clone)]
pub struct ServiceAccounts {
    reviewer: Arc<dyn Reviewer>,
    audience: Arc<str>,
    /// By the hash of a token.
    known: Arc<Mutex<HashMap<String, Known>>>,
    turns: Arc<Semaphore>,
}

struct Known {
    account: Option<ServiceAccount>,
    until: Time,
}

impl ServiceAccounts {
    /// Takes tokens that were made for `audience`.
    pub fn new(reviewer: Arc<dyn Reviewer>, audience: &str) -> ServiceAccounts {
        ServiceAccounts {
            reviewer,
            audience: audience.into(),
            known: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Whether a token claims to be a ServiceAccount's. Whether it is one is for [`ServiceAccounts::of_token`] to say.
    pub fn is_claimed(token: &str) -> bool {
        claims::read(token).is_some()
    }

    /// The ServiceAccount that a token is of; `None` when it is not good here.
    pub async fn of_token(&self, token: &str, now: Time) -> Result<Option<ServiceAccount>, ReviewError> {
        let claims = claims::read(token).filter(|claims| claims.are_for(&self.audience, now));
        let Some(claims) = claims else {
            return Ok(None);
        };
        let hash = secret::hash(token);
        if let Some(known) = self.known.lock().get(&hash).filter(|known| now < known.until) {
            return Ok(known.account.clone());
        }
        let account = {
            let _turn = self.turns.acquire().await?;
            self.reviewer.review(token, &self.audience).await?
        };
        let until = Time::from(now.get() + BELIEVED).min(claims.expire_time());
        self.remember(
            hash,
            Known {
                account: account.clone(),
                until,
            },
            now,
        );
        Ok(account)
    }

    fn remember(&self, hash: String, known: Known, now: Time) {
        let mut all = self.known.lock();
        if all.len() >= MOST {
            all.retain(|_, known| now < known.until);
        }
        // Full of what is still believed: nothing is lost but some questions.
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(hash, known);
    }
}

#[cfg(test)]
pub mod tests;
